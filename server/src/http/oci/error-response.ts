import { ContractError, type ContractErrorCode } from '#contract/contract-error.ts'
import { ociErrorBody, policyViolation, type OciErrorCode } from '#contract/oci-errors.ts'
import { DatabaseBusy, DatabaseCorrupt, DatabaseUnavailable, UnstorableValue } from '../../database/database.ts'
import { isForeignKeyViolation } from '../../database/violations.ts'
import { DomainError, type DomainErrorCode } from '../../domain/errors.ts'
import { currentRequestId, noteFailure, withRequestId } from '../../domain/request-origin.ts'
import { BodyIncomplete, ClientTooSlow } from '../../runtime/listener.ts'
import { StorageFull, StorageUnavailable } from '../../storage/blob-store.ts'

/** The only place where a domain error becomes a status of /v2 and a code of distribution-spec v1.1 §error-codes. */
const table: Readonly<Record<DomainErrorCode, readonly [status: number, code: OciErrorCode]>> = {
  BLOB_UNKNOWN: [404, 'BLOB_UNKNOWN'],
  UPLOAD_UNKNOWN: [404, 'BLOB_UPLOAD_UNKNOWN'],
  UPLOAD_INVALID: [400, 'BLOB_UPLOAD_INVALID'],
  UPLOAD_OFFSET_WRONG: [416, 'BLOB_UPLOAD_INVALID'],
  DIGEST_INVALID: [400, 'DIGEST_INVALID'],
  DIGEST_MISMATCH: [400, 'DIGEST_INVALID'],
  MANIFEST_BLOB_UNKNOWN: [404, 'MANIFEST_BLOB_UNKNOWN'],
  MANIFEST_INVALID: [400, 'MANIFEST_INVALID'],
  MANIFEST_UNKNOWN: [404, 'MANIFEST_UNKNOWN'],
  MANIFEST_TOO_LARGE: [413, 'SIZE_INVALID'],
  NAME_INVALID: [400, 'NAME_INVALID'],
  TAG_INVALID: [400, 'MANIFEST_INVALID'],
  REPOSITORY_UNKNOWN: [404, 'NAME_UNKNOWN'],
  PROJECT_UNKNOWN: [404, 'NAME_UNKNOWN'],
  USER_UNKNOWN: [404, 'NAME_UNKNOWN'],
  MEMBER_UNKNOWN: [404, 'NAME_UNKNOWN'],
  GROUP_UNKNOWN: [404, 'NAME_UNKNOWN'],
  ROLE_UNKNOWN: [404, 'NAME_UNKNOWN'],
  TOKEN_UNKNOWN: [404, 'NAME_UNKNOWN'],
  QUOTA_UNKNOWN: [404, 'NAME_UNKNOWN'],
  RULE_UNKNOWN: [404, 'NAME_UNKNOWN'],
  TRASH_ENTRY_UNKNOWN: [404, 'NAME_UNKNOWN'],
  SCANNER_UNKNOWN: [404, 'NAME_UNKNOWN'],
  VEX_UNKNOWN: [404, 'NAME_UNKNOWN'],
  SIGNER_UNKNOWN: [404, 'NAME_UNKNOWN'],
  SIGNATURE_KEY_UNKNOWN: [404, 'NAME_UNKNOWN'],
  SIGNING_REQUEST_UNKNOWN: [404, 'NAME_UNKNOWN'],
  WEBHOOK_UNKNOWN: [404, 'NAME_UNKNOWN'],
  REPLICATION_UNKNOWN: [404, 'NAME_UNKNOWN'],
  CERTIFICATE_UNKNOWN: [404, 'NAME_UNKNOWN'],
  REPORT_UNKNOWN: [404, 'NAME_UNKNOWN'],
  GENERATION_UNKNOWN: [404, 'NAME_UNKNOWN'],
  RETENTION_UNKNOWN: [404, 'NAME_UNKNOWN'],
  QUOTA_EXCEEDED: [403, 'DENIED'],
  ROBOT_UNKNOWN: [404, 'NAME_UNKNOWN'],
  REGISTRY_UNKNOWN: [404, 'NAME_UNKNOWN'],
  LABEL_UNKNOWN: [404, 'NAME_UNKNOWN'],
  METADATA_UNKNOWN: [404, 'NAME_UNKNOWN'],
  JOB_UNKNOWN: [404, 'NAME_UNKNOWN'],
  CONSUMER_UNKNOWN: [404, 'NAME_UNKNOWN'],
  CURSOR_EXPIRED: [410, 'UNSUPPORTED'],
  CONFLICT: [409, 'DENIED'],
  BAD_REQUEST: [400, 'UNSUPPORTED'],
  VALIDATION: [422, 'UNSUPPORTED'],
  MEDIA_TYPE_UNSUPPORTED: [415, 'UNSUPPORTED'],
  SIZE_INVALID: [400, 'SIZE_INVALID'],
  RANGE_NOT_SATISFIABLE: [416, 'SIZE_INVALID'],
  UNAUTHENTICATED: [401, 'UNAUTHORIZED'],
  FORBIDDEN: [403, 'DENIED'],
  UNSUPPORTED: [400, 'UNSUPPORTED'],
  ENDPOINT_UNKNOWN: [404, 'UNSUPPORTED'],
  DELETE_DISABLED: [405, 'UNSUPPORTED'],
  READ_ONLY: [403, 'DENIED'],
  REFERENCED: [412, 'DENIED'],
  PRECONDITION: [412, 'DENIED'],
  PROXY_PROJECT: [403, 'DENIED'],
  PROXY_UNSUPPORTED: [405, 'UNSUPPORTED'],
  UPSTREAM_DENIED: [403, 'DENIED'],
  UPSTREAM_LIMITED: [429, 'TOOMANYREQUESTS'],
  UPSTREAM_UNAVAILABLE: [503, 'UNSUPPORTED'],
  POLICY_VIOLATION: [412, policyViolation],
  TOO_MANY_REQUESTS: [429, 'TOOMANYREQUESTS'],
  STORAGE_FULL: [507, 'DENIED'],
  UNAVAILABLE: [503, 'UNSUPPORTED'],
  SECRET_UNREADABLE: [500, 'UNSUPPORTED'],
  SCANNER_UNREACHABLE: [500, 'UNSUPPORTED'],
}

