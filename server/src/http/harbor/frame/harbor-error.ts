import { currentRequestId, noteFailure, withRequestId } from '../../../domain/request-origin.ts'
import type { DomainError, DomainErrorCode } from '../../../domain/errors.ts'

/** The only place where a domain error becomes a status and a code of Harbor's API. */
const table: Readonly<Record<DomainErrorCode, readonly [status: number, code: string]>> = {
  BLOB_UNKNOWN: [404, 'NOT_FOUND'],
  ENDPOINT_UNKNOWN: [404, 'NOT_FOUND'],
  UPLOAD_UNKNOWN: [404, 'NOT_FOUND'],
  UPLOAD_INVALID: [400, 'BAD_REQUEST'],
  UPLOAD_OFFSET_WRONG: [400, 'BAD_REQUEST'],
  DIGEST_INVALID: [400, 'BAD_REQUEST'],
  DIGEST_MISMATCH: [400, 'BAD_REQUEST'],
  MANIFEST_BLOB_UNKNOWN: [404, 'NOT_FOUND'],
  MANIFEST_INVALID: [400, 'BAD_REQUEST'],
  MANIFEST_UNKNOWN: [404, 'NOT_FOUND'],
  MANIFEST_TOO_LARGE: [413, 'REQUEST_ENTITY_TOO_LARGE'],
  NAME_INVALID: [400, 'BAD_REQUEST'],
  TAG_INVALID: [400, 'BAD_REQUEST'],
  REPOSITORY_UNKNOWN: [404, 'NOT_FOUND'],
  PROJECT_UNKNOWN: [404, 'NOT_FOUND'],
  USER_UNKNOWN: [404, 'NOT_FOUND'],
  MEMBER_UNKNOWN: [404, 'NOT_FOUND'],
  GROUP_UNKNOWN: [404, 'NOT_FOUND'],
  ROLE_UNKNOWN: [404, 'NOT_FOUND'],
  TOKEN_UNKNOWN: [404, 'NOT_FOUND'],
  QUOTA_UNKNOWN: [404, 'NOT_FOUND'],
  RULE_UNKNOWN: [404, 'NOT_FOUND'],
  TRASH_ENTRY_UNKNOWN: [404, 'NOT_FOUND'],
  RETENTION_UNKNOWN: [404, 'NOT_FOUND'],
  SCANNER_UNKNOWN: [404, 'NOT_FOUND'],
  VEX_UNKNOWN: [404, 'NOT_FOUND'],
  SIGNER_UNKNOWN: [404, 'NOT_FOUND'],
  SIGNATURE_KEY_UNKNOWN: [404, 'NOT_FOUND'],
  SIGNING_REQUEST_UNKNOWN: [404, 'NOT_FOUND'],
  WEBHOOK_UNKNOWN: [404, 'NOT_FOUND'],
  REPLICATION_UNKNOWN: [404, 'NOT_FOUND'],
  CERTIFICATE_UNKNOWN: [404, 'NOT_FOUND'],
  REPORT_UNKNOWN: [404, 'NOT_FOUND'],
  GENERATION_UNKNOWN: [404, 'NOT_FOUND'],
  QUOTA_EXCEEDED: [403, 'DENIED'],
  ROBOT_UNKNOWN: [404, 'NOT_FOUND'],
  REGISTRY_UNKNOWN: [404, 'NOT_FOUND'],
  LABEL_UNKNOWN: [404, 'NOT_FOUND'],
  METADATA_UNKNOWN: [404, 'NOT_FOUND'],
  JOB_UNKNOWN: [404, 'NOT_FOUND'],
  CONSUMER_UNKNOWN: [404, 'NOT_FOUND'],
  CURSOR_EXPIRED: [410, 'CURSOR_EXPIRED'],
  CONFLICT: [409, 'CONFLICT'],
  BAD_REQUEST: [400, 'BAD_REQUEST'],
  VALIDATION: [422, 'UNPROCESSABLE_ENTITY'],
  MEDIA_TYPE_UNSUPPORTED: [415, 'UNSUPPORTED_MEDIA_TYPE'],
  SIZE_INVALID: [400, 'BAD_REQUEST'],
  RANGE_NOT_SATISFIABLE: [416, 'BAD_REQUEST'],
  UNAUTHENTICATED: [401, 'UNAUTHORIZED'],
  FORBIDDEN: [403, 'FORBIDDEN'],
  UNSUPPORTED: [400, 'UNSUPPORTED'],
  DELETE_DISABLED: [405, 'METHOD_NOT_ALLOWED'],
  READ_ONLY: [403, 'DENIED'],
  REFERENCED: [412, 'VIOLATE_FOREIGN_KEY_CONSTRAINT'],
  PRECONDITION: [412, 'PRECONDITION'],
  PROXY_PROJECT: [403, 'DENIED'],
  PROXY_UNSUPPORTED: [405, 'METHOD_NOT_ALLOWED'],
  UPSTREAM_DENIED: [403, 'DENIED'],
  UPSTREAM_LIMITED: [429, 'TOO_MANY_REQUEST'],
  UPSTREAM_UNAVAILABLE: [503, 'UNKNOWN'],
  POLICY_VIOLATION: [412, 'PROJECTPOLICYVIOLATION'],
  TOO_MANY_REQUESTS: [429, 'TOO_MANY_REQUEST'],
  STORAGE_FULL: [507, 'UNKNOWN'],
  UNAVAILABLE: [503, 'UNKNOWN'],
  SECRET_UNREADABLE: [500, 'UNKNOWN'],
  // Harbor's own status for it, which its clients look for.
  SCANNER_UNREACHABLE: [500, 'UNKNOWN'],
}

export const statusOf = (code: DomainErrorCode): number => table[code][0]

/**
 * `{"errors":[{code, message}]}` with a newline behind it, as Harbor writes it. Failures for which people ask their
 * operator have `detail.request_id` too; decoders of Harbor's clients pass over fields that they do not know.
 */
export function harborError(
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): Response {
  const requestId = isForOperator(status) ? currentRequestId() : undefined
  const detail = requestId === undefined ? {} : { detail: { request_id: requestId } }
  return new Response(`${JSON.stringify({ errors: [{ code, message, ...detail }] })}\n`, {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  })
}

const isForOperator = (status: number): boolean => (status >= 500 && status !== 501) || status === 429

/** The header that tells a finer reason than Harbor's code, which is DENIED for a full quota and for a registry that is read-only. */
const reasonHeader = 'x-berth-error'

/** What a batch says of a row: the same words as the answer to it alone. */
export function refusalOf(error: DomainError): { status: number; code: string; reason: string; message: string } {
  const [status, code] = table[error.code]
  const message = isForOperator(status) ? withRequestId(error.message) : error.message
  return { status, code, reason: error.reason, message }
}

export function harborErrorOf(error: DomainError): Response {
  noteFailure(error)
  const { status, code, reason, message } = refusalOf(error)
  const retry =
    error.retryAfterSeconds === undefined ? {} : { 'retry-after': String(Math.ceil(error.retryAfterSeconds)) }
  return harborError(status, code, message, { [reasonHeader]: reason, ...retry })
}
