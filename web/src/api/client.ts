import { ApiError, parseErrorBody } from './api-error.ts'
import { askForProof } from './step-up.ts'
import type { Operations } from './generated/operations.ts'

/** `GET /projects/{project_name_or_id}`: the method and the path as the API declares it, below /api/v2.0. */
export type Operation = keyof Operations

export type AnswerOf<Op extends Operation> = Operations[Op]['answer']

interface Parts<Op extends Operation> {
  readonly params: Operations[Op]['params']
  readonly query: Operations[Op]['query']
  readonly body: Operations[Op]['body']
}

type HasRequired<Value> = Value extends undefined ? false : {} extends Value ? false : true
type RequiredPart<Op extends Operation> = {
  [Part in keyof Parts<Op>]: HasRequired<Parts<Op>[Part]> extends true ? Part : never
}[keyof Parts<Op>]

/** Parameters of the path, the query and the body; what the operation cannot do without must be given. */
export type InputOf<Op extends Operation> = Pick<Parts<Op>, RequiredPart<Op>> & Partial<Parts<Op>> & CallOptions

interface CallOptions {
  readonly signal?: AbortSignal
  readonly headers?: Readonly<Record<string, string>>
}

/** No input where the operation needs none. */
export type InputArgument<Op extends Operation> =
  RequiredPart<Op> extends never ? [input?: InputOf<Op>] : [input: InputOf<Op>]

const csrfHeader = 'x-harbor-csrf-token'
const safeMethods = new Set(['GET', 'HEAD'])

let csrfToken: string | undefined
let onSignedOut: () => void = () => undefined

/** Calls `listener` when the server no longer knows the session of somebody who had signed in. */
export function onSessionEnded(listener: () => void): void {
  onSignedOut = listener
}

/** The answer of one operation. @throws ApiError */
export async function call<Op extends Operation>(operation: Op, ...[input]: InputArgument<Op>): Promise<AnswerOf<Op>> {
  const response = await send(operation, input as AnyInput | undefined)
  return (await bodyOf(response)) as AnswerOf<Op>
}

/** One page of a list, and how many rows there are in all (undefined where the operation does not say). */
export interface Rows<Row> {
  readonly rows: readonly Row[]
  readonly total: number | undefined
  /** The query of the next page, of an operation that leads there by its Link header. */
  readonly next: Readonly<Record<string, string>> | undefined
}

export type RowOf<Op extends Operation> = AnswerOf<Op> extends readonly (infer Row)[] ? Row : never

/** Of an operation that lists: its rows, with the total from the header. @throws ApiError */
export async function callForRows<Op extends Operation>(operation: Op, input: InputOf<Op>): Promise<Rows<RowOf<Op>>> {
  const response = await send(operation, input as AnyInput)
  const total = response.headers.get('x-total-count')
  const rows = (await bodyOf(response)) as readonly RowOf<Op>[] | null
  const next = nextQuery(response.headers.get('link'))
  return { rows: rows ?? [], total: total === null ? undefined : Number(total), next }
}

/** `</api/v2.0/…?before=7>; rel="next"` (RFC 8288). */
function nextQuery(link: string | null): Record<string, string> | undefined {
  const [, address] = /<([^>]*)>\s*;[^,]*rel="next"/.exec(link ?? '') ?? []
  return address === undefined ? undefined : Object.fromEntries(new URL(address, window.location.origin).searchParams)
}

interface AnyInput extends CallOptions {
  readonly params?: Readonly<Record<string, string | number>>
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
}

