import { Authorisation } from './authorisation.ts'
import { Transport, type HttpAnswer, type HttpRequest, type Method } from './exchange.ts'
import { RetryBudget, sleepFor, retrying, type Sleep } from './retry-budget.ts'
import { parseRateLimit, parseRetryAfter, type RateLimit } from './rate-limit.ts'
import { isSafeFor, sendFollowing } from './redirects.ts'
import { codeOfStatus, firstError, RegistryFailure, remoteWords } from './registry-failure.ts'
import {
  standardLimits,
  standardRetries,
  standardTimeouts,
  standardUploads,
  type Limits,
  type RegistryClientOptions,
  type RetryPolicy,
  type UploadPolicy,
} from './remote-registry.ts'

export interface RegistryCall {
  readonly method: Method
  /** Behind `/v2`, or where the registry said that an upload goes on. */
  readonly to: string | URL
  /** Scopes that a token must have. */
  readonly scopes: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: HttpRequest['body']
  readonly signal?: AbortSignal | undefined
  /** Says nothing of who asks, whatever the registry wants to know. */
  readonly unauthorised?: boolean
}

const maxErrorBytes = 64 * 1024

/** Requests to one registry: with what it wants to know of who asks, with redirects, and again where that helps. */
export class RegistrySession implements Disposable {
  readonly host: string
  readonly limits: Limits
  readonly uploads: UploadPolicy
  readonly #home: URL
  readonly #transport: Transport
  readonly #authorisation: Authorisation
  readonly #retries: RetryPolicy
  readonly #sleep: Sleep
  #rateLimit: RateLimit | undefined

  constructor(options: RegistryClientOptions) {
    const { remote, allowLocal, allowLocalHome = false } = options
    this.#home = new URL(remote.url)
    this.host = this.#home.host
    this.limits = { ...standardLimits, ...options.limits }
    this.uploads = { ...standardUploads, ...options.uploads }
    this.#retries = { ...standardRetries, ...options.retries }
    this.#sleep = options.sleep ?? sleepFor
    this.#transport = new Transport({
      remote,
      timeouts: { ...standardTimeouts, ...options.timeouts },
      mayBeLocal: (url) => allowLocal || (allowLocalHome && url.host === this.#home.host),
    })
    this.#authorisation = new Authorisation({
      remote,
      askTokenService: (url, authorization, signal) => this.#askTokenService(url, authorization, signal),
    })
  }

  /** As the registry last said; undefined when it says nothing. */
  get rateLimit(): RateLimit | undefined {
    return this.#rateLimit
  }

  retryBudget(signal: AbortSignal | undefined): RetryBudget {
    return new RetryBudget(this.#retries, this.#sleep, signal)
  }

  /**
   * The answer, if its status is one of `expected`; tried again where that may help.
   * @throws RegistryFailure
   */
  async call(call: RegistryCall, expected: readonly number[]): Promise<HttpAnswer> {
    return await retrying(this.retryBudget(call.signal), async () => await this.callOnce(call, expected))
  }

  /** The same without another try: for bodies that can be read once only. @throws RegistryFailure */
  async callOnce(call: RegistryCall, expected: readonly number[]): Promise<HttpAnswer> {
    const answer = await this.#authorised(call)
    const limit = parseRateLimit(answer.headers)
    if (limit !== undefined) this.#rateLimit = limit
    if (expected.includes(answer.status)) return answer
    throw await this.#failureOf(call, answer)
  }

  async #authorised(call: RegistryCall): Promise<HttpAnswer> {
    const { scopes, signal, body } = call
    if (call.unauthorised === true) return await this.#send(call, undefined)
    const sent = await this.#authorisation.headerFor(scopes, signal)
    const first = await this.#send(call, sent)
    if (first.status !== 401 || !this.#authorisation.learn(first, scopes, sent)) return first
    // A stream that has begun cannot be sent again: its owner does that.
    if (body !== undefined && !(body instanceof Uint8Array)) return first
    first.body.discard()
    return await this.#send(call, await this.#authorisation.headerFor(scopes, signal))
  }

  async #send({ method, to, headers, body, signal }: RegistryCall, authorization: string | undefined) {
    const url = typeof to === 'string' ? new URL(`${this.#home.href.replace(/\/+$/, '')}/v2${to}`) : to
    const maySay = authorization !== undefined && isSafeFor(this.#home, url)
    const request: HttpRequest = {
      method,
      url,
      headers: { ...headers, ...(maySay ? { authorization } : {}) },
      body,
      signal,
    }
    return await sendFollowing(this.#transport, request, { home: this.#home, maxRedirects: this.limits.redirects })
  }

  async #askTokenService(url: URL, authorization: string | undefined, signal: AbortSignal | undefined) {
    const headers = { accept: 'application/json', ...(authorization === undefined ? {} : { authorization }) }
    return await retrying(this.retryBudget(signal), async () => {
      // Not followed: whoever is sent on with a password could be sent anywhere.
      const answer = await this.#transport.send({ method: 'GET', url, headers, signal })
      if (answer.status !== 429 && answer.status < 500) return answer
      throw await this.#failureOf({ method: 'GET', to: url, scopes: [] }, answer)
    })
  }

  async #failureOf({ method, to }: RegistryCall, answer: HttpAnswer): Promise<RegistryFailure> {
    const { status } = answer
    const text = method === 'HEAD' ? '' : await this.#errorText(answer)
    const code = codeOfStatus(status)
    const what = typeof to === 'string' ? `/v2${to.split('?')[0]}` : to.pathname
    const host = typeof to === 'string' ? this.host : to.host
    return new RegistryFailure(code, `${host} answered ${status} to ${method} ${what}${remoteWords(text)}`, {
      status,
      remoteCode: firstError(text)?.code,
      // 503 may carry it as well.
      retryAfterMs: parseRetryAfter(answer.headers['retry-after'], Date.now()),
    })
  }

  async #errorText({ body }: HttpAnswer): Promise<string> {
    try {
      return new TextDecoder().decode(await body.readAll(maxErrorBytes, 'the error'))
    } catch (error) {
      // The status says what matters; its explanation did not come.
      if (error instanceof RegistryFailure) return ''
      throw error
    }
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]()
  }
}
