import type { Config } from '../config/config.ts'
import { sampleActivity } from '../domain/activity/samples.ts'
import type { RefusalLog } from '../domain/pull-policies/refusal-log.ts'
import type { ContentServices } from '../domain/artifacts/content-services.ts'
import type { PullRecorder } from '../domain/artifacts/pull-recorder.ts'
import type { AuditChain } from '../domain/audit/chain/audit-chain.ts'
import { expireRecords } from '../domain/audit/purge.ts'
import { pruneTagMoves } from '../domain/artifacts/tag-history.ts'
import type { StorageUsage } from '../domain/content/storage-usage.ts'
import { pruneEventLog } from '../domain/events/prune-event-log.ts'
import { collectGarbage } from '../domain/garbage-collection/collect.ts'
import { pruneJobs } from '../domain/jobs/jobs.ts'
import { hasUnfinishedReplication, settleReplication } from '../domain/replication/replication-executions.ts'
import { hasWaitingChanges, recoverChanges } from '../domain/replication/take-up-changes.ts'
import { pruneScanData } from '../domain/scanning/exports/scan-data-exports.ts'
import { pruneScanRobots } from '../domain/robots/scan-robots.ts'
import { pruneLayers, pruneScans } from '../domain/scanning/prune-scans.ts'
import { hasWaitingDeliveries, pruneDeliveries, recoverDeliveries } from '../domain/webhooks/care-for-deliveries.ts'
import type { PullNotices } from '../domain/webhooks/pull-notices.ts'
import { AdvisoryUploads } from '../domain/scanning/data/advisory-uploads.ts'
import { pruneGenerations } from '../domain/scanning/data/generation-rows.ts'
import { foldUsage } from '../domain/quotas/project-usage.ts'
import { endQuarantine } from '../domain/quarantine/end-quarantine.ts'
import { isReviewDue, reviewQuarantine } from '../domain/quarantine/review-quarantine.ts'
import { listEnded } from '../domain/signatures/reverify-signatures.ts'
import { checkSignatures } from '../domain/signatures/signature-checks.ts'
import type { BackgroundTask } from '../jobs/background.ts'
import type { Accounts } from './accounts.ts'
import type { Certificates } from './certificates.ts'
import { collectBatch, collectorOf } from './content.ts'
import type { Foundation } from './foundation.ts'

/** Jobs forgotten in one transaction; each may have a long log. */
const pruneJobsBatch = 100
const pullFlushMs = 5_000
const minuteMs = 60_000
const recoverWebhooksMs = 15_000
const recoverReplicationMs = 15_000

export type Collected = Awaited<ReturnType<typeof collectGarbage>>

export interface TaskServices {
  readonly foundation: Foundation
  readonly content: ContentServices
  readonly pulls: PullRecorder
  readonly pullNotices: PullNotices
  readonly accounts: Pick<Accounts, 'sessions' | 'pullAudit' | 'settings'>
  readonly refusals: RefusalLog
  readonly proxyCache: { readonly tasks: readonly BackgroundTask[] }
  readonly usage: StorageUsage
  readonly auditChain: AuditChain
  readonly certificates: Pick<Certificates, 'served' | 'acme'>
  /** One of several workers does what need not be done by each. */
  readonly leads: boolean
  readonly onCollected: (collected: Collected, seconds: number) => void
}

/** Does batches until one is not full. */
async function drain(batch: number, work: () => Promise<number>): Promise<void> {
  while ((await work()) === batch);
}

/** Every task that runs beside the requests. */
export function backgroundTasks(config: Config, services: TaskServices): readonly BackgroundTask[] {
  return [
    ...(services.leads ? [checkPages(services)] : []),
    ...flushes(services),
    ...collection(config, services),
    ...pruning(config, services),
    expireVerdicts(services),
    ...quarantine(services),
    ...services.proxyCache.tasks,
    ...renewCertificate(services),
  ]
}

