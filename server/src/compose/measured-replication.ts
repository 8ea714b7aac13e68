import { Lags, type Lag } from '../domain/replication/lags.ts'
import { listFollowedPolicies } from '../domain/replication/replication-policies.ts'
import { gaugeFamily } from '../http/ops/families.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import type { BackgroundTask } from '../jobs/background.ts'
import type { Foundation } from './foundation.ts'

const measureMs = 15_000

interface Measured {
  readonly name: string
  readonly trigger: string
  readonly isHeld: boolean
  readonly lag: Lag
}

/** Looks how far rules of replication are behind, and tells the metrics. */
export function measureReplication(
  { database, clock }: Pick<Foundation, 'database' | 'clock'>,
  metrics: Metrics,
): BackgroundTask {
  let measured: readonly Measured[] = []
  const gauge = (name: string, help: string, of: (rule: Measured) => number) =>
    metrics.collect(() => [
      gaugeFamily(
        name,
        help,
        'same',
        measured.map((each) => [{ rule: each.name, trigger: each.trigger }, of(each)]),
      ),
    ])
  gauge(
    'berth_replication_lag_seconds',
    'The age of the oldest change that a rule has not brought over.',
    ({ lag }) => lag.seconds,
  )
  gauge('berth_replication_lag_bytes', 'What a rule still has to send, as far as it is known.', ({ lag }) => lag.bytes)
  gauge('berth_replication_deletions_held', '1 while deletions of a rule wait for a person.', ({ isHeld }) =>
    isHeld ? 1 : 0,
  )
  const lags = new Lags({ database, clock })
  return {
    name: 'measure-replication',
    runs: 'everywhere',
    intervalMs: measureMs,
    run: async () => {
      const policies = await listFollowedPolicies(database.read)
      const found = await lags.of(policies)
      measured = policies.flatMap(({ id, name, trigger, heldAt }) => {
        const lag = found.get(id)
        return lag === undefined ? [] : [{ name, trigger, isHeld: heldAt !== undefined, lag }]
      })
    },
  }
}
