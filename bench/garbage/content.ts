import { createHash, randomBytes } from 'node:crypto'

/** One image of a store that is filled for this: a layer of its own over a base that all share. */
export interface SmallImage {
  readonly tag: string
  readonly digest: string
  readonly layer: string
}

const imageType = 'application/vnd.oci.image.manifest.v1+json'
const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const base = randomBytes(16_384)
const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}')

/** Speaks /v2 with the given header of authorization. */
export class Pusher {
  readonly #url: string
  readonly #authorization: string | undefined
  readonly repository: string

  constructor(url: string, authorization: string | undefined, repository = 'library/app') {
    this.#url = url
    this.#authorization = authorization
    this.repository = repository
  }

  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (this.#authorization !== undefined) headers.set('authorization', this.#authorization)
    return await fetch(new URL(path, this.#url), { ...init, headers })
  }

  async pushBase(): Promise<void> {
    for (const bytes of [base, config]) await this.#pushBlob(bytes)
  }

  async pushImage(tag: string, layerBytes: number): Promise<SmallImage> {
    const layer = randomBytes(layerBytes)
    const digest = await this.#pushBlob(layer)
    const describe = (bytes: Uint8Array) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: sha256(bytes),
      size: bytes.byteLength,
    })
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: imageType,
        config: { ...describe(config), mediaType: 'application/vnd.oci.image.config.v1+json' },
        layers: [describe(base), describe(layer)],
      }),
    )
    const answer = await this.request(`/v2/${this.repository}/manifests/${tag}`, {
      method: 'PUT',
      headers: { 'content-type': imageType },
      body: manifest,
    })
    await answer.arrayBuffer()
    if (answer.status !== 201) throw new Error(`push of ${tag}: ${answer.status}`)
    return { tag, digest: sha256(manifest), layer: digest }
  }

  /** By tag, with its own layer, as a client that has the base already. */
  async pull({ tag, layer }: SmallImage): Promise<void> {
    const manifest = await this.request(`/v2/${this.repository}/manifests/${tag}`, { headers: { accept: imageType } })
    await manifest.arrayBuffer()
    const blob = await this.request(`/v2/${this.repository}/blobs/${layer}`)
    await blob.arrayBuffer()
    if (manifest.status !== 200 || blob.status !== 200) throw new Error(`pull: ${manifest.status} ${blob.status}`)
  }

  async delete({ digest }: SmallImage): Promise<void> {
    const answer = await this.request(`/v2/${this.repository}/manifests/${digest}`, { method: 'DELETE' })
    await answer.arrayBuffer()
    if (answer.status !== 202) throw new Error(`delete: ${answer.status}`)
  }

  async #pushBlob(bytes: Uint8Array): Promise<string> {
    const started = await this.request(`/v2/${this.repository}/blobs/uploads/`, { method: 'POST' })
    await started.arrayBuffer()
    const place = new URL(started.headers.get('location') ?? '', this.#url)
    const digest = sha256(bytes)
    place.searchParams.set('digest', digest)
    const answer = await this.request(place.href, { method: 'PUT', body: bytes as BodyInit })
    await answer.arrayBuffer()
    if (answer.status !== 201) throw new Error(`blob: ${answer.status}`)
    return digest
  }
}

/** Runs `work` for each, `connections` at a time. */
export async function each<T>(
  items: readonly T[],
  connections: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0
  const run = async () => {
    while (next < items.length) await work(items[next++]!)
  }
  await Promise.all(Array.from({ length: connections }, run))
}