const certificateEveryMs = 10_000
/** As often as RFC 9773, 4.3.3, wants services to be asked. */
const reconsiderEveryMs = 6 * 60 * minuteMs

/** Gets a new certificate in time, in one process; the others find it in the database. */
function renewCertificate({ certificates: { served, acme } }: TaskServices): readonly BackgroundTask[] {
  if (served === undefined) return []
  return [
    {
      name: 'renew-certificate',
      runs: 'once',
      intervalMs: certificateEveryMs,
      isDue: () => served.isDue(),
      run: async () => {
        // Another process may have been quicker than the lease.
        if (await served.isDue()) await served.renew()
      },
    },
    ...(acme === undefined
      ? []
      : [
          {
            name: 'reconsider-certificate',
            runs: 'once',
            intervalMs: reconsiderEveryMs,
            run: () => acme.certificates.reconsider(served),
          } as const,
        ]),
  ]
}

const pagesEveryMs = 24 * 60 * minuteMs

/**
 * Looks at the pages of the database soon after the start, and once a day, in one of the workers. What it finds fails
 * `/ready`, of the others too: they are told to look.
 */
function checkPages({ foundation: { database, clock, signals } }: TaskServices): BackgroundTask {
  let checkedAt = Number.NEGATIVE_INFINITY
  return {
    name: 'check-database-pages',
    runs: 'everywhere',
    intervalMs: 10_000,
    run: async () => {
      if (clock.now() - checkedAt < pagesEveryMs) return
      checkedAt = clock.now()
      if ((await database.checkPages()).length > 0) signals.send({ kind: 'database-damaged' })
    },
  }
}

/** Writes down counts that a process has gathered in memory. */
function flushes({
  pulls,
  pullNotices,
  refusals,
  accounts,
  usage,
  foundation,
}: TaskServices): readonly BackgroundTask[] {
  const { database, clock } = foundation
  return [
    { name: 'flush-pulls', runs: 'everywhere', intervalMs: pullFlushMs, run: () => pulls.flush() },
    {
      name: 'sample-activity',
      runs: 'once',
      intervalMs: minuteMs,
      run: () => sampleActivity({ database, clock, usage }),
    },
    { name: 'flush-pull-audit', runs: 'everywhere', intervalMs: pullFlushMs, run: () => accounts.pullAudit.flush() },
    { name: 'flush-pull-notices', runs: 'everywhere', intervalMs: pullFlushMs, run: () => pullNotices.flush() },
    {
      name: 'recover-webhooks',
      runs: 'once',
      intervalMs: recoverWebhooksMs,
      isDue: () => hasWaitingDeliveries(database),
      run: async () => void (await recoverDeliveries({ database, clock })),
    },
    {
      name: 'recover-replication',
      runs: 'once',
      intervalMs: recoverReplicationMs,
      isDue: () => hasWaitingChanges(database),
      run: async () => void (await recoverChanges({ database, clock })),
    },
    {
      name: 'settle-replication',
      runs: 'once',
      intervalMs: recoverReplicationMs,
      isDue: () => hasUnfinishedReplication(database),
      run: async () => void (await settleReplication({ database, clock })),
    },
    { name: 'flush-refusals', runs: 'everywhere', intervalMs: pullFlushMs, run: () => refusals.flush() },
  ]
}

/** In one round; the rest comes a minute later. What is over counts no more meanwhile. */
const expiredVerdicts = 200

/** Looks again at signatures whose time is over, so that lists say so and say why. */
function expireVerdicts({ foundation: { database, clock, store } }: TaskServices): BackgroundTask {
  return {
    name: 'expire-verdicts',
    runs: 'once',
    intervalMs: minuteMs,
    run: async () => {
      for (const place of await listEnded(database.read, clock.now(), expiredVerdicts)) {
        await checkSignatures({ database, clock, store }, place)
      }
    },
  }
}

const reviewEveryMs = 1_000
const reviewedAtOnce = 50
const endedAtOnce = 100

