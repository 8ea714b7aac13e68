import type { Database } from '../../../database/database.ts'
import type { OwnSessions } from '../../../domain/access/credentials/own-sessions.ts'
import type { PersonalTokens } from '../../../domain/access/tokens/personal-tokens.ts'
import type { Passkeys } from '../../../domain/access/second-factor/passkeys.ts'
import type { SecondFactors } from '../../../domain/access/second-factor/second-factors.ts'
import type { Roles } from '../../../domain/access/roles/roles.ts'
import type { SignIn } from '../../../domain/access/credentials/sign-in.ts'
import type { UserGroups } from '../../../domain/access/accounts/user-groups.ts'
import type { UserProfiles } from '../../../domain/access/accounts/user-profiles.ts'
import type { Users } from '../../../domain/access/accounts/users.ts'
import type { Clock } from '../../../domain/clock.ts'
import type { EventConsumers } from '../../../domain/events/event-consumers.ts'
import type { EventLog } from '../../../domain/events/event-log.ts'
import type { Events } from '../../../domain/events/events.ts'
import type { Authenticate } from '../../authentication.ts'
import type { AuditLog } from '../../../domain/audit/audit-log.ts'
import type { AuditReadings } from '../../../domain/audit/audit-readings.ts'
import type { AuditSinks } from '../../../domain/audit/forwarding/audit-sinks.ts'
import type { AuditChain } from '../../../domain/audit/chain/audit-chain.ts'
import type { StorageUsage } from '../../../domain/content/storage-usage.ts'
import type { CertificateAuthority } from '../../../domain/certificates/certificate-authority.ts'
import type { ServedCertificates } from '../../../domain/certificates/served-certificates.ts'
import type { CliSecrets } from '../../../domain/identities/cli-secrets.ts'
import type { Directory } from '../../../domain/identities/directory.ts'
import type { ExternalAccounts } from '../../../domain/identities/external-accounts.ts'
import type { Oidc } from '../../../domain/identities/oidc.ts'
import type { Jobs } from '../../../domain/jobs/jobs.ts'
import type { Labels } from '../../../domain/labels/labels.ts'
import type { Members } from '../../../domain/projects/members.ts'
import type { SystemCveAllowlist } from '../../../domain/projects/system-cve-allowlist.ts'
import type { Projects } from '../../../domain/projects/projects.ts'
import type { ImmutabilityRules } from '../../../domain/policies/immutability.ts'
import type { ProtectedTagRules } from '../../../domain/policies/protected-tags.ts'
import type { PolicyAdministration } from '../../../domain/pull-policies/policy-admin.ts'
import type { Quotas } from '../../../domain/quotas/quotas.ts'
import type { Retention } from '../../../domain/retention/compose-retention.ts'
import type { Robots } from '../../../domain/robots/robots.ts'
import type { TrustRules } from '../../../domain/robots/trust-rules.ts'
import type { Registries } from '../../../domain/registries/registries.ts'
import type { Registration } from '../../../domain/settings/registration.ts'
import type { AdvisoryGenerations } from '../../../domain/scanning/data/advisory-generations.ts'
import type { Sboms } from '../../../domain/scanning/sboms/sboms.ts'
import type { AdvisoryUploads } from '../../../domain/scanning/data/advisory-uploads.ts'
import type { ScanDataExports } from '../../../domain/scanning/exports/scan-data-exports.ts'
import type { ScannerProbes } from '../../../domain/scanning/adapter/scanner-probes.ts'
import type { ScannerRegistrations } from '../../../domain/scanning/scanner-registrations.ts'
import type { Scans } from '../../../domain/scanning/scans.ts'
import type { Lags } from '../../../domain/replication/lags.ts'
import type { ReplicationExecutions } from '../../../domain/replication/replication-executions.ts'
import type { ReplicationPolicies } from '../../../domain/replication/replication-policies.ts'
import type { WebhookDeliveries } from '../../../domain/webhooks/webhook-deliveries.ts'
import type { WebhookPolicies } from '../../../domain/webhooks/webhook-policies.ts'
import type { Secrets } from '../../../domain/secrets/secrets.ts'
import type { Settings } from '../../../domain/settings/settings.ts'
import type { SignatureKeys } from '../../../domain/signing/signature-keys.ts'
import type { Signing } from '../../../domain/signing/signing-requests.ts'
import type { TrustedSigners } from '../../../domain/signatures/trusted-signers.ts'
import type { Totals } from '../../../domain/lists/totals.ts'
import type { Volume } from '../../../storage/volume.ts'
import type { EventStreams } from '../../server-sent-events.ts'
import type { ContentServices } from '../../../domain/artifacts/content-services.ts'
import type { ServedCertificate } from '../../served-certificate.ts'

