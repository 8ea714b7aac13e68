import { EventConsumers, type ConsumerStanding } from '../domain/events/event-consumers.ts'
import { EventLog } from '../domain/events/event-log.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import type { BackgroundTask } from '../jobs/background.ts'
import type { Foundation } from './foundation.ts'

export interface EventLogServices {
  readonly eventLog: EventLog
  readonly eventConsumers: EventConsumers
}

/** The log that consumers of events follow. */
export function composeEventLog({ database, clock }: Pick<Foundation, 'database' | 'clock'>): EventLogServices {
  const eventLog = new EventLog({ database })
  return { eventLog, eventConsumers: new EventConsumers({ database, clock, log: eventLog }) }
}

const measureMs = 5_000

/** Looks how far consumers are behind, and tells the metrics. */
export function measureConsumers(foundation: Foundation, metrics: Metrics): BackgroundTask {
  const { eventConsumers } = composeEventLog(foundation)
  let standings: readonly ConsumerStanding[] = []
  metrics.sharedGauge('event_consumer_behind', {
    help: 'Events that a consumer has not had.',
    label: 'consumer',
    read: () => standings.map(({ name, behind }) => [name, behind] as const),
  })
  return {
    name: 'measure-event-consumers',
    runs: 'everywhere',
    intervalMs: measureMs,
    run: async () => {
      standings = await eventConsumers.listStandings()
    },
  }
}
