import { randomUUID } from 'node:crypto'
import type { Config } from '../config/config.ts'
import { Manifests } from '../domain/artifacts/pull.ts'
import { PullRecorder } from '../domain/artifacts/pull-recorder.ts'
import { Blobs } from '../domain/content/blobs.ts'
import { composeRedirectPolicy } from '../domain/content/redirects.ts'
import { Uploads } from '../domain/content/uploads.ts'
import type { CollectorOptions } from '../domain/garbage-collection/collect.ts'
import { composeAdmit } from '../domain/policies/admit.ts'
import type { OciServices } from '../http/oci/oci-request.ts'
import type { Foundation } from './foundation.ts'

/** Rows per step and round; a round is repeated at once while it finds this many. */
export const collectBatch = 1_000

/** What `/v2` is made of. */
export function composeOciServices(
  config: Config,
  { database, store, clock }: Pick<Foundation, 'database' | 'store' | 'clock'>,
): OciServices {
  const leaseMs = config.garbageCollection.leaseMs
  return {
    database,
    clock,
    admit: composeAdmit({ database, settings: { readOnly: config.readOnly, deleteEnabled: config.deleteEnabled } }),
    blobs: new Blobs({
      database,
      reader: store,
      clock,
      leaseMs,
      redirects: config.storage.kind === 's3' ? composeRedirectPolicy(config.storage.redirects) : undefined,
    }),
    uploads: new Uploads({
      database,
      store,
      clock,
      newId: randomUUID,
      leaseMs,
      expireAfterMs: config.uploads.expireAfterMs,
      maxPerActor: config.uploads.maxPerActor,
      maxBytes: config.limits.uploadBytes,
    }),
    manifests: new Manifests(database),
    pulls: new PullRecorder(database),
    limits: { manifestBytes: config.limits.manifestBytes },
    trashWindowMs: config.trash.windowMs,
    defaultProject: config.defaultProject,
  }
}

/** Garbage collection as it is configured. */
export function collectorOf(config: Config, { database, store, clock }: Omit<Foundation, 'signals'>): CollectorOptions {
  const { graceMs, leaseMs, lingerMs: trashMs } = config.garbageCollection
  const trashWindowMs = config.trash.windowMs
  return { database, sweeper: store, clock, graceMs, leaseMs, trashMs, trashWindowMs, batch: collectBatch }
}
