/**
 * The errors of the domain, each with a code that never changes. The edges map codes to their own protocol:
 * http/oci/error-response.ts, http/harbor/frame/harbor-error.ts. A domain error knows nothing of HTTP.
 */
export type DomainErrorCode =
  | 'BLOB_UNKNOWN'
  | 'UPLOAD_UNKNOWN'
  | 'UPLOAD_INVALID'
  | 'UPLOAD_OFFSET_WRONG'
  | 'DIGEST_INVALID'
  | 'DIGEST_MISMATCH'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'MANIFEST_TOO_LARGE'
  | 'NAME_INVALID'
  | 'TAG_INVALID'
  | 'REPOSITORY_UNKNOWN'
  | 'PROJECT_UNKNOWN'
  | 'USER_UNKNOWN'
  | 'MEMBER_UNKNOWN'
  | 'GROUP_UNKNOWN'
  | 'ROLE_UNKNOWN'
  | 'TOKEN_UNKNOWN'
  | 'ROBOT_UNKNOWN'
  | 'REGISTRY_UNKNOWN'
  | 'LABEL_UNKNOWN'
  | 'METADATA_UNKNOWN'
  | 'QUOTA_UNKNOWN'
  | 'RULE_UNKNOWN'
  | 'JOB_UNKNOWN'
  | 'CONSUMER_UNKNOWN'
  | 'CURSOR_EXPIRED'
  | 'TRASH_ENTRY_UNKNOWN'
  | 'RETENTION_UNKNOWN'
  | 'REPORT_UNKNOWN'
  | 'SCANNER_UNKNOWN'
  | 'VEX_UNKNOWN'
  | 'SIGNER_UNKNOWN'
  | 'SIGNATURE_KEY_UNKNOWN'
  | 'SIGNING_REQUEST_UNKNOWN'
  | 'WEBHOOK_UNKNOWN'
  | 'REPLICATION_UNKNOWN'
  | 'CERTIFICATE_UNKNOWN'
  | 'SCANNER_UNREACHABLE'
  | 'GENERATION_UNKNOWN'
  | 'QUOTA_EXCEEDED'
  | 'CONFLICT'
  | 'BAD_REQUEST'
  | 'VALIDATION'
  | 'MEDIA_TYPE_UNSUPPORTED'
  | 'SIZE_INVALID'
  | 'RANGE_NOT_SATISFIABLE'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'UNSUPPORTED'
  | 'DELETE_DISABLED'
  | 'READ_ONLY'
  | 'ENDPOINT_UNKNOWN'
  | 'REFERENCED'
  | 'PRECONDITION'
  | 'PROXY_PROJECT'
  | 'PROXY_UNSUPPORTED'
  | 'UPSTREAM_DENIED'
  | 'UPSTREAM_LIMITED'
  | 'UPSTREAM_UNAVAILABLE'
  | 'POLICY_VIOLATION'
  | 'TOO_MANY_REQUESTS'
  | 'STORAGE_FULL'
  | 'UNAVAILABLE'
  | 'SECRET_UNREADABLE'

/**
 * A finer word where one code has several causes, for a reader that has to tell them apart: the console has a sentence for
 * each in its languages. Harbor's API has no place for it in the body.
 */
export type ErrorReason =
  | 'NAME_TAKEN'
  | 'EMAIL_TAKEN'
  | 'TAG_TAKEN'
  | 'TAGS_MOVED'
  | 'TAG_IMMUTABLE'
  | 'TAG_PROTECTED'
  | 'SIGNATURE_REFUSED'
  | 'MEMBER_ALREADY'
  | 'PROJECT_NOT_EMPTY'
  | 'LAST_ADMINISTRATOR'
  | 'OWN_ACCOUNT'
  | 'PUSHED_MEANWHILE'
  | 'VULNERABILITY_DATA_TOO_OLD'
  | 'SECOND_FACTOR_REQUIRED'
  | 'SECOND_FACTOR_UNSET'
  | 'SECOND_FACTOR_WRONG'
  | 'PASSWORD_WRONG'
  | 'PASSWORD_TOO_SHORT'
  | 'PASSWORD_USED_BEFORE'
  | 'PASSWORD_EXPIRED'
  | 'PASSKEY_REFUSED'
  | 'STEP_UP_REQUIRED'

export interface DomainErrorOptions {
  /** Default: the code says it all. */
  reason?: ErrorReason
  /** Facts for the client, placed in the protocol's detail field. Never a secret, never another tenant's data. */
  detail?: Record<string, unknown>
  /** Seconds after which trying again makes sense. */
  retryAfterSeconds?: number
  cause?: unknown
}

/** `message` is for a person: what is wrong, and what to do next. */
export class DomainError extends Error {
  override readonly name = 'DomainError'
  readonly code: DomainErrorCode
  readonly reason: ErrorReason | DomainErrorCode
  readonly detail: Record<string, unknown> | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: DomainErrorCode, message: string, options: DomainErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.reason = options.reason ?? code
    this.detail = options.detail
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}
