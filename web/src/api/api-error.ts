interface Particulars {
  readonly reason?: string | undefined
  readonly requestId?: string | undefined
  readonly enrolment?: Enrolment | undefined
}

/** What an authenticator app takes up, where a login has to set one up first. */
export interface Enrolment {
  readonly secret: string
  readonly uri: string
}

/** Why a request was refused, as the API says it, or why there was no answer at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** 0: nobody answered. */
  readonly status: number
  /** Harbor's word, such as NOT_FOUND or FORBIDDEN. */
  readonly code: string

  /** The finest word that the registry has for it, such as QUOTA_EXCEEDED; the code where it says no more. */
  readonly reason: string

  /** The id by which an operator finds the request in the log; undefined where only the reader can help. */
  readonly requestId: string | undefined

  readonly enrolment: Enrolment | undefined

  constructor(
    status: number,
    code: string,
    message: string,
    { reason = code, requestId, enrolment }: Particulars = {},
  ) {
    const isForOperator = status >= 500 || status === 429
    super(requestId === undefined ? message : message.replace(` (request ${requestId})`, ''))
    this.reason = reason
    this.enrolment = enrolment
    this.requestId = isForOperator ? requestId : undefined
    this.status = status
    this.code = code
  }
}

/** What a page can say by the status alone, in the reader's language: keys of the catalogue `errors`. */
export type Trouble =
  | 'unreachable'
  | 'signedOut'
  | 'forbidden'
  | 'notFound'
  | 'conflict'
  | 'refused'
  | 'precondition'
  | 'tooLarge'
  | 'tooMany'
  | 'notBuilt'
  | 'busy'
  | 'failed'

const troubles: Readonly<Record<number, Trouble>> = {
  0: 'unreachable',
  400: 'refused',
  401: 'signedOut',
  403: 'forbidden',
  404: 'notFound',
  405: 'refused',
  409: 'conflict',
  412: 'precondition',
  413: 'tooLarge',
  422: 'refused',
  429: 'tooMany',
  501: 'notBuilt',
  503: 'busy',
}

export function troubleOf(error: unknown): Trouble {
  return error instanceof ApiError ? (troubles[error.status] ?? 'failed') : 'failed'
}

/** Reasons that have a sentence of their own: keys of the catalogue `errors.reasons`. */
export const reasons = [
  'NAME_TAKEN',
  'EMAIL_TAKEN',
  'TAG_TAKEN',
  'TAGS_MOVED',
  'TAG_IMMUTABLE',
  'TAG_PROTECTED',
  'SIGNATURE_REFUSED',
  'MEMBER_ALREADY',
  'PROJECT_NOT_EMPTY',
  'LAST_ADMINISTRATOR',
  'OWN_ACCOUNT',
  'PUSHED_MEANWHILE',
  'VULNERABILITY_DATA_TOO_OLD',
  'QUOTA_EXCEEDED',
  'READ_ONLY',
  'POLICY_VIOLATION',
  'PROXY_PROJECT',
  'PROXY_UNSUPPORTED',
  'UPSTREAM_DENIED',
  'UPSTREAM_LIMITED',
  'UPSTREAM_UNAVAILABLE',
  'SCANNER_UNREACHABLE',
  'SECRET_UNREADABLE',
  'FORBIDDEN',
  'DELETE_DISABLED',
  'STORAGE_FULL',
  'REFERENCED',
  'SECOND_FACTOR_REQUIRED',
  'SECOND_FACTOR_UNSET',
  'SECOND_FACTOR_WRONG',
  'STEP_UP_REQUIRED',
  'PASSWORD_WRONG',
  'PASSWORD_TOO_SHORT',
  'PASSWORD_USED_BEFORE',
  'PASSWORD_EXPIRED',
  'PASSKEY_REFUSED',
] as const
export type Reason = (typeof reasons)[number]

export function reasonOf(error: unknown): Reason | undefined {
  return error instanceof ApiError ? reasons.find((reason) => reason === error.reason) : undefined
}

interface ErrorBody {
  readonly code: string
  readonly message: string
  readonly enrolment?: Enrolment
}

/** Harbor's body of an error; undefined when it is none. */
export function parseErrorBody(text: string): ErrorBody | undefined {
  try {
    const { errors, second_factor: enrolment } = JSON.parse(text) as {
      errors?: readonly { code?: unknown; message?: unknown }[]
      second_factor?: Enrolment
    }
    const [first] = errors ?? []
    if (typeof first?.message === 'string')
      return {
        code: String(first.code ?? 'UNKNOWN'),
        message: first.message,
        ...(enrolment === undefined ? {} : { enrolment }),
      }
  } catch {
    // Not JSON: whatever answered is no API.
  }
  return undefined
}
