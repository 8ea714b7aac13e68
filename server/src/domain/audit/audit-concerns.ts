import type { Concern } from '../activity/attention.ts'
import type { Clock } from '../clock.ts'
import type { AuditChain } from './chain/audit-chain.ts'
import type { AuditSinks, SinkStanding } from './forwarding/audit-sinks.ts'

interface Services {
  readonly clock: Clock
  readonly auditChain: Pick<AuditChain, 'getStanding'>
  readonly auditSinks: Pick<AuditSinks, 'listStandings'>
}

/** As the alert does. */
const patienceMs = 30 * 60_000
const lossRememberedMs = 7 * 86_400_000

/** What the administrator of a registry should know of its audit log. */
export async function findAuditConcerns({ clock, auditChain, auditSinks }: Services): Promise<Concern[]> {
  const now = clock.now()
  const { verification } = await auditChain.getStanding()
  const changed = verification?.findingCount ?? 0
  const behind = (await auditSinks.listStandings()).filter((sink) => needsCare(sink, now)).length
  return [
    ...(changed === 0 ? [] : [{ kind: 'audit-log-changed', severity: 'critical', count: changed } as const]),
    ...(behind === 0 ? [] : [{ kind: 'audit-sinks-behind', severity: 'warning', count: behind } as const]),
  ]
}

/** Others wait for it for long, or it lost something lately. */
export function needsCare({ oldestWaiting, missedAt, refusedAt }: SinkStanding, now: number): boolean {
  const isWaitedFor = oldestWaiting !== undefined && oldestWaiting < now - patienceMs
  return isWaitedFor || Math.max(missedAt ?? 0, refusedAt ?? 0) > now - lossRememberedMs
}