/** People wait for a release: they pushed, and the scan is done. */
function quarantine({ foundation: { database, clock, events }, content }: TaskServices): readonly BackgroundTask[] {
  return [
    {
      name: 'review-quarantine',
      runs: 'once',
      intervalMs: reviewEveryMs,
      isDue: async () => await isReviewDue(database, clock.now()),
      run: async () => await drain(reviewedAtOnce, () => reviewQuarantine({ database, clock, events }, reviewedAtOnce)),
    },
    {
      name: 'end-quarantine',
      runs: 'once',
      intervalMs: minuteMs,
      run: async () => void (await endQuarantine(content, endedAtOnce)),
    },
  ]
}

function collection(config: Config, { foundation, content, onCollected }: TaskServices): readonly BackgroundTask[] {
  return [
    {
      name: 'expire-uploads',
      runs: 'once',
      intervalMs: config.uploads.expiryIntervalMs,
      run: () => drain(collectBatch, () => content.uploads.expireUploads(collectBatch)),
    },
    {
      name: 'collect-garbage',
      runs: 'once',
      intervalMs: config.garbageCollection.intervalMs,
      run: async () => {
        const startedAt = performance.now()
        const collected = await collectGarbage(collectorOf(config, foundation))
        onCollected(collected, (performance.now() - startedAt) / 1000)
      },
    },
    {
      name: 'fold-usage',
      runs: 'once',
      intervalMs: minuteMs,
      run: () => drain(collectBatch, () => foldUsage(foundation.database, collectBatch)),
    },
  ]
}

function pruning(config: Config, { foundation, accounts, auditChain }: TaskServices): readonly BackgroundTask[] {
  const { database, clock } = foundation
  return [
    {
      name: 'prune-jobs',
      runs: 'once',
      intervalMs: 10 * minuteMs,
      run: () => drain(pruneJobsBatch, () => pruneJobs(database, clock.now(), pruneJobsBatch)),
    },
    {
      name: 'prune-sessions',
      runs: 'once',
      intervalMs: 60 * minuteMs,
      run: () => drain(collectBatch, () => accounts.sessions.pruneSessions(collectBatch)),
    },
    {
      name: 'prune-event-log',
      runs: 'once',
      intervalMs: minuteMs,
      run: () => drain(collectBatch, () => pruneEventLog(database, clock.now(), config.events, collectBatch)),
    },
    {
      name: 'prune-webhooks',
      runs: 'once',
      intervalMs: 10 * minuteMs,
      run: () => drain(collectBatch, () => pruneDeliveries(database, clock.now(), collectBatch)),
    },
    {
      name: 'prune-scan-data',
      runs: 'once',
      intervalMs: 10 * minuteMs,
      run: () => drain(pruneJobsBatch, () => pruneScanData(database, clock.now(), pruneJobsBatch)),
    },
    {
      name: 'prune-scan-robots',
      runs: 'once',
      intervalMs: 10 * minuteMs,
      run: () => drain(collectBatch, () => pruneScanRobots(database, clock.now(), collectBatch)),
    },
    {
      name: 'prune-scans',
      runs: 'once',
      intervalMs: minuteMs,
      run: async () => void (await pruneScans({ database }, collectBatch)),
    },
    {
      name: 'prune-layer-inventories',
      runs: 'once',
      intervalMs: 10 * minuteMs,
      run: async () => void (await pruneLayers({ database, clock }, collectBatch)),
    },
    {
      name: 'prune-vulnerability-data',
      runs: 'once',
      intervalMs: 10 * minuteMs,
      run: async () => {
        await pruneGenerations(database, clock.now())
        await new AdvisoryUploads(foundation).prune()
      },
    },
    {
      name: 'prune-events',
      runs: 'once',
      intervalMs: 60 * minuteMs,
      run: async () => {
        const before = clock.now() - config.events.keepMs
        await expireRecords(database, auditChain, before)
        await auditChain.trim()
        await drain(collectBatch, () => pruneTagMoves(database, before, collectBatch))
      },
    },
  ]
}
