import type { Generated } from 'kysely'
import type {
  OidcSessionTable,
  PendingSignInTable,
  PersonalTokenTable,
  RoleTable,
  TrustRuleTable,
  UserGroupMemberTable,
  UserGroupTable,
} from './schema-identities.ts'
import type { ActivitySampleTable, StorageSampleTable } from './schema-activity.ts'
import type { JobKindTable, JobLogTable, JobScheduleTable, JobTable, JobWorkerTable } from './schema-jobs.ts'
import type {
  ImmutabilityRuleTable,
  ProjectBlobTable,
  ProjectUsageTable,
  QuotaReservationTable,
  QuotaTable,
  RetentionPolicyTable,
  TagMoveTable,
} from './schema-policies.ts'
import type { BlobDamageTable, ScrubProgressTable, StorageHoldTable } from './schema-storage.ts'
import type { ArtifactReviewTable, SubjectReviewTable, TrashBlobTable, TrashEntryTable } from './schema-trash.ts'

/**
 * Column conventions, the same in SQLite and PostgreSQL: times are milliseconds since the epoch,
 * flags are 0 or 1, sizes are bytes, JSON is text. Ids are never reused.
 */
export type Flag = 0 | 1

export interface UserAccountTable {
  id: Generated<number>
  username: string
  email: string | null
  real_name: string
  comment: string
  /** PHC string; null when the account cannot sign in with a password. */
  password_hash: string | null
  admin: Flag
  disabled: Flag
  /** Tokens and cached credentials from before this moment are void. */
  credentials_changed_at: number
  /** Who vouches for the account. */
  source: Generated<'local' | 'ldap' | 'oidc'>
  /** What it is called there: a distinguished name; `issuer subject`. */
  external_id: string | null
  /** A group makes it an administrator for as long as it is in there. */
  admin_by_group: Generated<Flag>
  created_at: number
  updated_at: number
}

export interface ProjectTable {
  id: Generated<number>
  name: string
  owner_id: number | null
  public: Flag
  created_at: number
  updated_at: number
}

export interface ProjectMemberTable {
  id: Generated<number>
  project_id: number
  entity_type: 'user' | 'group'
  entity_id: number
  /** Harbor's role ids: projectAdmin 1, developer 2, guest 3, maintainer 4, limitedGuest 5; from 101 on composed ones. */
  role_id: number
  created_at: number
}

/** Every property of a project but `public`, which is a column. Values are text, as Harbor's are. */
export interface ProjectMetadataTable {
  project_id: number
  name: string
  value: string
}

export interface ProjectCveAllowlistTable {
  project_id: number
  /** Null: it does not expire. */
  expires_at: number | null
  /** JSON array of CVE ids. */
  items: string
  created_at: number
  updated_at: number
}

/** A browser that signed in. */
export interface SessionTable {
  /** SHA-256 of the cookie: who reads the table cannot use it. */
  id_hash: string
  user_id: number
  /** `credentials_changed_at` of the account when it signed in; another one ends the session. */
  account_version: number
  created_at: number
  expires_at: number
}

/** What an administrator changed at run time; a setting that was never changed has no row. */
export interface SettingTable {
  name: string
  /** JSON. */
  value: string
  updated_at: number
}

export interface RepositoryTable {
  id: Generated<number>
  project_id: number
  /** The full name, `project/rest`. */
  name: string
  description: string
  pull_count: Generated<number>
  created_at: number
  updated_at: number
}

/** Bytes known by digest. `gone` is the absence of the row; its bytes are then in `blob_trash`. */
export interface BlobTable {
  digest: string
  size: number
  location: string
  state: 'live' | 'condemned'
  condemned_at: number | null
  created_at: number
}

/** Bytes that no row needs any more and that wait to be deleted. */
export interface BlobTrashTable {
  location: string
  digest: string
  size: number
  trashed_at: number
}

/** The only thing that makes a blob readable through a repository (invariant 4). */
export interface RepositoryBlobTable {
  repository_id: number
  digest: string
  /** The lease: until then the link stays even when no manifest refers to it. */
  protected_until: number
  created_at: number
}

/**
 * Links to look at again, so that garbage collection costs in proportion to what changed and never walks
 * the store: written when a link's lease begins and when an artifact that used it goes.
 */
export interface LinkReviewTable {
  repository_id: number
  digest: string
  review_after: number
}

export interface ArtifactTable {
  id: Generated<number>
  repository_id: number
  digest: string
  media_type: string
  /** artifactType, or config.mediaType of an image manifest without one; '' when there is neither. */
  artifact_type: string
  /** Bytes of the manifest itself. */
  manifest_size: number
  /** Bytes of the manifest and of everything it names directly; each digest once. */
  size: number
  subject_digest: string | null
  /** JSON object of the manifest's annotations, or null. */
  annotations: string | null
  pushed_at: number
  pulled_at: number | null
}

