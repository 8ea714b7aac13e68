import type {
  AuditChainTable,
  AuditCheckpointTable,
  AuditKeyTable,
  AuditLinkTable,
  AuditPurgeTable,
  AuditSinkTable,
} from './audit-chain.ts'
import type {
  FormerPasswordTable,
  PasskeyChallengeTable,
  PasskeyTable,
  RecoveryCodeTable,
  SecondFactorTable,
  SessionTable,
  SigningKeyTable,
  UserAccountTable,
} from './access.ts'
import type { ActivitySampleTable, StorageSampleTable } from './activity.ts'
import type {
  ArtifactBlobTable,
  AbsentChildTable,
  ListedArtifactTable,
  ArtifactChildTable,
  ArtifactPayloadTable,
  ArtifactTable,
  TagTable,
} from './artifacts.ts'
import type {
  BlobTable,
  DoomedBlobTable,
  GoneManifestTable,
  LinkReviewTable,
  RepositoryBlobTable,
  RepositoryNamePartTable,
  RepositoryTable,
  UploadTable,
} from './content.ts'
import type {
  AcmeAccountTable,
  AcmeChallengeTable,
  CertificateAttemptTable,
  CertificateAuthorityTable,
  ServedCertificateTable,
} from './certificates.ts'
import type { EventConsumerTable, EventLogHeadTable, EventLogTable, EventTable } from './events.ts'
import type {
  OidcSessionTable,
  PendingSignInTable,
  PersonalTokenTable,
  RoleTable,
  TrustRuleTable,
  UserGroupMemberTable,
  UserGroupTable,
} from './identities.ts'
import type { JobKindTable, JobLogTable, JobScheduleTable, JobTable, JobWorkerTable, LeaseTable } from './jobs.ts'
import type { ArtifactLabelTable, LabelTable } from './labels.ts'
import type {
  ImmutabilityRuleTable,
  ProtectedTagRuleTable,
  ProjectBlobTable,
  ProjectUsageTable,
  QuotaReservationTable,
  QuotaTable,
  RetentionPolicyTable,
  TagMoveTable,
} from './policies.ts'
import type {
  ProjectCveAllowlistTable,
  ProjectMemberTable,
  ProjectMetadataTable,
  ProjectTable,
  SystemCveAllowlistTable,
} from './projects.ts'
import type {
  ProxyEntryTable,
  ProxyFillTable,
  ProxyGhostTable,
  ProxyManifestTable,
  ProxyTagTable,
  ProxyTrafficTable,
  ProxyUpstreamTable,
} from './proxy-cache.ts'
import type { RegistryTable } from './registries.ts'
import type { PolicyExemptionTable, PullPolicyTable } from './pull-policies.ts'
import type { QuarantineEntryTable } from './quarantine.ts'
import type { RobotPermissionTable, RobotTable } from './robots.ts'
import type {
  AdvisoryChunkTable,
  ScanDataChunkTable,
  AdvisoryUploadTable,
  AdvisoryUploadChunkTable,
  AdvisoryPullTable,
  AdvisoryGenerationTable,
  ArtifactInventoryTable,
  BlobInventoryTable,
  LayerTotalTable,
  ScanFindingTable,
  ScanLayerTable,
  ScanReviewTable,
  ScanTable,
  ScannerTable,
  SecurityTotalTable,
  VulnerabilityTotalTable,
  SbomRunTable,
  ScanViewTable,
  VexDocumentTable,
} from './scanning.ts'
import type {
  ReplicationChangeTable,
  ReplicationExecutionTable,
  ReplicationPolicyTable,
  ReplicationTaskTable,
} from './replication.ts'
import type { WebhookDeliveryTable, WebhookPolicyTable } from './webhooks.ts'
import type { SecretKeyTable } from './secrets.ts'
import type { SettingTable } from './settings.ts'
import type { ArtifactSignatureTable, SignatureVerdictTable, TrustedSignerTable } from './signatures.ts'
import type { SignatureKeyTable, SigningRequestTable } from './signing.ts'
import type {
  BlobDamageTable,
  BackupRunTable,
  ScrubProgressTable,
  StorageHoldTable,
  WriteProbeTable,
} from './storage.ts'
import type {
  ArtifactReviewTable,
  SubjectReviewTable,
  TrashBlobTable,
  TrashEntryTable,
  TrashRepositoryTable,
} from './trash.ts'

