import type { Actor } from '../../domain/access/actor.ts'
import type { HarborCall } from '../harbor/frame/harbor-router.ts'

export interface OwnAnswer {
  readonly status: number
  readonly body: unknown
  /** The sentence of a refusal. */
  readonly message: string
}

/** This registry's own API, called within the process as `actor`: what another Harbor says is said again here. */
export class OwnApi {
  readonly #router: (call: HarborCall) => Promise<Response>
  readonly #actor: Actor

  constructor(router: (call: HarborCall) => Promise<Response>, actor: Actor) {
    this.#router = router
    this.#actor = actor
  }

  async call(method: 'GET' | 'POST' | 'PUT', target: string, content?: unknown): Promise<OwnAnswer> {
    const url = new URL(`/api/v2.0${target}`, 'http://berth.invalid')
    const bytes = content === undefined ? undefined : new TextEncoder().encode(JSON.stringify(content))
    const headers = { 'content-type': 'application/json', 'x-is-resource-name': 'true' }
    const response = await this.#router({
      request: new Request(url, { method, headers }),
      path: url.pathname.slice('/api/v2.0'.length),
      search: url.search,
      authentication: { actor: this.#actor, authorizationSent: true, failedLogin: false },
      clientAddress: '',
      requestId: crypto.randomUUID(),
      body: () => (bytes === undefined ? undefined : once(bytes)),
    })
    const text = await response.text()
    const body = text === '' ? undefined : (JSON.parse(text) as unknown)
    const { errors } = (body ?? {}) as { errors?: readonly { message?: string }[] }
    return { status: response.status, body, message: errors?.[0]?.message ?? `it answered ${response.status}` }
  }

  /** Every item of one of our lists. */
  async *walk(target: string): AsyncGenerator<unknown> {
    const separator = target.includes('?') ? '&' : '?'
    for (let page = 1; ; page++) {
      const { status, body, message } = await this.call('GET', `${target}${separator}page=${page}&page_size=100`)
      if (status !== 200 || !Array.isArray(body)) throw new Error(`${target}: ${message}`)
      yield* body as unknown[]
      if (body.length < 100) return
    }
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