async function send(operation: Operation, input: AnyInput = {}): Promise<Response> {
  const [method = 'GET', template = ''] = operation.split(' ')
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeParameter(name, input.params?.[name]))
  const body = input.body === undefined ? undefined : JSON.stringify(input.body)
  return await fetchChecked(`/api/v2.0${path}${queryOf(input.query)}`, {
    method,
    ...(body === undefined ? {} : { body }),
    headers: {
      accept: 'application/json',
      // A project that is called 42 is meant by its name.
      ...(/\{project_name/.test(template) ? { 'x-is-resource-name': String(isName(input.params)) } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...input.headers,
    },
    ...(input.signal === undefined ? {} : { signal: input.signal }),
  })
}

function isName(params: AnyInput['params']): boolean {
  return typeof (params?.['project_name_or_id'] ?? params?.['project_name']) === 'string'
}

/** Names of repositories are encoded twice, as Harbor's clients do: some proxies undo one of the two. */
function encodeParameter(name: string, value: string | number | undefined): string {
  const once = encodeURIComponent(String(value ?? ''))
  return name === 'repository_name' ? encodeURIComponent(once) : once
}

function queryOf(query: AnyInput['query'] = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text()
  if (text === '') return undefined
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  return isJson ? JSON.parse(text) : text
}

/**
 * A request to the server that this page comes from, with what proves it. For addresses beside the API; everything
 * below /api/v2.0 goes through `call`. @throws ApiError
 */
export async function fetchChecked(
  url: string,
  init: RequestInit & { headers?: Record<string, string> },
): Promise<Response> {
  const safe = safeMethods.has(init.method ?? 'GET')
  if (!safe && csrfToken === undefined) await startSession()
  let response = await sendOnce(url, init)
  // The secret behind the token is gone (another tab, a restart): its answer brought a new one.
  if (!safe && response.status === 403 && (await response.clone().text()).includes('CSRF'))
    response = await sendOnce(url, init)
  // An act that outlives the session: who is here shows a code, and it goes on.
  if (response.headers.get('x-berth-error') === 'STEP_UP_REQUIRED' && (await askForProof()))
    response = await sendOnce(url, init)
  if (response.ok) return response
  throw refusalOf(response.status, await response.text(), (name) => response.headers.get(name))
}

/** What an answer that is no success says; status 0: there was none. */
export function refusalOf(status: number, text: string, header: (name: string) => string | null): ApiError {
  if (status === 0) return new ApiError(0, 'UNREACHABLE', '')
  if (status === 401) onSignedOut()
  const found = parseErrorBody(text)
  return new ApiError(status, found?.code ?? 'UNKNOWN', found?.message ?? '', {
    reason: header('x-berth-error') ?? undefined,
    requestId: header('x-request-id') ?? undefined,
    enrolment: found?.enrolment,
  })
}

/** What proves that a request that changes something comes from this page. */
export async function provenHeaders(): Promise<Readonly<Record<string, string>>> {
  if (csrfToken === undefined) await startSession()
  return csrfToken === undefined ? {} : { [csrfHeader]: csrfToken }
}

async function sendOnce(url: string, init: RequestInit & { headers?: Record<string, string> }): Promise<Response> {
  const token = csrfToken === undefined ? {} : { [csrfHeader]: csrfToken }
  let response: Response
  try {
    response = await fetch(url, { ...init, credentials: 'same-origin', headers: { ...init.headers, ...token } })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, 'UNREACHABLE', error instanceof Error ? error.message : '')
  }
  csrfToken = response.headers.get(csrfHeader) ?? csrfToken
  return response
}

/** What an account administers apart from the system. */
export type Duty = NonNullable<AnswerOf<'GET /users/current'>['duty']>

export interface SessionStart {
  readonly signed_in: boolean
  /** Who has signed in, as GET /users/current answers. */
  readonly user?: AnswerOf<'GET /users/current'>
  /** Duties that somebody else has: nothing of theirs is an administrator's. */
  readonly apart?: readonly Duty[]
  readonly must_change_password?: boolean
  /** A registry without accounts: everybody may do everything. */
  readonly open: boolean
}

/** Who the server thinks is here; the first request of the page. */
export async function startSession(): Promise<SessionStart> {
  const response = await fetchChecked('/c/session', { headers: { accept: 'application/json' } })
  return (await response.json()) as SessionStart
}
