import type { Accounts } from './accounts.ts'
import type { Config } from '../config/config.ts'
import type { ContentServices } from '../domain/artifacts/content-services.ts'
import { isScrubScheduled } from '../domain/scrub/weekly-scrub.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import { Background } from '../jobs/background.ts'
import { composeKinds } from './job-kinds.ts'
import { JobWorker, type JobWorkerOptions } from '../jobs/worker.ts'
import type { Logger } from '../logging.ts'
import { backgroundTasks, type TaskServices } from './background-tasks.ts'
import type { Scanning } from './scanning.ts'
import { watchDisks } from './disk-reserve.ts'
import { measureCollection, measureJobs } from './job-metrics.ts'
import { measureConsumers } from './event-log.ts'
import type { Foundation } from './foundation.ts'
import { composeAuditChain, sealAuditLog } from './audit-chain.ts'
import { forwardAuditLog } from './audit-forwarding.ts'
import { measureReplication } from './measured-replication.ts'
import { boundWebhooks, measureWebhooks } from './webhooks.ts'

export interface WorkServices {
  readonly foundation: Foundation
  /** The name of this process, in leases and in reports of jobs. */
  readonly process: JobWorkerOptions['process']
  readonly logger: Logger
  readonly owned: AsyncDisposableStack
  /** One of several workers does what need not be done by each. */
  readonly leads: boolean
}

/** Starts the tasks that come again and again. */
export async function startBackground(
  config: Config,
  { foundation, process, logger, owned, leads }: WorkServices,
  {
    metrics,
    ...services
  }: Omit<TaskServices, 'foundation' | 'leads' | 'onCollected' | 'auditChain'> & { readonly metrics: Metrics },
): Promise<void> {
  const background = new Background({
    database: foundation.database,
    clock: foundation.clock,
    holder: process.id,
    onError: (task, error) => logger.error({ task, error }, 'background task failed; it is tried again'),
  })
  owned.use(background)
  const gc = measureCollection(metrics)
  const onCollected: TaskServices['onCollected'] = (collected, seconds) => {
    gc(collected, seconds)
    if (collected.blobs + collected.links > 0) logger.info({ ...collected }, 'garbage collected')
  }
  const auditChain = composeAuditChain(config, foundation)
  background.start([
    ...backgroundTasks(config, { ...services, foundation, leads, onCollected, auditChain }),
    ...sealAuditLog(auditChain, foundation, { metrics, logger }),
    measureConsumers(foundation, metrics),
    measureWebhooks(foundation, metrics),
    measureReplication(foundation, metrics),
    boundWebhooks(foundation, metrics, logger),
    ...(await forwardAuditLog(config, { foundation, settings: services.accounts.settings, metrics, logger, owned })),
    watchDisks(config, { store: foundation.store, metrics, logger, leads }),
  ])
}

/** Starts to work on jobs. @returns the names of the kinds that there are */
export async function startJobs(
  config: Config,
  { foundation, process, logger, owned, leads }: WorkServices,
  {
    content,
    scanning,
    accounts,
    metrics,
  }: {
    readonly content: ContentServices
    readonly scanning: Scanning
    readonly accounts: Accounts
    readonly metrics: Metrics
  },
): Promise<readonly string[]> {
  const { database, clock } = foundation
  const kinds = composeKinds(config, foundation, { content, scanning, accounts })
  const measure = measureJobs(metrics, { process, concurrency: config.jobs.concurrency, kinds })
  const jobs = new JobWorker({
    database,
    clock,
    kinds,
    process,
    ...config.jobs,
    onError: (doing, error) => logger.error({ doing, error }, 'work on jobs failed; it is tried again'),
    onEnded: (ended) => {
      const { job, outcome, error } = ended
      measure(ended)
      const facts = { job: job.id, kind: job.kind, attempt: job.attempt, error }
      logger[error === undefined ? 'info' : 'warn'](facts, `job ${outcome}`)
    },
  })
  owned.use(jobs)
  if (leads && !(await isScrubScheduled(database.read))) {
    logger.info(
      'the stored bytes are not read again by themselves: the scrub has no schedule: berth scrub schedule weekly',
    )
  }
  // With fewer jobs at a time than workers, some workers take none.
  if (config.jobs.concurrency > 0) await jobs.start()
  return kinds.map(({ name }) => name)
}
