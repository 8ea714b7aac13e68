import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** Linux, control groups version 2: microseconds in each period, or `max`. */
const quotaFile = '/sys/fs/cgroup/cpu.max'

/** Processors this process may use; a container is often given fewer than the machine has. */
export function availableProcessors(quota: string | undefined = readQuota()): number {
  const [allowed, period] = (quota ?? '').trim().split(/\s+/).map(Number)
  const share = allowed !== undefined && period !== undefined && allowed > 0 && period > 0 ? allowed / period : Infinity
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(share)))
}

function readQuota(): string | undefined {
  try {
    return readFileSync(quotaFile, 'utf8')
  } catch {
    return undefined // another system, or no limit
  }
}
