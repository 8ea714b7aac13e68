import { hostname } from 'node:os'
import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { composeOutbound } from '../clients/outbound.ts'
import type { Config } from '../config/config.ts'
import type { Reader } from '../database/database.ts'
import { listRuns } from '../domain/scanning/sboms/sbom-runs.ts'
import { listSboms } from '../domain/scanning/sboms/stored-sboms.ts'
import { findRepositoryId } from '../domain/projects/repositories.ts'
import { listStates } from '../domain/scanning/scan-state.ts'
import { boundDeliveries, countDeliveries } from '../domain/webhooks/care-for-deliveries.ts'
import type { Notice } from '../domain/webhooks/notice.ts'
import type { SendServices, SendWebhook } from '../domain/webhooks/send-deliveries.ts'
import { SlowTargets } from '../domain/webhooks/slow-targets.ts'
import { WebhookDeliveries } from '../domain/webhooks/webhook-deliveries.ts'
import { WebhookPolicies } from '../domain/webhooks/webhook-policies.ts'
import { sbomOverviewOf } from '../http/harbor/content/sbom-answer.ts'
import { overviewOf, reportTypes } from '../http/harbor/content/scan-answer.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import type { BackgroundTask } from '../jobs/background.ts'
import type { Logger } from '../logging.ts'
import type { Foundation } from './foundation.ts'

type Services = Pick<Foundation, 'database' | 'clock' | 'events' | 'secrets'>

/** Policies and deliveries, for the API. */
export function composeWebhooks(config: Config, services: Services) {
  const policies = new WebhookPolicies(services)
  return { policies, deliveries: new WebhookDeliveries({ ...services, policies, host: hostOf(config) }) }
}

/** What the job needs that sends. */
export function composeSending(config: Config, { database, clock, secrets }: Omit<Services, 'events'>): SendServices {
  const [send, slow] = [composeSend(config), new SlowTargets()]
  return { database, clock, secrets, send, slow, host: hostOf(config), scanOverview }
}

const measureMs = 15_000
const boundMs = 60_000

/** Looks how much is on its way, and tells the metrics. */
export function measureWebhooks(
  { database, clock }: Omit<Services, 'events' | 'secrets'>,
  metrics: Metrics,
): BackgroundTask {
  let counts: Awaited<ReturnType<typeof countDeliveries>> = { waiting: 0, oldestWaitingSince: undefined, givenUp: 0 }
  metrics.sharedGauge('webhook_deliveries', {
    help: 'Deliveries of webhooks that wait for their receiver, and those that were given up and can be sent again.',
    label: 'state',
    read: () => [
      ['waiting', counts.waiting],
      ['given_up', counts.givenUp],
    ],
  })
  metrics.sharedGauge('webhook_oldest_waiting_seconds', {
    help: 'How long the oldest delivery of a webhook has waited.',
    label: 'state',
    read: () => [
      [
        'waiting',
        counts.oldestWaitingSince === undefined ? 0 : Math.max(0, clock.now() - counts.oldestWaitingSince) / 1000,
      ],
    ],
  })
  return {
    name: 'measure-webhooks',
    runs: 'everywhere',
    intervalMs: measureMs,
    run: async () => {
      counts = await countDeliveries(database)
    },
  }
}

/** Keeps what waits, and what has ended, within bounds; what it gives up is told. */
export function boundWebhooks(
  { database, clock }: Omit<Services, 'events'>,
  metrics: Metrics,
  logger: Logger,
): BackgroundTask {
  const help = 'Deliveries of webhooks given up because too many waited for one webhook.'
  metrics.add('webhook_deliveries_overflowed', 0, help)
  return {
    name: 'bound-webhooks',
    runs: 'once',
    intervalMs: boundMs,
    run: async () => {
      const { givenUp } = await boundDeliveries(database, clock.now())
      if (givenUp === 0) return
      metrics.add('webhook_deliveries_overflowed', givenUp, help)
      logger.error({ givenUp }, 'too many deliveries of a webhook waited: the oldest are given up')
    },
  }
}

/** Whoever administers a project enters the address: this machine and its link are called only where the operator allows it. */
function composeSend({ outbound }: Config): SendWebhook {
  const call = composeOutbound({ allowLocal: outbound.allowLocal, maxBytes: 64 * 1024 })
  return async ({ url, headers, body, skipCertificateCheck }) => {
    const answer = await call({ url, method: 'POST', headers, body, insecure: skipCertificateCheck })
    const { location } = answer.headers
    return { status: answer.status, body: answer.body, ...(typeof location === 'string' ? { location } : {}) }
  }
}

/** As clients write it in front of a repository. */
export function hostOf({ externalUrl, http, https }: Config): string {
  if (externalUrl !== undefined) return new URL(externalUrl).host
  const { port } = https ?? http ?? { port: 0 }
  return `${hostname()}:${port}`
}

/** Of an image; of an index, the report of each image is told by itself. */
async function scanOverview(reader: Reader, { artifacts = [], scan, projectId, repository }: Notice) {
  const digest = artifacts[0]?.digest as Digest | undefined
  if (digest === undefined || scan === undefined) return undefined
  if (scan === 'vulnerability') {
    const overview = overviewOf([digest], await listStates(reader, [digest], scan))
    return overview === undefined ? undefined : { [reportTypes[0]]: overview }
  }
  const repositoryId = await findRepositoryId(reader, { projectId, name: repository as RepositoryName })
  if (repositoryId === undefined) return undefined
  const [run] = await listRuns(reader, [repositoryId], [digest])
  const [sbom] = await listSboms(reader, [repositoryId], [digest])
  return sbomOverviewOf(run, sbom)
}