export function statusOf(code: DomainErrorCode): number {
  return table[code][0]
}

/**
 * The error as an answer of /v2; undefined for an unforeseen one: the router logs that and tells the client no more
 * than "internal error".
 */
export function errorResponse(thrown: unknown): Response | undefined {
  const error = asDomainError(thrown)
  if (error === undefined) return undefined
  noteFailure(error)
  const [status, code] = table[error.code]
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] = String(Math.ceil(error.retryAfterSeconds))
  if (error.code === 'RANGE_NOT_SATISFIABLE') headers['content-range'] = `bytes */${String(error.detail?.sizeBytes)}`
  const body = ociErrorBody([
    {
      code,
      message: isForOperator(status) ? withRequestId(error.message) : error.message,
      ...detailOf(error, status),
    },
  ])
  return new Response(JSON.stringify(body), { status, headers })
}

/** With the id of the request, except in the 401 and 404 that clients meet on every push and show to nobody. */
function detailOf({ detail }: DomainError, status: number): { detail?: Record<string, unknown> } {
  const requestId = status === 401 || status === 404 ? undefined : currentRequestId()
  if (requestId === undefined) return detail === undefined ? {} : { detail }
  return { detail: { ...detail, request_id: requestId } }
}

/** Refusals for which people ask the operator of the registry. */
const isForOperator = (status: number): boolean => status >= 500 || status === 429

/** Failures of parsers and of the machine below, in the domain's words. */
export function asDomainError(thrown: unknown): DomainError | undefined {
  if (thrown instanceof DomainError) return thrown
  if (thrown instanceof ContractError) return new DomainError(contractCodes[thrown.code], thrown.message)
  // The client's fault. It is not logged as an error, because a client could fill the log by hanging up.
  if (thrown instanceof BodyIncomplete || thrown instanceof ClientTooSlow) {
    return new DomainError('SIZE_INVALID', 'the body of the request ended, or stopped, before it was complete')
  }
  if (thrown instanceof UnstorableValue) {
    return new DomainError('BAD_REQUEST', `a value of the request cannot be used: ${thrown.message}`)
  }
  const cause = thrown
  if (thrown instanceof StorageFull) {
    return new DomainError(
      'STORAGE_FULL',
      'the registry has no space left; reading goes on, an administrator must free space',
      { cause },
    )
  }
  // The domain looked before it wrote: what a row refers to has gone in between.
  if (isForeignKeyViolation(thrown)) {
    return new DomainError(
      'CONFLICT',
      'something that this request refers to was deleted at the same moment; look what is there, and ask again',
      { cause },
    )
  }
  if (thrown instanceof DatabaseCorrupt) {
    const message =
      'the database of the registry is damaged; trying again does not help, its operator must restore a backup'
    return new DomainError('UNAVAILABLE', message, { cause })
  }
  if (thrown instanceof DatabaseBusy || thrown instanceof DatabaseUnavailable || thrown instanceof StorageUnavailable) {
    return new DomainError('UNAVAILABLE', 'the registry cannot do this just now; try again', {
      cause,
      retryAfterSeconds: 5,
    })
  }
  return undefined
}

const contractCodes: Readonly<Record<ContractErrorCode, DomainErrorCode>> = {
  DIGEST_INVALID: 'DIGEST_INVALID',
  NAME_INVALID: 'NAME_INVALID',
  TAG_INVALID: 'TAG_INVALID',
  MANIFEST_INVALID: 'MANIFEST_INVALID',
  SCOPE_INVALID: 'BAD_REQUEST',
  PAGE_INVALID: 'BAD_REQUEST',
  PATTERN_INVALID: 'BAD_REQUEST',
  TEXT_INVALID: 'BAD_REQUEST',
}
