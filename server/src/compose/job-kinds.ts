import type { Accounts } from './accounts.ts'
import type { Config } from '../config/config.ts'
import type { ContentServices } from '../domain/artifacts/content-services.ts'
import type { JobKind } from '../jobs/job-kind.ts'
import { composeJobKinds } from '../jobs/kinds.ts'
import { AdvisoryUploads } from '../domain/scanning/data/advisory-uploads.ts'
import { composeAuditChain } from './audit-chain.ts'
import { backupPlaceOf } from './backup-schedule.ts'
import { collectorOf } from './content.ts'
import type { Foundation } from './foundation.ts'
import { composeRemoteArtifacts } from './remote-registries.ts'
import type { Scanning } from './scanning.ts'
import { composeOpenRemoteSide, nameRuleOfRegistry } from './replication.ts'
import { composeSending } from './webhooks.ts'

/** Every kind of job, with what this registry gives it. */
export function composeKinds(
  config: Config,
  foundation: Omit<Foundation, 'signals'>,
  {
    content,
    scanning,
    accounts,
  }: { readonly content: ContentServices; readonly scanning: Scanning; readonly accounts: Accounts },
): readonly JobKind[] {
  return composeJobKinds({
    ...content,
    ...scanning,
    host: config.externalUrl === undefined ? undefined : new URL(config.externalUrl).host,
    advisoryUploads: new AdvisoryUploads(foundation),
    registries: accounts.registries,
    withRemoteArtifact: composeRemoteArtifacts(config),
    store: foundation.store,
    secrets: foundation.secrets,
    collector: collectorOf(config, foundation),
    settings: config,
    backups: backupPlaceOf(config),
    sending: composeSending(config, foundation),
    chain: composeAuditChain(config, foundation),
    keepAtLeastMs: config.audit.keepAtLeastMs,
    replicating: {
      ...foundation,
      content,
      projects: accounts.projects,
      openRemote: composeOpenRemoteSide(config, accounts.registries),
      nameRuleOf: nameRuleOfRegistry(accounts.registries),
    },
  })
}
