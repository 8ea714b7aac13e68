import { budgets, parseForeignJson } from '#contract/budget.ts'
import { ContractError, quoted } from '#contract/contract-error.ts'

/** Why another registry could not be used. Programs decide by these words: they do not change. */
export type RegistryFailureCode =
  /** No such host, no connection, or a certificate that is not trusted. */
  | 'UNREACHABLE'
  /** No connection, no answer, or too few bytes in the time that there is for it. */
  | 'TIMED_OUT'
  /** An address that is not called: this machine, its link, metadata of a cloud. */
  | 'ADDRESS_REFUSED'
  /** A redirect from HTTPS to HTTP, to another protocol, or without end. */
  | 'REDIRECT_REFUSED'
  /** The token service is on a host that is not given the credential. */
  | 'TOKEN_SERVICE_NOT_TRUSTED'
  /** It wants to know who asks, and what it was told is not good. */
  | 'UNAUTHORIZED'
  /** It knows who asks, and does not allow it. */
  | 'DENIED'
  /** The repository, manifest, blob or upload is not there. */
  | 'UNKNOWN'
  | 'RATE_LIMITED'
  /** It fails itself (5xx), also after some tries. */
  | 'UNAVAILABLE'
  /** The bytes ended before they were complete, also after some tries. */
  | 'CUT'
  | 'DIGEST_MISMATCH'
  /** More bytes or more entries than are taken. */
  | 'TOO_LARGE'
  /** It does not know this request. */
  | 'UNSUPPORTED'
  /** It refuses the request for another reason (4xx). */
  | 'REFUSED'
  /** The answer is not one that the specification knows. */
  | 'INVALID_ANSWER'
  /** The name or reference is none that could be asked for. */
  | 'NAME_INVALID'

export interface FailureDetails {
  readonly status?: number | undefined
  /** The first code of the answer's error body, as in distribution-spec v1.1 §error-codes. */
  readonly remoteCode?: string | undefined
  /** How long the registry wants to be left alone. */
  readonly retryAfterMs?: number | undefined
  readonly cause?: unknown
}

/** A call to another registry failed. `message` names the host and, where there is one, the remedy. */
export class RegistryFailure extends Error {
  override readonly name = 'RegistryFailure'
  readonly code: RegistryFailureCode
  readonly status: number | undefined
  readonly remoteCode: string | undefined
  readonly retryAfterMs: number | undefined

  constructor(code: RegistryFailureCode, message: string, { cause, ...details }: FailureDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.status = details.status
    this.remoteCode = details.remoteCode
    this.retryAfterMs = details.retryAfterMs
  }
}

const byStatus: Readonly<Record<number, RegistryFailureCode>> = {
  401: 'UNAUTHORIZED',
  403: 'DENIED',
  404: 'UNKNOWN',
  405: 'UNSUPPORTED',
  408: 'UNAVAILABLE',
  413: 'TOO_LARGE',
  429: 'RATE_LIMITED',
  501: 'UNSUPPORTED',
}

export function codeOfStatus(status: number): RegistryFailureCode {
  const known = byStatus[status]
  if (known !== undefined) return known
  if (status >= 500) return 'UNAVAILABLE'
  return status >= 400 ? 'REFUSED' : 'INVALID_ANSWER'
}

/** The first error of an OCI error body; undefined when the text is none. */
export function firstError(text: string): { readonly code: string; readonly message: string } | undefined {
  let parsed: unknown
  try {
    parsed = parseForeignJson(text, budgets.remoteAnswer)
  } catch (error) {
    if (error instanceof ContractError) return undefined
    throw error
  }
  const errors = (parsed as { errors?: unknown } | null)?.errors
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined
  if (typeof first !== 'object' || first === null) return undefined
  const { code, message } = first as { code?: unknown; message?: unknown }
  return {
    code: typeof code === 'string' ? code.slice(0, 64) : '',
    message: typeof message === 'string' ? message : '',
  }
}

/** The registry's own words, cut and escaped, for the end of a sentence. */
export function remoteWords(text: string): string {
  const message = firstError(text)?.message ?? ''
  return message === '' ? '' : `: ${quoted(message)}`
}
