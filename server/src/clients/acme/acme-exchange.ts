import { z } from 'zod'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import { AcmeFailure } from './acme-service.ts'
import { composeOutbound, OutboundFailure, type Outbound, type OutboundAnswer } from '../outbound.ts'
import type { SignedRequests } from './signed-requests.ts'

export interface AcmeExchangeOptions {
  readonly directory: URL
  /** PEM of who signed the certificate of the service, where it is private. */
  readonly authority: string | undefined
  /** Whether what the service names elsewhere may lie on this machine; the directory itself may, its operator wrote it. */
  readonly allowLocal: boolean
  readonly timeoutMs?: number
}

const directoryAnswer = z.object({
  newNonce: z.string(),
  newAccount: z.string(),
  newOrder: z.string(),
  renewalInfo: z.string().optional(),
  meta: z.object({ termsOfService: z.string().optional(), externalAccountRequired: z.boolean().optional() }).optional(),
})
export type AcmeDirectory = z.output<typeof directoryAnswer>

const problemAnswer = z.object({
  type: z.string().optional(),
  detail: z.string().optional(),
  subproblems: z.array(z.object({ detail: z.string().optional() })).optional(),
})

const standardTimeoutMs = 30_000
const maxAnswerBytes = 256 * 1024
/** A nonce is refused when it is old; a service that refuses every one is broken. */
const maxNonces = 6
/** A day: what a broken service names beyond is not waited for. */
const maxRetryAfterSeconds = 24 * 60 * 60

/** Requests to one ACME service and its answers: nonces, problem documents, pauses. */
export class AcmeExchange {
  readonly #options: AcmeExchangeOptions
  readonly #atDirectory: Outbound
  readonly #elsewhere: Outbound
  #nonce: string | undefined

  constructor(options: AcmeExchangeOptions) {
    this.#options = options
    const bounds = { timeoutMs: options.timeoutMs ?? standardTimeoutMs, maxBytes: maxAnswerBytes }
    this.#atDirectory = composeOutbound({ allowLocal: true, ...bounds })
    this.#elsewhere = composeOutbound({ allowLocal: options.allowLocal, ...bounds })
  }

  async directory(): Promise<AcmeDirectory> {
    return this.read(await this.get(this.#options.directory.href), directoryAnswer)
  }

  async get(url: string): Promise<OutboundAnswer> {
    return this.#checked(await this.#send({ url, method: 'GET' }))
  }

  /** A signed request. A nonce that the service does not take is replaced by the one that it gives with the refusal. */
  async post(
    { url, payload, accept }: { readonly url: string; readonly payload?: object; readonly accept?: string },
    by: { readonly requests: SignedRequests; readonly account: string | undefined; readonly newNonce: string },
  ): Promise<OutboundAnswer> {
    for (let attempt = 1; ; attempt++) {
      const nonce = await this.#takeNonce(by.newNonce)
      const body = await by.requests.sign(payload, { url, nonce, account: by.account })
      const answer = await this.#send({ url, method: 'POST', body, ...(accept === undefined ? {} : { accept }) })
      if (attempt < maxNonces && answer.status === 400 && problemOf(answer).type === 'badNonce') continue
      return this.#checked(answer)
    }
  }

  /** @throws AcmeFailure when it has another form */
  read<T extends z.ZodType>({ body }: Pick<OutboundAnswer, 'body'>, form: T): z.output<T> {
    const { host } = this.#options.directory
    try {
      return form.parse(parseForeignJson(body, budgets.remoteAnswer))
    } catch (cause) {
      throw new AcmeFailure(`${host} answers in a form that RFC 8555 does not know`, { cause })
    }
  }

  async #takeNonce(newNonce: string): Promise<string> {
    const kept = this.#nonce
    this.#nonce = undefined
    if (kept !== undefined) return kept
    this.#checked(await this.#send({ url: newNonce, method: 'HEAD' }))
    const fresh = this.#nonce as string | undefined
    this.#nonce = undefined
    if (fresh === undefined) throw new AcmeFailure(`${this.#options.directory.host} gives no nonce`)
    return fresh
  }

  async #send({
    url,
    method,
    body,
    accept,
  }: {
    readonly url: string
    readonly method: 'GET' | 'HEAD' | 'POST'
    readonly body?: string
    readonly accept?: string
  }): Promise<OutboundAnswer> {
    const { directory, authority } = this.#options
    if (!URL.canParse(url)) throw new AcmeFailure(`${directory.host} names an address that is none`)
    const place = new URL(url)
    if (directory.protocol === 'https:' && place.protocol !== 'https:')
      throw new AcmeFailure(`${directory.host} names an address without TLS: ${place.origin}`)
    const call = place.origin === directory.origin ? this.#atDirectory : this.#elsewhere
    const headers = {
      ...(accept === undefined ? {} : { accept }),
      ...(body === undefined ? {} : { 'content-type': 'application/jose+json' }),
    }
    try {
      const answer = await call({ url: place, method, headers, authority, ...(body === undefined ? {} : { body }) })
      const nonce = answer.headers['replay-nonce']
      if (typeof nonce === 'string' && /^[\w-]{1,512}$/.test(nonce)) this.#nonce = nonce
      return answer
    } catch (error) {
      if (error instanceof OutboundFailure) throw new AcmeFailure(error.message, { cause: error })
      throw error
    }
  }

  #checked(answer: OutboundAnswer): OutboundAnswer {
    if (answer.status >= 200 && answer.status < 300) return answer
    const { type, detail } = problemOf(answer)
    const said = detail ?? 'without a word why'
    throw new AcmeFailure(`${this.#options.directory.host} answers ${answer.status}: ${said}`, {
      ...(type === undefined ? {} : { type }),
      retryAfterSeconds: retryAfterOf(answer),
    })
  }
}

function problemOf({ body }: OutboundAnswer): { type?: string | undefined; detail?: string | undefined } {
  try {
    return describeProblem(problemAnswer.parse(parseForeignJson(body, budgets.remoteAnswer)))
  } catch {
    return {} // an error page of something in between
  }
}

export function describeProblem({ type, detail, subproblems = [] }: z.output<typeof problemAnswer>): {
  type?: string | undefined
  detail?: string | undefined
} {
  const parts = [detail, ...subproblems.map((each) => each.detail)].filter((each) => each !== undefined)
  return {
    type: type?.replace(/^urn:ietf:params:acme:error:/, ''),
    detail: parts.length === 0 ? type : parts.join('; ').slice(0, 500),
  }
}

/** Seconds, of either form of the header. */
export function retryAfterOf({ headers }: Pick<OutboundAnswer, 'headers'>): number | undefined {
  const value = headers['retry-after']
  if (typeof value !== 'string') return undefined
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(Math.ceil(seconds), 0), maxRetryAfterSeconds)
}

export { problemAnswer }