/** Every table, by its noun: the files beside this one. */
export interface Schema {
  certificate_authority: CertificateAuthorityTable
  served_certificate: ServedCertificateTable
  certificate_attempt: CertificateAttemptTable
  acme_account: AcmeAccountTable
  acme_challenge: AcmeChallengeTable
  user_account: UserAccountTable
  user_group: UserGroupTable
  user_group_member: UserGroupMemberTable
  role: RoleTable
  oidc_session: OidcSessionTable
  pending_sign_in: PendingSignInTable
  personal_token: PersonalTokenTable
  project: ProjectTable
  project_member: ProjectMemberTable
  project_blob: ProjectBlobTable
  project_usage: ProjectUsageTable
  quota: QuotaTable
  quota_reservation: QuotaReservationTable
  immutability_rule: ImmutabilityRuleTable
  protected_tag_rule: ProtectedTagRuleTable
  pull_policy: PullPolicyTable
  quarantine_entry: QuarantineEntryTable
  policy_exemption: PolicyExemptionTable
  retention_policy: RetentionPolicyTable
  project_metadata: ProjectMetadataTable
  project_cve_allowlist: ProjectCveAllowlistTable
  repository: RepositoryTable
  repository_name_part: RepositoryNamePartTable
  blob: BlobTable
  blob_trash: DoomedBlobTable
  gone_manifest: GoneManifestTable
  blob_damage: BlobDamageTable
  storage_hold: StorageHoldTable
  write_probe: WriteProbeTable
  scrub_progress: ScrubProgressTable
  backup_run: BackupRunTable
  repository_blob: RepositoryBlobTable
  link_review: LinkReviewTable
  label: LabelTable
  artifact_label: ArtifactLabelTable
  artifact: ArtifactTable
  artifact_payload: ArtifactPayloadTable
  artifact_blob: ArtifactBlobTable
  absent_child: AbsentChildTable
  listed_artifact: ListedArtifactTable
  artifact_child: ArtifactChildTable
  tag: TagTable
  tag_move: TagMoveTable
  trash_entry: TrashEntryTable
  trash_blob: TrashBlobTable
  trash_repository: TrashRepositoryTable
  artifact_review: ArtifactReviewTable
  subject_review: SubjectReviewTable
  upload: UploadTable
  event: EventTable
  event_log: EventLogTable
  event_log_head: EventLogHeadTable
  event_consumer: EventConsumerTable
  signing_key: SigningKeyTable
  secret_key: SecretKeyTable
  lease: LeaseTable
  activity_sample: ActivitySampleTable
  storage_sample: StorageSampleTable
  job: JobTable
  job_log: JobLogTable
  job_schedule: JobScheduleTable
  job_kind: JobKindTable
  job_worker: JobWorkerTable
  session: SessionTable
  second_factor: SecondFactorTable
  former_password: FormerPasswordTable
  recovery_code: RecoveryCodeTable
  passkey: PasskeyTable
  passkey_challenge: PasskeyChallengeTable
  setting: SettingTable
  trusted_signer: TrustedSignerTable
  signature_key: SignatureKeyTable
  signing_request: SigningRequestTable
  artifact_signature: ArtifactSignatureTable
  signature_verdict: SignatureVerdictTable
  robot: RobotTable
  robot_permission: RobotPermissionTable
  trust_rule: TrustRuleTable
  proxy_entry: ProxyEntryTable
  proxy_fill: ProxyFillTable
  proxy_ghost: ProxyGhostTable
  proxy_manifest: ProxyManifestTable
  proxy_tag: ProxyTagTable
  proxy_traffic: ProxyTrafficTable
  proxy_upstream: ProxyUpstreamTable
  registry: RegistryTable
  system_cve_allowlist: SystemCveAllowlistTable
  advisory_generation: AdvisoryGenerationTable
  advisory_chunk: AdvisoryChunkTable
  scan_data_chunk: ScanDataChunkTable
  advisory_upload: AdvisoryUploadTable
  advisory_upload_chunk: AdvisoryUploadChunkTable
  advisory_pull: AdvisoryPullTable
  scanner: ScannerTable
  blob_inventory: BlobInventoryTable
  artifact_inventory: ArtifactInventoryTable
  scan: ScanTable
  scan_finding: ScanFindingTable
  scan_layer: ScanLayerTable
  scan_review: ScanReviewTable
  security_total: SecurityTotalTable
  vulnerability_total: VulnerabilityTotalTable
  layer_total: LayerTotalTable
  sbom_run: SbomRunTable
  vex_document: VexDocumentTable
  scan_view: ScanViewTable
  audit_link: AuditLinkTable
  audit_chain: AuditChainTable
  audit_checkpoint: AuditCheckpointTable
  audit_purge: AuditPurgeTable
  audit_key: AuditKeyTable
  replication_change: ReplicationChangeTable
  replication_policy: ReplicationPolicyTable
  replication_execution: ReplicationExecutionTable
  replication_task: ReplicationTaskTable
  audit_sink: AuditSinkTable
  webhook_policy: WebhookPolicyTable
  webhook_delivery: WebhookDeliveryTable
}
