import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Pids mean something only in one boot of one machine, and there only in one namespace. */
interface PidSpace {
  readonly boot: string
  readonly namespace: string
}

const pattern = /^(?<host>.*):(?<pid>\d+):[0-9a-f-]{36}@(?<boot>[0-9a-f-]+)\/(?<namespace>\d+)\/(?<startedAt>\d+)$/

/**
 * A name of this process that no other has, also after a restart of the machine: host, pid, chance. Where the kernel
 * tells, the name also says in which space of pids it is meant and when the process started, for `isSurelyGone`.
 */
export function newProcessMark(): string {
  const { pid } = process
  const space = ownPidSpace()
  const startedAt = space === undefined ? undefined : startOf(pid)
  const name = `${hostname()}:${pid}:${randomUUID()}`
  return startedAt === undefined || startedAt === 'gone'
    ? name
    : `${name}@${space!.boot}/${space!.namespace}/${startedAt}`
}

let own: string | undefined

/** The mark of this process, for work that has no name of its own to give. */
export function ownProcessMark(): string {
  own ??= newProcessMark()
  return own
}

/**
 * Whether the process with that mark has ended for certain. False also means "cannot be known from here": another
 * machine, another container, a boot before this one. A time limit decides there.
 */
export function isSurelyGone(mark: string): boolean {
  const parts = pattern.exec(mark)?.groups
  const space = ownPidSpace()
  if (parts === undefined || space === undefined) return false
  if (parts['host'] !== hostname() || parts['boot'] !== space.boot || parts['namespace'] !== space.namespace) {
    return false
  }
  const startedAt = startOf(Number(parts['pid']))
  return startedAt === 'gone' || (startedAt !== undefined && startedAt !== parts['startedAt'])
}

/** Undefined: this system does not tell. */
function ownPidSpace(): PidSpace | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0]
    return namespace === undefined ? undefined : { boot, namespace }
  } catch {
    return undefined
  }
}

/** When the kernel started the process, in its ticks: a pid that was given again has another. Undefined: not to be read. */
function startOf(pid: number): string | 'gone' | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch (error) {
    const { code } = error as { code?: string }
    return code === 'ENOENT' || code === 'ESRCH' ? 'gone' : undefined
  }
  // The name of the program stands in brackets and may have brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  return state === 'Z' || state === 'X' ? 'gone' : fields[19]
}
