/** distribution-spec v1.1 §error-codes: the whole list. */
export const ociErrorCodes = [
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'DENIED',
  'UNSUPPORTED',
  'TOOMANYREQUESTS',
] as const

/** The one code beyond the list that this registry uses: Harbor's clients look for it when a policy holds a manifest back. */
export const policyViolation = 'PROJECTPOLICYVIOLATION'

export type OciErrorCode = (typeof ociErrorCodes)[number] | typeof policyViolation

export interface OciError {
  readonly code: OciErrorCode
  readonly message: string
  readonly detail?: unknown
}

export interface OciErrorBody {
  readonly errors: readonly OciError[]
}

/** The body of a failed `/v2` request; a missing detail is left out. */
export function ociErrorBody(errors: readonly OciError[]): OciErrorBody {
  return {
    errors: errors.map(({ code, message, detail }) =>
      detail === undefined ? { code, message } : { code, message, detail },
    ),
  }
}
