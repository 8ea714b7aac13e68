import { budgets, parseForeignJson } from '#contract/budget.ts'
import { withoutTrailing } from '#contract/trailing.ts'
import { Transport } from './registry/exchange.ts'
import { sendFollowing } from './registry/redirects.ts'
import { standardTimeouts } from './registry/remote-registry.ts'

export interface HarborClientOptions {
  /** Of the Harbor, without a slash at its end. */
  readonly url: string
  readonly username: string
  readonly password: string
  /** Whether a name may lead to this machine and its link; when left out, that of the Harbor may: the operator typed it. */
  readonly allowLocal?: boolean
  readonly insecure: boolean
  /** PEM; instead of the authorities of the system. */
  readonly authority: string | undefined
}

/** How it is asked. */
export interface HarborCall {
  readonly signal?: AbortSignal | undefined
}

const pageSize = 100
const maxRefusalBytes = 64 * 1024
const maxRedirects = 3

/** Harbor refused, or said what we do not understand. */
export class HarborRefused extends Error {
  override readonly name = 'HarborRefused'
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

/** The API of a Harbor, or of what speaks like one, that is read with an administrator's password. */
export class HarborClient implements Disposable {
  readonly #home: URL
  readonly #transport: Transport
  readonly #headers: Readonly<Record<string, string>>

  constructor({ url, username, password, insecure, authority, allowLocal }: HarborClientOptions) {
    this.#home = new URL(url)
    const isAnonymous = username === '' && password === ''
    const credential = Buffer.from(`${username}:${password}`).toString('base64')
    this.#headers = {
      accept: 'application/json',
      ...(isAnonymous ? {} : { authorization: `Basic ${credential}` }),
      // Of projects, that what stands in the path is their name.
      'x-is-resource-name': 'true',
    }
    this.#transport = new Transport({
      remote: { url, credential: undefined, insecure, authority },
      timeouts: standardTimeouts,
      mayBeLocal: (target) => allowLocal ?? target.host === this.#home.host,
    })
  }

  /** @throws HarborRefused, RegistryFailure; undefined for 404, and where it does not know the path at all */
  async find(path: string, { signal }: HarborCall = {}): Promise<unknown> {
    const url = this.#urlOf(path)
    const request = { method: 'GET', url, headers: this.#headers, signal } as const
    const { status, body } = await sendFollowing(this.#transport, request, { home: this.#home, maxRedirects })
    const text = new TextDecoder().decode(await body.readAll(budgets.movingAnswer.maxBytes, path))
    if (status === 404 || status === 405 || status === 501) return undefined
    if (status !== 200) throw new HarborRefused(`${path} answered ${status}: ${text.slice(0, 300)}`, status)
    return parseForeignJson(text, budgets.movingAnswer)
  }

  /** Every item of a list, page after page. */
  async *walk(path: string, call: HarborCall = {}): AsyncGenerator<unknown> {
    const separator = path.includes('?') ? '&' : '?'
    for (let page = 1; ; page++) {
      const items = await this.find(`${path}${separator}page=${page}&page_size=${pageSize}`, call)
      if (items === undefined || items === null) return
      if (!Array.isArray(items)) throw new HarborRefused(`${path} answered something that is no list`, 200)
      yield* items as unknown[]
      if (items.length < pageSize) return
    }
  }

  /** Changes something; the status, if it is one of `expected`. @throws HarborRefused, RegistryFailure */
  async change(
    method: 'POST' | 'DELETE',
    path: string,
    expected: readonly number[],
    { body, signal }: HarborCall & { readonly body?: unknown } = {},
  ): Promise<number> {
    const sent = body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body))
    const headers = { ...this.#headers, ...(sent === undefined ? {} : { 'content-type': 'application/json' }) }
    const request = { method, url: this.#urlOf(path), headers, body: sent, signal }
    const answer = await this.#transport.send(request)
    const text = new TextDecoder().decode(await answer.body.readAll(maxRefusalBytes, path))
    if (expected.includes(answer.status)) return answer.status
    throw new HarborRefused(`${method} ${path} answered ${answer.status}: ${text.slice(0, 300)}`, answer.status)
  }

  #urlOf(path: string): URL {
    return new URL(`${withoutTrailing(this.#home.href, '/')}/api/v2.0${path}`)
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]()
  }
}
