import { withoutTrailing } from '#contract/trailing.ts'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Digest } from '#contract/digest.ts'
import { connectionGuard, OutboundFailure } from './outbound.ts'

export interface HarborClientOptions {
  /** Of the Harbor, without a slash at its end. Its host is called wherever it lies: the operator typed it. */
  readonly url: string
  readonly username: string
  readonly password: string
  readonly insecure: boolean
  /** PEM; instead of the authorities of the system. */
  readonly authority: string | undefined
}

interface Streamed {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: IncomingMessage
}

const pageSize = 100
const largestAnswer = 16 << 20
/** Without a byte in either direction. */
const silenceMs = 60_000
const mostRedirects = 3
/** Shorter than Harbor's own tokens live. */
const tokenMs = 10 * 60_000
const rememberedTokens = 1_000
const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
].join(', ')

/** Harbor refused, or said what we do not understand. */
export class HarborRefused extends Error {
  override readonly name = 'HarborRefused'
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

/** A Harbor (or what speaks its API) that is read with an administrator's password, over its API and its /v2. */
export class HarborClient {
  readonly #options: HarborClientOptions
  readonly #origin: URL
  readonly #tokens = new Map<string, { readonly token: string; readonly until: number }>()

  constructor(options: HarborClientOptions) {
    this.#options = options
    this.#origin = new URL(options.url)
  }

  /** @throws HarborRefused; undefined for 404, and where it does not know the path at all */
  async find(path: string): Promise<unknown> {
    const { status, body } = await this.#call(`/api/v2.0${path}`, {
      authorization: this.#basic(),
      // Of projects, that what stands in the path is their name.
      'x-is-resource-name': 'true',
    })
    const text = await readText(body)
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

  async findManifest(
    repository: string,
    digest: Digest,
    maxBytes: number,
  ): Promise<{ bytes: Uint8Array; mediaType: string | undefined } | undefined> {
    const answer = await this.#pull(repository, `/manifests/${digest}`, { accept: manifestTypes })
    if (answer === undefined) return undefined
    const bytes = await readBytes(answer.body, maxBytes)
    return { bytes, mediaType: answer.headers['content-type']?.split(';')[0] }
  }

  /** Its size; undefined when the repository does not have it. */
  async sizeOfBlob(repository: string, digest: Digest): Promise<number | undefined> {
    const answer = await this.#pull(repository, `/blobs/${digest}`, {}, 'HEAD')
    answer?.body.resume()
    const length = answer?.headers['content-length']
    return length === undefined ? undefined : Number(length)
  }

  async openBlob(repository: string, digest: Digest): Promise<AsyncIterable<Uint8Array>> {
    const answer = await this.#pull(repository, `/blobs/${digest}`, {})
    if (answer === undefined) throw new OutboundFailure(`${repository} has no blob ${digest} any more`)
    return answer.body
  }

  async #pull(
    repository: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    method: 'GET' | 'HEAD' = 'GET',
  ): Promise<Streamed | undefined> {
    const authorization = `Bearer ${await this.#tokenFor(repository)}`
    const answer = await this.#call(`/v2/${repository}${path}`, { ...headers, authorization }, method)
    if (answer.status === 200) return answer
    const text = method === 'HEAD' ? '' : await readText(answer.body)
    answer.body.resume()
    if (answer.status === 404) return undefined
    throw new HarborRefused(`/v2/${repository}${path} answered ${answer.status}: ${text.slice(0, 300)}`, answer.status)
  }

  async #tokenFor(repository: string): Promise<string> {
    const known = this.#tokens.get(repository)
    if (known !== undefined && known.until > performance.now()) return known.token
    const query = new URLSearchParams({ service: 'harbor-registry', scope: `repository:${repository}:pull` })
    const { status, body } = await this.#call(`/service/token?${query}`, { authorization: this.#basic() })
    const text = await readText(body)
    if (status !== 200) throw new HarborRefused(`its token service answered ${status}: ${text.slice(0, 300)}`, status)
    const { token } = parseForeignJson(text, budgets.movingAnswer) as { token: string }
    if (this.#tokens.size >= rememberedTokens) this.#tokens.clear()
    this.#tokens.set(repository, { token, until: performance.now() + tokenMs })
    return token
  }

  #basic(): string {
    const { username, password } = this.#options
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  }

  /** Follows redirects (to object storage) without the credential, and to local addresses only on the same host. */
  async #call(
    path: string,
    headers: Readonly<Record<string, string>>,
    method: 'GET' | 'HEAD' = 'GET',
  ): Promise<Streamed> {
    let url = new URL(`${withoutTrailing(this.#origin.href, '/')}${path}`)
    for (let redirects = 0; ; redirects++) {
      const isHome = url.host === this.#origin.host
      const { authorization: _, ...others } = headers
      const answer = await this.#send(url, method, mayHaveCredential(this.#origin, url) ? headers : others, isHome)
      const location = answer.headers.location
      if (answer.status < 300 || answer.status >= 400 || location === undefined) return answer
      answer.body.resume()
      if (redirects === mostRedirects) throw new OutboundFailure(`${path} is redirected again and again`)
      url = new URL(location, url)
    }
  }

  async #send(
    url: URL,
    method: 'GET' | 'HEAD',
    headers: Readonly<Record<string, string>>,
    isHome: boolean,
  ): Promise<Streamed> {
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new OutboundFailure(`${url.protocol} is not spoken`)
    const { lookup, assertAllowed } = connectionGuard(isHome)
    assertAllowed(url.hostname.replace(/^\[|\]$/g, ''))
    const { insecure, authority } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const sent = send(
      url,
      {
        method,
        headers: { 'user-agent': 'berth', accept: 'application/json', ...headers },
        timeout: silenceMs,
        ...lookup,
        ...(insecure ? { rejectUnauthorized: false } : {}),
        ...(authority === undefined ? {} : { ca: authority }),
      },
      resolve,
    )
    sent.on('timeout', () => sent.destroy(new Error(`nothing came for ${silenceMs / 1_000} seconds`)))
    sent.on('error', reject)
    sent.end()
    try {
      const body = await promise
      return { status: body.statusCode ?? 0, headers: body.headers, body }
    } catch (cause) {
      if (cause instanceof OutboundFailure) throw cause
      throw new OutboundFailure(`${url.host} cannot be reached: ${(cause as Error).message}`, { cause })
    }
  }
}

/** Where a redirect may take the administrator's password: the same host, and never from TLS to none. */
export function mayHaveCredential(origin: URL, url: URL): boolean {
  return url.host === origin.host && (url.protocol === origin.protocol || url.protocol === 'https:')
}

async function readText(body: IncomingMessage): Promise<string> {
  return new TextDecoder().decode(await readBytes(body, largestAnswer))
}

async function readBytes(body: IncomingMessage, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength
    if (length > most) {
      body.destroy()
      throw new OutboundFailure(`the answer has more than ${most} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