/** What the handlers of Harbor's API call. A new noun adds its verbs here and in compose/. */
export interface HarborServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly secrets: Secrets
  readonly users: Users
  readonly profiles: UserProfiles
  readonly registration: Registration
  readonly userGroups: UserGroups
  readonly roles: Roles
  readonly personalTokens: PersonalTokens
  readonly ownSessions: OwnSessions
  readonly secondFactors: SecondFactors
  readonly passkeys: Passkeys
  readonly trustRules: TrustRules
  readonly directory: Directory
  readonly oidc: Oidc
  readonly externalAccounts: ExternalAccounts
  readonly cliSecrets: CliSecrets
  readonly signIn: SignIn
  readonly settings: Settings
  readonly jobs: Jobs
  readonly eventStreams: EventStreams
  readonly labels: Labels
  readonly projects: Projects
  readonly members: Members
  readonly robots: Robots
  readonly registries: Registries
  readonly quotas: Quotas
  readonly immutabilityRules: ImmutabilityRules
  readonly protectedTags: ProtectedTagRules
  readonly policies: PolicyAdministration
  readonly retention: Retention
  readonly trustedSigners: TrustedSigners
  readonly signatureKeys: SignatureKeys
  readonly signing: Signing
  readonly systemCveAllowlist: SystemCveAllowlist
  readonly auditLog: AuditLog
  readonly auditChain: AuditChain
  readonly auditReadings: AuditReadings
  readonly auditSinks: AuditSinks
  readonly eventLog: EventLog
  readonly eventConsumers: EventConsumers
  /** Who sends a request, asked once more: for answers that take long. */
  readonly authenticateBrowser: Authenticate
  readonly usage: StorageUsage
  readonly totals: Totals
  /** Gates, manifests, blobs: the same that /v2 uses. */
  readonly content: ContentServices
  readonly scans: Scans
  readonly sboms: Sboms
  readonly replication: {
    readonly policies: ReplicationPolicies
    readonly executions: ReplicationExecutions
    readonly lags: Lags
  }
  readonly webhooks: { readonly policies: WebhookPolicies; readonly deliveries: WebhookDeliveries }
  readonly advisories: AdvisoryGenerations
  readonly advisoryUploads: AdvisoryUploads
  readonly scanDataExports: ScanDataExports
  readonly scannerProbes: ScannerProbes
  readonly scannerRegistrations: ScannerRegistrations
  readonly certificates: {
    readonly authority: CertificateAuthority
    /** Undefined where the certificate comes from files, or TLS is not ours. */
    readonly served: ServedCertificates | undefined
  }
  readonly system: SystemFacts
}

/** A setting of the start by its public name. */
export interface EffectiveSetting {
  readonly path: string
  readonly value: unknown
  readonly source: string | undefined
  readonly hidden: boolean
}

/** What only the process around us knows. */
export interface SystemFacts {
  /** The release of Harbor whose API this is, and our own version behind it. */
  readonly harborVersion: string
  readonly storageProvider: string
  /** Nothing may be pushed or deleted. */
  readonly readOnly: boolean
  /** Otherwise nothing may be deleted. */
  readonly deleteEnabled: boolean
  /** Audit records younger than this stay, whoever asks. */
  readonly keepAuditMs: number | undefined
  /** The configuration of this process, without secrets. */
  readonly configuration: readonly EffectiveSetting[]
  readonly originOf: (request: Request) => string
  readonly volume: () => Promise<Volume>
  /** Undefined where TLS is not ours. */
  readonly certificate: () => Promise<ServedCertificate | undefined>
  readonly health: () => Promise<{ readonly database: boolean; readonly storage: boolean }>
}
