import { readFileSync } from 'node:fs'
import { describeBytes, type Descriptor, type Image } from './image.ts'
import type { RegistryUnderTest } from './registry.ts'

export interface V2Request {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export interface Credentials {
  readonly username: string
  readonly password: string
}

/** Speaks /v2 byte by byte as a scenario wants it: as the registry's account, as another, or as nobody. */
export class V2Client {
  readonly #registry: RegistryUnderTest
  readonly #authorization: string | undefined
  readonly #authority: string | undefined

  constructor(registry: RegistryUnderTest, as: Credentials | 'anonymous' = registry) {
    this.#registry = registry
    this.#authorization = as === 'anonymous' ? undefined : `Basic ${btoa(`${as.username}:${as.password}`)}`
    this.#authority = registry.authorityFile === undefined ? undefined : readFileSync(registry.authorityFile, 'utf8')
  }

  /** `path` is a path of the registry, or a `Location` that it gave. Redirects are not followed. */
  async request(path: string, { method = 'GET', headers = {}, body }: V2Request = {}): Promise<Response> {
    return await fetch(new URL(path, `${this.#registry.url}/`), {
      method,
      headers: { ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }), ...headers },
      redirect: 'manual',
      ...(body === undefined ? {} : { body: body as BodyInit }),
      ...(this.#authority === undefined ? {} : { tls: { ca: this.#authority } }),
    })
  }

  /** An access token for the scopes, as the token service gives it to this account. */
  async fetchToken(...scopes: readonly string[]): Promise<string> {
    const query = new URLSearchParams([['service', 'harbor-registry'], ...scopes.map((scope) => ['scope', scope])])
    const response = await expectStatus(await this.request(`/service/token?${query}`), 200)
    return ((await response.json()) as { token: string }).token
  }

  /** Starts an upload session and gives its place. */
  async startUpload(repository: string, query = ''): Promise<string> {
    const response = await this.request(`/v2/${repository}/blobs/uploads/${query}`, { method: 'POST' })
    await expectStatus(response, 202)
    return locationOf(response)
  }

  async pushBlob(repository: string, bytes: Uint8Array): Promise<Descriptor> {
    const descriptor = describeBytes('application/octet-stream', bytes)
    const location = await this.startUpload(repository)
    const response = await this.request(withQuery(location, `digest=${descriptor.digest}`), {
      method: 'PUT',
      body: bytes,
    })
    await expectStatus(response, 201)
    return descriptor
  }

  async pushManifest(
    repository: string,
    reference: string,
    mediaType: string,
    bytes: Uint8Array | string,
  ): Promise<Response> {
    return await this.request(`/v2/${repository}/manifests/${reference}`, {
      method: 'PUT',
      headers: { 'content-type': mediaType },
      body: bytes,
    })
  }

  /** Everything of an image, the manifest last and by tag. */
  async pushImage(repository: string, image: Image, tag: string): Promise<void> {
    const manifests: [string, Uint8Array][] = []
    for (const [digest, bytes] of image.content) {
      const mediaType = manifestTypeOf(bytes)
      if (mediaType === undefined) await this.pushBlob(repository, bytes)
      else if (digest !== image.descriptor.digest) manifests.push([mediaType, bytes])
    }
    for (const [mediaType, bytes] of manifests) {
      await expectStatus(await this.pushManifest(repository, describeBytes('', bytes).digest, mediaType, bytes), 201)
    }
    const root = image.content.get(image.descriptor.digest)
    if (root === undefined) throw new Error('the image lacks its own manifest')
    await expectStatus(await this.pushManifest(repository, tag, image.descriptor.mediaType, root), 201)
  }
}

export async function expectStatus(response: Response, status: number): Promise<Response> {
  if (response.status === status) return response
  throw new Error(`${response.url} answered ${response.status} instead of ${status}: ${await response.text()}`)
}

export function locationOf(response: Response): string {
  const location = response.headers.get('location')
  if (location === null) throw new Error(`${response.url} gave no Location`)
  return new URL(location, response.url).href
}

export function withQuery(location: string, query: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}${query}`
}

/** The codes in the body of an answer that refuses. */
export async function errorCodesOf(response: Response): Promise<string[]> {
  const body = (await response.json()) as { errors: { code: string }[] }
  return body.errors.map(({ code }) => code)
}

function manifestTypeOf(bytes: Uint8Array): string | undefined {
  if (bytes[0] !== 0x7b) return undefined
  const { mediaType } = JSON.parse(new TextDecoder().decode(bytes)) as { mediaType?: string }
  return mediaType
}
