import { sliceParts, type PreparedBlob } from './blob-pool.ts'
import { headerOf, type Answer, type Connection, type Endpoint, type Exchange } from './connection.ts'

export const manifestMediaType = 'application/vnd.oci.image.manifest.v1+json'

/** An image manifest with its digest, as bytes to push. */
export interface PreparedManifest {
  readonly bytes: Uint8Array
  readonly digest: string
}

export function prepareManifest(config: PreparedBlob, layers: readonly PreparedBlob[]): PreparedManifest {
  const descriptor = (mediaType: string, blob: PreparedBlob) => ({
    mediaType,
    digest: blob.digest,
    size: blob.sizeBytes,
  })
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestMediaType,
      config: descriptor('application/vnd.oci.image.config.v1+json', config),
      layers: layers.map((layer) => descriptor('application/vnd.oci.image.layer.v1.tar+gzip', layer)),
    }),
  )
  return { bytes, digest: `sha256:${new Bun.CryptoHasher('sha256').update(bytes).digest('hex')}` }
}

/**
 * The requests of a registry's client, built as bytes for one endpoint with one authorisation.
 * Read requests are built once and repeated; push requests follow the `Location` they are given,
 * query included (some registries keep the state of an upload there).
 */
export class RegistryRequests {
  readonly #common: string

  constructor(endpoint: Endpoint, authorization: string | undefined) {
    this.#common =
      `Host: ${endpoint.host}:${endpoint.port}\r\nUser-Agent: berth-bench\r\n` +
      (authorization === undefined ? '' : `Authorization: ${authorization}\r\n`)
  }

  /** A request without a body. */
  read(method: 'GET' | 'HEAD', path: string, keepText = false): Exchange {
    const accept = `Accept: ${manifestMediaType}, application/vnd.docker.distribution.manifest.v2+json, */*\r\n`
    const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${this.#common}${accept}\r\n`)
    return { head, withoutBody: method === 'HEAD', keepText }
  }

  #write(method: string, path: string, headers: string, body: readonly Uint8Array[] = []): Exchange {
    const length = body.reduce((sum, part) => sum + part.byteLength, 0)
    const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${this.#common}${headers}Content-Length: ${length}\r\n\r\n`)
    return body.length === 0 ? { head } : { head, body }
  }

  async #startUpload(connection: Connection, repository: string, query = ''): Promise<string> {
    const answer = await connection.exchange(this.#write('POST', `/v2/${repository}/blobs/uploads/${query}`, ''))
    expectStatus(answer, 202)
    return locationOf(answer)
  }

  /** POST, PATCH with the whole blob, PUT: what docker, containerd and crane do. */
  async pushByThreeRequests(connection: Connection, repository: string, blob: PreparedBlob): Promise<number> {
    let location = await this.#startUpload(connection, repository)
    const patched = await connection.exchange(this.#write('PATCH', location, octets, blob.parts))
    expectStatus(patched, 202)
    location = locationOf(patched)
    await this.#finishUpload(connection, location, blob)
    return blob.sizeBytes
  }

  /** POST, one PATCH with a Content-Range for every chunk, PUT. */
  async pushByChunks(
    connection: Connection,
    repository: string,
    blob: PreparedBlob,
    chunkBytes: number,
  ): Promise<number> {
    let location = await this.#startUpload(connection, repository)
    for (let start = 0; start < blob.sizeBytes; start += chunkBytes) {
      const end = Math.min(start + chunkBytes, blob.sizeBytes)
      const headers = `${octets}Content-Range: ${start}-${end - 1}\r\n`
      const patched = await connection.exchange(this.#write('PATCH', location, headers, sliceParts(blob, start, end)))
      expectStatus(patched, 202)
      location = locationOf(patched)
    }
    await this.#finishUpload(connection, location, blob)
    return blob.sizeBytes
  }

  /** POST, then PUT with the whole blob. */
  async pushMonolithic(connection: Connection, repository: string, blob: PreparedBlob): Promise<number> {
    const location = await this.#startUpload(connection, repository)
    await this.#finishUpload(connection, location, blob, blob.parts)
    return blob.sizeBytes
  }

  async #finishUpload(
    connection: Connection,
    location: string,
    blob: PreparedBlob,
    body: readonly Uint8Array[] = [],
  ): Promise<void> {
    const path = `${location}${location.includes('?') ? '&' : '?'}digest=${blob.digest}`
    expectStatus(await connection.exchange(this.#write('PUT', path, body.length === 0 ? '' : octets, body)), 201)
  }

  /** Makes a blob of one repository visible in another. */
  async mount(connection: Connection, repository: string, digest: string, from: string): Promise<void> {
    const path = `/v2/${repository}/blobs/uploads/?mount=${digest}&from=${from}`
    expectStatus(await connection.exchange(this.#write('POST', path, '')), 201)
  }

  async putManifest(
    connection: Connection,
    repository: string,
    reference: string,
    manifest: PreparedManifest,
  ): Promise<number> {
    const path = `/v2/${repository}/manifests/${reference}`
    const headers = `Content-Type: ${manifestMediaType}\r\n`
    expectStatus(await connection.exchange(this.#write('PUT', path, headers, [manifest.bytes])), 201)
    return manifest.bytes.byteLength
  }

  /** As real clients push: every blob is asked for by HEAD before it is sent; the manifest by its tag. */
  async pushImage(
    connection: Connection,
    repository: string,
    tag: string,
    blobs: readonly PreparedBlob[],
    manifest: PreparedManifest,
  ): Promise<number> {
    let bytes = 0
    for (const blob of blobs) {
      const asked = await connection.exchange(this.read('HEAD', `/v2/${repository}/blobs/${blob.digest}`))
      expectStatus(asked, 404)
      bytes += await this.pushByThreeRequests(connection, repository, blob)
    }
    return bytes + (await this.putManifest(connection, repository, tag, manifest))
  }
}

const octets = 'Content-Type: application/octet-stream\r\n'

/** @throws with the head of the answer when it has another status */
export function expectStatus(answer: Answer, status: number): void {
  if (answer.status !== status) throw new Error(`expected ${status}, got: ${answer.head}\n${answer.text ?? ''}`)
}

function locationOf(answer: Answer): string {
  const location = headerOf(answer.head, 'location')
  if (location === undefined) throw new Error(`an answer without Location: ${answer.head}`)
  return location.replace(/^https?:\/\/[^/]+/, '')
}
