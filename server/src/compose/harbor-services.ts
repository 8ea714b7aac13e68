import type { Accounts } from './accounts.ts'
import { composeAuditChain } from './audit-chain.ts'
import { composeAuditSinks } from './audit-sinks.ts'
import type { Config } from '../config/config.ts'
import type { Database } from '../database/database.ts'
import { AuditReadings } from '../domain/audit/audit-readings.ts'
import type { Clock } from '../domain/clock.ts'
import type { StorageUsage } from '../domain/content/storage-usage.ts'
import type { Events } from '../domain/events/events.ts'
import type { Certificates } from './certificates.ts'
import { composeEventLog } from './event-log.ts'
import { composeOpenScannerAdapter } from './scanning.ts'
import type { Jobs } from '../domain/jobs/jobs.ts'
import { Labels } from '../domain/labels/labels.ts'
import { ImmutabilityRules } from '../domain/policies/immutability.ts'
import { ProtectedTagRules } from '../domain/policies/protected-tags.ts'
import { PolicyAdministration } from '../domain/pull-policies/policy-admin.ts'
import { Quotas } from '../domain/quotas/quotas.ts'
import { composeRetention } from '../domain/retention/compose-retention.ts'
import { SignatureKeys } from '../domain/signing/signature-keys.ts'
import { Signing } from '../domain/signing/signing-requests.ts'
import { TrustedSigners } from '../domain/signatures/trusted-signers.ts'
import { Totals } from '../domain/lists/totals.ts'
import type { Secrets } from '../domain/secrets/secrets.ts'
import type { HarborServices, SystemFacts } from '../http/harbor/frame/services.ts'
import type { ContentServices } from '../domain/artifacts/content-services.ts'
import type { AdvisoryGenerations } from '../domain/scanning/data/advisory-generations.ts'
import { Sboms } from '../domain/scanning/sboms/sboms.ts'
import { AdvisoryUploads } from '../domain/scanning/data/advisory-uploads.ts'
import { ScanDataExports } from '../domain/scanning/exports/scan-data-exports.ts'
import { ScannerProbes } from '../domain/scanning/adapter/scanner-probes.ts'
import { ScannerRegistrations } from '../domain/scanning/scanner-registrations.ts'
import { Scans } from '../domain/scanning/scans.ts'
import { composeReplication } from './replication.ts'
import { composeWebhooks, hostOf } from './webhooks.ts'
import type { EventStreams } from '../http/server-sent-events.ts'
import { volumeOf } from '../storage/volume.ts'
import { harborRelease, version } from '../version.ts'

/** The volume that Harbor reports for object storage. */
const unbounded = { totalBytes: 0, freeBytes: 0 }

/** The services that handlers of Harbor's API call, for the listener and for an import in the same process. */
export function composeHarborServices(
  config: Config,
  given: {
    readonly database: Database
    readonly clock: Clock
    readonly events: Events
    readonly secrets: Secrets
    readonly accounts: Accounts
    readonly content: ContentServices
    readonly jobs: Jobs
    readonly eventStreams: EventStreams
    readonly usage: StorageUsage
    readonly advisories: AdvisoryGenerations
    readonly certificates: Certificates
    readonly system: Pick<SystemFacts, 'originOf' | 'health'>
  },
): HarborServices {
  const { database, clock, events, secrets, accounts, content, jobs, eventStreams, usage, advisories, system } = given
  const openAdapter = composeOpenScannerAdapter(config)
  const scannerProbes = new ScannerProbes({ database, clock, secrets, openAdapter })
  return {
    ...accounts,
    database,
    clock,
    events,
    secrets,
    ...composeEventLog(given),
    auditChain: composeAuditChain(config, given),
    auditSinks: composeAuditSinks(config, given, accounts.settings),
    auditReadings: new AuditReadings({ database, events, recordReads: config.audit.recordReads }),
    jobs,
    eventStreams,
    labels: new Labels({ database, clock, events }),
    quotas: new Quotas({ database, clock, events }),
    immutabilityRules: new ImmutabilityRules({ database, clock, events }),
    protectedTags: new ProtectedTagRules({
      ...{ database, clock, events },
      robotPrefix: async () => (await accounts.settings.getSettings()).robot_name_prefix,
    }),
    policies: new PolicyAdministration({ database, clock, events }),
    retention: composeRetention({ database, clock, events, jobs, settings: config }),
    trustedSigners: new TrustedSigners({ database, clock, events }),
    signatureKeys: new SignatureKeys({ database, clock, events, secrets }),
    signing: new Signing({ content, secrets, host: hostOf(config) }),
    usage,
    totals: new Totals({ clock }),
    content,
    scans: new Scans({ database, clock, events, jobs, probes: scannerProbes }),
    sboms: new Sboms({ database, clock, events, jobs }),
    scanDataExports: new ScanDataExports({ database, clock, events, jobs }),
    scannerProbes,
    scannerRegistrations: new ScannerRegistrations({ database, clock, events, secrets, openAdapter }),
    advisories,
    replication: composeReplication({ database, clock, events }, { registries: accounts.registries, jobs }),
    certificates: given.certificates,
    webhooks: composeWebhooks(config, { database, clock, events, secrets }),
    advisoryUploads: new AdvisoryUploads({ database, clock, events }),
    system: {
      ...system,
      harborVersion: `${harborRelease}-berth-${version}`,
      storageProvider: config.storage.kind,
      readOnly: config.readOnly,
      deleteEnabled: config.deleteEnabled,
      keepAuditMs: config.audit.keepAtLeastMs,
      configuration: config.shownSettings,
      certificate: async () => await given.certificates.provider?.facts(),
      volume: async () => (config.storage.kind === 'filesystem' ? await volumeOf(config.storage.folder) : unbounded),
    },
  }
}
