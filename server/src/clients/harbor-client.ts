import { budgets, parseForeignJson } from '#contract/budget.ts'
import { withoutTrailing } from '#contract/trailing.ts'
import { Transport } from './registry/exchange.ts'
import { sendFollowing } from './registry/redirects.ts'
import { standardTimeouts } from './registry/remote-registry.ts'

export interface HarborClientOptions {
  /** Of the Harbor, without a slash at its end. Its host is called wherever it lies: the operator typed it. */
  readonly url: string
  readonly username: string
  readonly password: string
  readonly insecure: boolean
  /** PEM; instead of the authorities of the system. */
  readonly authority: string | undefined
}

const pageSize = 100
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
  readonly #authorization: string

  constructor({ url, username, password, insecure, authority }: HarborClientOptions) {
    this.#home = new URL(url)
    this.#authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
    this.#transport = new Transport({
      remote: { url, credential: undefined, insecure, authority },
      timeouts: standardTimeouts,
      mayBeLocal: (target) => target.host === this.#home.host,
    })
  }

  /** @throws HarborRefused, RegistryFailure; undefined for 404, and where it does not know the path at all */
  async find(path: string): Promise<unknown> {
    const url = new URL(`${withoutTrailing(this.#home.href, '/')}/api/v2.0${path}`)
    const headers = {
      accept: 'application/json',
      authorization: this.#authorization,
      // Of projects, that what stands in the path is their name.
      'x-is-resource-name': 'true',
    }
    const request = { method: 'GET', url, headers } as const
    const { status, body } = await sendFollowing(this.#transport, request, { home: this.#home, maxRedirects })
    const text = new TextDecoder().decode(await body.readAll(budgets.movingAnswer.maxBytes, path))
    if (status === 404 || status === 405 || status === 501) return undefined
    if (status !== 200) throw new HarborRefused(`${path} answered ${status}: ${text.slice(0, 300)}`, status)
    return parseForeignJson(text, budgets.movingAnswer)
  }

  /** Every item of a list, page after page. */
  async *walk(path: string): AsyncGenerator<unknown> {
    const separator = path.includes('?') ? '&' : '?'
    for (let page = 1; ; page++) {
      const items = await this.find(`${path}${separator}page=${page}&page_size=${pageSize}`)
      if (items === undefined || items === null) return
      if (!Array.isArray(items)) throw new HarborRefused(`${path} answered something that is no list`, 200)
      yield* items as unknown[]
      if (items.length < pageSize) return
    }
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]()
  }
}
