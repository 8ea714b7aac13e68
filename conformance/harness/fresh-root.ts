import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { tryCommand, type CommandResult } from './command.ts'

/** A machine of its own over the files of this one: what is written there is seen there only. */
export interface FreshRoot {
  run(script: string): Promise<CommandResult>
  /** Files that differ from those of this machine, and folders that it does not have; sorted. */
  changes(): readonly string[]
}

const mount = `set -e
mount -t overlay overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" "$1/root"
mount --bind /dev "$1/root/dev"
mount -t proc proc "$1/root/proc"
mount --rbind /sys "$1/root/sys"
exec chroot "$1/root" sh -c "$2"`

/** Undefined where this user or this kernel cannot mount one. */
export async function createFreshRoot(folder: string): Promise<FreshRoot | undefined> {
  for (const each of ['upper', 'work', 'root']) mkdirSync(join(folder, each))
  const run = (script: string) =>
    tryCommand(['unshare', '--mount', 'sh', '-c', mount, 'fresh-root', folder, script], { timeoutMs: 60_000 })
  if ((await run('true')).code !== 0) return undefined
  return { run, changes: () => changesIn(join(folder, 'upper'), '/').toSorted() }
}

/** Notes that programs make of being called, and Java's list of certificates, which has the time in it. */
const passedOver = '/tmp /root /run /etc/cni /etc/ssl/certs/java /var/cache /var/log /var/lib/dpkg'.split(' ')

function changesIn(upper: string, path: string): string[] {
  return readdirSync(join(upper, path)).flatMap((name) => {
    const at = join(path, name)
    if (passedOver.includes(at)) return []
    const above = lstatSync(join(upper, at))
    const below = lstatSync(at, { throwIfNoEntry: false })
    if (above.isDirectory()) return [...(below === undefined ? [`${at}/`] : []), ...changesIn(upper, at)]
    return isSame(join(upper, at), at) ? [] : [at]
  })
}

function isSame(one: string, other: string): boolean {
  const [first, second] = [one, other].map((path) => lstatSync(path, { throwIfNoEntry: false }))
  // A device stands for a file that was removed.
  if (first?.isCharacterDevice() === true) return second === undefined
  if (first?.isSymbolicLink() === true)
    return second?.isSymbolicLink() === true && readlinkSync(one) === readlinkSync(other)
  return second?.isFile() === true && readFileSync(one).equals(readFileSync(other))
}
