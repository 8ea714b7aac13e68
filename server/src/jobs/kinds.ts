import type { Database } from '../database/database.ts'
import type { Clock } from '../domain/clock.ts'
import type { Events } from '../domain/events/events.ts'
import type { Admit } from '../domain/policies/admit.ts'
import type { RegistrySettings } from '../domain/policies/gates.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { CollectorOptions } from '../domain/garbage-collection/collect.ts'
import { composeApplyVex } from './apply-vex.ts'
import { composeBackup, type BackupPlace } from './backup.ts'
import { composeCollectGarbage } from './collect-garbage.ts'
import { composeExportScanData } from './export-scan-data.ts'
import { composeGenerateSbom, type SbomServices } from './generate-sbom.ts'
import { jobKind, type JobKind } from './job-kind.ts'
import { composeDeliverWebhooks } from './deliver-webhooks.ts'
import type { SendServices } from '../domain/webhooks/send-deliveries.ts'
import type { AuditChain } from '../domain/audit/chain/audit-chain.ts'
import { composeVerifyAuditLog } from './verify-audit-log.ts'
import { composePurgeAuditLog } from './purge-audit-log.ts'
import { Jobs } from '../domain/jobs/jobs.ts'
import { Sboms } from '../domain/scanning/sboms/sboms.ts'
import { Scans } from '../domain/scanning/scans.ts'
import { composeBuiltInEngine, type BuiltInEngineServices } from './built-in-engine.ts'
import { composeScanArtifact, type ScanServices } from './scan-artifact.ts'
import { composeScanAll } from './scan-all.ts'
import { composeImportData, type ImportDataServices } from './import-vulnerability-data.ts'
import { composePullData, type PullDataServices } from './pull-vulnerability-data.ts'
import { composeScanPushed } from './scan-pushed.ts'
import { composeFindSignatures } from './find-signatures.ts'
import { composeReverifySignatures } from './reverify-signatures.ts'
import { composeReplicateChanges } from './replicate-changes.ts'
import { composeReplicate } from './replicate.ts'
import { composeReplicateRepository } from './replicate-repository.ts'
import { composeScrub } from './scrub.ts'
import { composeVerifySignatures } from './verify-signatures.ts'
import { composeRotateSecrets } from './rotate-secrets.ts'
import type { Secrets } from '../domain/secrets/secrets.ts'
import { composeApplyRetention, composeRetainRepository } from './retention.ts'

export interface JobServices
  extends
    Pick<BuiltInEngineServices, 'blobs' | 'manifests' | 'advisories' | 'readLayer'>,
    Pick<ScanServices, 'adapters' | 'scansArePulls' | 'readBom'>,
    Pick<SbomServices, 'uploads' | 'pushedSignatures' | 'host'>,
    Pick<ImportDataServices, 'advisoryUploads' | 'importThreads'>,
    Pick<PullDataServices, 'registries' | 'withRemoteArtifact'> {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly admit: Admit
  readonly trashWindowMs: number
  readonly store: BlobStore
  readonly collector: CollectorOptions
  readonly settings: RegistrySettings
  readonly secrets: Secrets
  readonly backups: BackupPlace
  readonly sending: SendServices
  readonly chain: AuditChain
  readonly keepAtLeastMs?: number | undefined
  readonly replicating: Parameters<typeof composeReplicateChanges>[0]
}

/** Every kind of job there is. A new one adds a line here. */
export function composeJobKinds(services: JobServices): readonly JobKind[] {
  const jobs = new Jobs(services)
  const scans = new Scans({ ...services, jobs })
  const sboms = new Sboms({ ...services, jobs })
  return [
    jobKind(composePurgeAuditLog(services)),
    jobKind(composeVerifyAuditLog(services)),
    jobKind(composeCollectGarbage(services.collector, services.settings)),
    jobKind(composeApplyRetention(services)),
    jobKind(composeRetainRepository(services)),
    jobKind(composeScrub(services)),
    jobKind(composeBackup({ ...services, place: services.backups })),
    jobKind(composeScanArtifact({ ...services, builtIn: composeBuiltInEngine(services) })),
    jobKind(composeGenerateSbom(services)),
    jobKind(composeExportScanData(services)),
    jobKind(composeApplyVex(services)),
    jobKind(composeScanPushed({ ...services, scans, sboms })),
    jobKind(composeScanAll({ ...services, jobs, scans })),
    jobKind(composeVerifySignatures(services)),
    jobKind(composeReverifySignatures(services)),
    jobKind(composeFindSignatures(services)),
    jobKind(composeDeliverWebhooks(services.sending)),
    jobKind(composeReplicate(services.replicating)),
    jobKind(composeReplicateChanges(services.replicating)),
    jobKind(composeReplicateRepository(services.replicating)),
    jobKind(composeImportData(services)),
    jobKind(composePullData(services)),
    jobKind(composeRotateSecrets(services)),
  ]
}
