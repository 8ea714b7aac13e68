import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { good, skipped, warning, type Finding } from './finding.ts'

/** A connection and a file are open for each pull under way. */
const fewDescriptors = 4_096

/** How many files and connections a process of this shell may have open. A service has the limit of its unit. */
export function checkLimits(root: string): Finding {
  let limits: string
  try {
    limits = readFileSync(join(root, 'proc/self/limits'), 'utf8')
  } catch {
    return skipped('open files', 'only Linux tells the limit')
  }
  const [, soft] = /^Max open files\s+(\S+)/m.exec(limits) ?? []
  if (soft === undefined) return skipped('open files', 'the limit is not told')
  const limit = soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
  if (limit >= fewDescriptors) return good('open files', `${soft} at a time, for what is started from this shell`)
  return warning('open files', `only ${soft} at a time, for what is started from this shell: connections are refused`, [
    `ulimit -n 65536, before berth serve; in a unit LimitNOFILE=65536; in a container --ulimit nofile=65536`,
  ])
}
