import { createHash } from 'node:crypto'
import type { V2Client } from './v2-client.ts'

/** Remembers what the registry acknowledged, and can tell afterwards whether it has kept its word. */
export class Acknowledged {
  readonly #blobs = new Set<string>()
  readonly #manifests = new Set<string>()
  readonly #tags = new Map<string, string>()

  blob(repository: string, digest: string): void {
    this.#blobs.add(`${repository}/blobs/${digest}`)
  }

  manifest(repository: string, digest: string, tag: string): void {
    this.#manifests.add(`${repository}/manifests/${digest}`)
    this.#tags.set(`${repository}/manifests/${tag}`, digest)
  }

  get size(): number {
    return this.#blobs.size + this.#manifests.size + this.#tags.size
  }

  /** What is not as it was acknowledged, a sentence each. Every byte is read back and hashed. */
  async findBroken(client: V2Client): Promise<string[]> {
    const broken: string[] = []
    for (const path of [...this.#blobs, ...this.#manifests]) {
      const digest = path.slice(path.lastIndexOf('/') + 1)
      const found = await digestAt(client, path)
      if (found !== digest) broken.push(`${path} has become ${found}`)
    }
    for (const [path, digest] of this.#tags) {
      const found = await digestAt(client, path)
      if (found !== digest) broken.push(`${path} was ${digest} and has become ${found}`)
    }
    return broken
  }
}

/** The digest of the bytes that are served, or the status of the refusal. */
export async function digestAt(client: V2Client, path: string): Promise<string> {
  const response = await client.request(`/v2/${path}`, { headers: { accept: '*/*' } })
  if (response.status !== 200) return `status ${response.status}`
  const bytes = new Uint8Array(await response.arrayBuffer())
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
