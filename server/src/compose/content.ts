import { randomUUID } from 'node:crypto'
import type { Config } from '../config/config.ts'
import { listCatalog } from '../domain/artifacts/catalog.ts'
import type { ContentServices } from '../domain/artifacts/content-services.ts'
import { deleteManifest, untag } from '../domain/artifacts/delete.ts'
import { Manifests } from '../domain/artifacts/pull.ts'
import type { PullRecorder } from '../domain/artifacts/pull-recorder.ts'
import { pushManifest } from '../domain/artifacts/push.ts'
import { listReferrers } from '../domain/artifacts/referrers.ts'
import type { PullObserver } from '../domain/artifacts/roles.ts'
import { listTags } from '../domain/artifacts/tags.ts'
import type { PullNotices } from '../domain/webhooks/pull-notices.ts'
import type { PullAudit } from '../domain/audit/pull-audit.ts'
import type { Clock } from '../domain/clock.ts'
import { Blobs, composeBlobReader } from '../domain/content/blobs.ts'
import { listMountSources } from '../domain/content/mount-sources.ts'
import { composeRedirectPolicy } from '../domain/content/redirects.ts'
import { Uploads } from '../domain/content/uploads.ts'
import type { CollectorOptions } from '../domain/garbage-collection/collect.ts'
import { composeAdmit } from '../domain/policies/admit.ts'
import { mayPullHeldBack, type ViolationObserver } from '../domain/pull-policies/pull-policies.ts'
import { PushedSignatures } from '../domain/signatures/pushed-signatures.ts'
import { composePullJudge } from '../domain/quarantine/quarantine-gate.ts'
import type { OciServices } from '../http/oci/oci-request.ts'
import type { Foundation } from './foundation.ts'
import { isServedByMany } from './processes.ts'

/** Rows per step and round. A round that finds so many is repeated at once. */
export const collectBatch = 1_000

/** The content of this registry, for verbs of the domain. */
export function composeContent(
  config: Config,
  { database, store, clock, events }: Pick<Foundation, 'database' | 'store' | 'clock' | 'events'>,
  observer?: ViolationObserver,
): ContentServices {
  const leaseMs = config.garbageCollection.leaseMs
  return {
    database,
    clock,
    events,
    admit: composeAdmit({
      database,
      clock,
      settings: { readOnly: config.readOnly, deleteEnabled: config.deleteEnabled },
    }),
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
      events,
      newId: randomUUID,
      leaseMs,
      expireAfterMs: config.uploads.expireAfterMs,
      maxPerActor: config.uploads.maxPerActor,
      maxBytes: config.limits.uploadBytes,
      shared: isServedByMany(config),
    }),
    manifests: new Manifests(
      database,
      composePullJudge({ database, clock, ...(observer === undefined ? {} : { observer }) }),
    ),
    pushedSignatures: new PushedSignatures({ database, clock, store }),
    trashWindowMs: config.trash.windowMs,
  }
}

interface PullObservers {
  readonly pulls: PullRecorder
  readonly pullAudit: PullAudit
  readonly pullNotices: PullNotices
}

/** The roles that `/v2` calls. A reader that fetches from elsewhere takes the place of a role here. */
export function composeOciServices(config: Config, content: ContentServices, observers: PullObservers): OciServices {
  const { database, admit, manifests, blobs, uploads } = content
  return {
    admit,
    manifests,
    manifestWriter: {
      pushManifest: (admission, push) => pushManifest(content, admission, { ...push, isOwnPush: true }),
      deleteManifest: (admission, digest) => deleteManifest(content, admission, digest),
      untag: (admission, tag) => untag(content, admission, tag),
    },
    tags: { listTags: (admission, page) => listTags(database, admission, page) },
    referrers: { listReferrers: (admission, subject, query) => listReferrers(content, admission, subject, query) },
    catalog: { listCatalog: (page) => listCatalog(database, page) },
    pulls: composePullObserver(content.clock, observers),
    blobs: composeBlobReader(blobs),
    blobLinks: {
      keepForPush: (admission, digest) => blobs.keepForPush(admission, digest),
      mountBlob: (admission, digest, source) => uploads.mountBlob(admission, digest, source),
      listMountSources: (actor, digest) => listMountSources(database, actor, digest),
      deleteBlob: (admission, digest) => blobs.deleteBlob(admission, digest),
    },
    blobTaker: uploads,
    uploads,
    limits: { manifestBytes: config.limits.manifestBytes },
    defaultProject: config.defaultProject,
  }
}

export function composePullObserver(clock: Clock, { pulls, pullAudit, pullNotices }: PullObservers): PullObserver {
  return {
    onPull: ({ actor, projectId, repositoryName: repository }, reference, manifest) => {
      // A scanner uses nothing: retention would keep whatever is scanned. Whether a scan is a pull, its job knows.
      if (!mayPullHeldBack(actor, projectId)) pulls.record(manifest, clock.now())
      const tag = reference.kind === 'tag' ? { tag: reference.tag } : {}
      const event = { type: 'pull_artifact', projectId, repository, digest: manifest.digest, ...tag } as const
      pullAudit.record(actor, event)
      pullNotices.record(actor, event)
    },
  }
}

/** Garbage collection as it is configured. */
export function collectorOf(
  config: Config,
  { database, store, clock, events }: Omit<Foundation, 'signals'>,
): CollectorOptions {
  const { graceMs, leaseMs, lingerMs } = config.garbageCollection
  const trashWindowMs = config.trash.windowMs
  return { database, sweeper: store, clock, events, graceMs, leaseMs, lingerMs, trashWindowMs, batch: collectBatch }
}