/** A word that people put on artifacts. */
export interface LabelTable {
  id: Generated<number>
  /** Null: a label of the registry, for every project. */
  project_id: number | null
  name: string
  description: string
  color: string
  created_at: number
  updated_at: number
}

export interface ArtifactLabelTable {
  artifact_id: number
  label_id: number
}

/** Manifest bytes, exactly as pushed. */
export interface ArtifactPayloadTable {
  artifact_id: number
  bytes: Uint8Array
}

export interface ArtifactBlobTable {
  artifact_id: number
  repository_id: number
  digest: string
}

export interface ArtifactChildTable {
  parent_id: number
  child_id: number
}

export interface TagTable {
  id: Generated<number>
  repository_id: number
  name: string
  artifact_id: number
  pushed_at: number
  pulled_at: number | null
}

export interface UploadTable {
  id: string
  repository_id: number
  /** Who created the session (`actorKey`); nobody else can touch it. */
  actor: string
  /** Bytes acknowledged so far. */
  offset: number
  algorithm: 'sha256' | 'sha512'
  created_at: number
  expires_at: number
}

/** The outbox: one row per mutation, written in the transaction of the mutation (invariant 6). */
export interface EventTable {
  id: Generated<number>
  type: string
  occurred_at: number
  actor: string
  project_id: number | null
  /** What it was done to, in words: `library/nginx:v1`, a username, a project name. */
  resource: string
  /** JSON object, shape by type. */
  payload: string
  /** Who did it, as people know them; what was claimed when a login failed. Empty: the event is older than the column. */
  username: Generated<string>
  /** Where the request came from; empty where no request was. */
  client_address: Generated<string>
  succeeded: Generated<Flag>
}

/** A machine account. */
export interface RobotTable {
  id: Generated<number>
  /** Null: a robot of the registry itself. */
  project_id: number | null
  /** Without the prefix and the project's name, which make it a username. */
  name: string
  description: string
  /** `sha256$salt$tag` of a secret that we made, a PHC string for one that somebody chose. */
  secret_hash: string
  disabled: Flag
  /** -1: for ever. */
  duration_days: number
  expires_at: number | null
  creator_type: 'local' | 'robot'
  creator_id: number | null
  /** Tokens from before this moment are void. */
  credentials_changed_at: number
  created_at: number
  updated_at: number
}

export interface RobotPermissionTable {
  robot_id: number
  position: number
  scope: 'system' | 'every-project' | 'project'
  /** There for `project` alone. */
  project_id: number | null
  /** JSON array of `resource:action`. */
  access: string
}

/** A remote registry. */
export interface RegistryTable {
  id: Generated<number>
  name: string
  type: string
  url: string
  description: string
  insecure: Flag
  /** PEM. */
  ca_certificate: string | null
  credential_type: string
  access_key: string
  access_secret: string
  status: string
  created_at: number
  updated_at: number
}

/** One row at the most. */
export interface SystemCveAllowlistTable {
  id: 1
  expires_at: number | null
  /** JSON array of CVE ids. */
  items: string
  created_at: number
  updated_at: number
}

export interface SigningKeyTable {
  kid: string
  algorithm: string
  /** JSON Web Key with the private part. */
  private_jwk: string
  created_at: number
  /** Signs nothing from then on; still verifies until the last token it signed has expired. */
  retired_at: number | null
}

/** Work that at most one process does at a time. */
export interface LeaseTable {
  name: string
  holder: string
  expires_at: number
}

export interface Schema {
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
  retention_policy: RetentionPolicyTable
  project_metadata: ProjectMetadataTable
  project_cve_allowlist: ProjectCveAllowlistTable
  repository: RepositoryTable
  blob: BlobTable
  blob_trash: BlobTrashTable
  blob_damage: BlobDamageTable
  storage_hold: StorageHoldTable
  scrub_progress: ScrubProgressTable
  repository_blob: RepositoryBlobTable
  link_review: LinkReviewTable
  label: LabelTable
  artifact_label: ArtifactLabelTable
  artifact: ArtifactTable
  artifact_payload: ArtifactPayloadTable
  artifact_blob: ArtifactBlobTable
  artifact_child: ArtifactChildTable
  tag: TagTable
  tag_move: TagMoveTable
  trash_entry: TrashEntryTable
  trash_blob: TrashBlobTable
  artifact_review: ArtifactReviewTable
  subject_review: SubjectReviewTable
  upload: UploadTable
  event: EventTable
  signing_key: SigningKeyTable
  lease: LeaseTable
  activity_sample: ActivitySampleTable
  storage_sample: StorageSampleTable
  job: JobTable
  job_log: JobLogTable
  job_schedule: JobScheduleTable
  job_kind: JobKindTable
  job_worker: JobWorkerTable
  session: SessionTable
  setting: SettingTable
  robot: RobotTable
  robot_permission: RobotPermissionTable
  trust_rule: TrustRuleTable
  registry: RegistryTable
  system_cve_allowlist: SystemCveAllowlistTable
}
