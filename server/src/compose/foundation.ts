import type { Config } from '../config/config.ts'
import type { Database } from '../database/database.ts'
import type { Signals } from '../database/signals.ts'
import { systemClock, type Clock } from '../domain/clock.ts'
import type { Events } from '../domain/events/events.ts'
import { assertStoreEmpty } from '../domain/verification/lost-database.ts'
import type { Logger } from '../logging.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { WorkerLink } from '../workers/worker-link.ts'
import { composeBlobStore } from './blob-store.ts'
import { giveUpReserve } from './disk-reserve.ts'
import { composeEvents } from './events.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import { openDatabase } from './database.ts'
import { openSecrets } from './outer-key.ts'
import type { Secrets } from '../domain/secrets/secrets.ts'
import { measureBucket } from './measured-bucket.ts'
import { measureDatabase } from './measured-database.ts'
import { placesOf } from './places.ts'
import { composeSignals } from './signals.ts'

/** Database, store, signals and clock: everything else of a process stands on them. */
export interface Foundation {
  readonly database: Database
  readonly store: BlobStore
  readonly signals: Signals
  readonly clock: Clock
  readonly events: Events
  readonly secrets: Secrets
}

/** Opens database, store and signals; `owned` closes them. */
export async function openFoundation(
  config: Config,
  logger: Logger,
  owned: AsyncDisposableStack,
  { metrics, worker }: { readonly metrics: Metrics; readonly worker?: WorkerLink | undefined },
): Promise<Foundation> {
  await giveUpReserve(config, logger)
  const store = owned.use(
    await composeBlobStore(config, config.storage.kind === 's3' ? measureBucket(metrics) : undefined),
  )
  const onDamage = (error: Error) => logger.fatal({ error }, 'the database is damaged, and /ready says so')
  const assertNew = config.beginNew ? async () => {} : () => assertStoreEmpty(store, placesOf(config))
  const opened = owned.use(await openDatabase(config, { clock: systemClock, logger, worker, assertNew, onDamage }))
  const database = measureDatabase(opened, config, metrics)
  const onSignalError = (error: unknown) => logger.warn({ error }, 'other replicas are not heard; tried again')
  const signals = owned.use(composeSignals(config, worker, onSignalError))
  const ground = { database, clock: systemClock, events: composeEvents(systemClock) }
  const secrets = await openSecrets(config, { ...ground, logger, metrics })
  return { ...ground, store, signals, secrets }
}
