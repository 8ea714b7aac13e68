import { composeAccounts, type Accounts } from './accounts.ts'
import { composeCertificates } from './certificates.ts'
import { composeContent } from './content.ts'
import { composeHarborServices } from './harbor-services.ts'
import { composeKinds } from './job-kinds.ts'
import { openSecrets } from './outer-key.ts'
import { composeAdvisories } from './scanning.ts'
import type { TransferServices } from './transfer.ts'
import type { Config } from '../config/config.ts'
import { noSignals } from '../database/signals.ts'
import { StorageUsage } from '../domain/content/storage-usage.ts'
import { Jobs } from '../domain/jobs/jobs.ts'
import { composeHarborRouter, type HarborCall } from '../http/harbor/frame/harbor-router.ts'
import { harborRoutes } from '../http/harbor/routes.ts'
import { composeProbes, usableParts } from '../http/ops/probes.ts'
import { EventStreams } from '../http/server-sent-events.ts'

/** The API of a registry in the same process: a call is answered on its database, whether a server runs beside or not. */
export interface OwnRouter {
  readonly router: (call: HarborCall) => Promise<Response>
  readonly accounts: Accounts
}

/** The kinds of jobs are here for their names. */
const doesNoJobs = () => Promise.reject(new TypeError('jobs are done by servers'))

export async function composeOwnRouter(
  config: Config,
  services: TransferServices,
  onError: (error: unknown) => void,
): Promise<OwnRouter> {
  const { database, store, clock, events } = services
  const secrets = await openSecrets(config, { database, clock, events })
  const accounts = await composeAccounts(config, { database, clock, events, secrets })
  const content = composeContent(config, services)
  const probes = composeProbes({ database, store, clock, isDraining: () => false })
  const advisories = composeAdvisories(config, services)
  const scanning = {
    advisories,
    readLayer: doesNoJobs,
    readBom: doesNoJobs,
    importThreads: { import: doesNoJobs },
    adapters: { findVulnerabilities: doesNoJobs },
    scansArePulls: async () => false,
  }
  const kinds = composeKinds(config, { ...services, secrets }, { content, scanning, accounts })
  const harborServices = composeHarborServices(config, {
    ...{ database, clock, events, secrets, accounts, content, eventStreams: new EventStreams() },
    advisories,
    certificates: composeCertificates(
      config,
      { ...services, secrets, signals: noSignals },
      { logger: { error: onError, warn: onError } },
    ),
    // A server that runs does the work that is asked for here, or the next one.
    jobs: new Jobs({ database, clock, events, kinds: kinds.map(({ name }) => name) }),
    usage: new StorageUsage({ database, clock }),
    system: {
      originOf: ({ url }) => config.externalUrl ?? new URL(url).origin,
      health: async () => usableParts(await probes.check()),
    },
  })
  return { router: composeHarborRouter({ services: harborServices, routes: harborRoutes, onError }), accounts }
}
