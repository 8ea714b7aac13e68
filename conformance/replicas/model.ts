import { createHash } from 'node:crypto'
import { Acknowledged } from '../harness/acknowledged.ts'
import type { Image } from '../harness/image.ts'
import { withQuery, type V2Client, type V2Request } from '../harness/v2-client.ts'

/** A tag of which nothing is known yet, or that is deleted. */
export const absent = 'absent'

/** Longer than any disturbance: who is refused for so long is not told to try again, but turned away. */
export const patienceMs = 90_000

/**
 * What clients of a registry may rely on, written down while they use it: everything acknowledged, and for each tag
 * what it may show. A request whose answer was lost may have been carried out or not, so a tag may then show either.
 * Each tag has one writer at a time.
 */
export class Model {
  readonly acknowledged = new Acknowledged()
  /** What must not have happened, a sentence each. */
  readonly violations: string[] = []
  readonly counts = { requests: 0, refused: 0, lost: 0, sessionsLost: 0, pushes: 0, pulls: 0, deletes: 0 }
  readonly #tags = new Map<string, Set<string>>()

  tagsWithTheirWriters(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#tags
  }

  /** The tag may show `next` from now on. Call `end` when it was acknowledged that it does. */
  begin(tag: string, next: string): { end(): void } {
    const allowed = this.#tags.get(tag) ?? new Set([absent])
    this.#tags.set(tag, allowed.add(next))
    return { end: () => void this.#tags.set(tag, new Set([next])) }
  }

  allowed(tag: string): ReadonlySet<string> {
    return new Set(this.#tags.get(tag) ?? [absent])
  }

  /**
   * Sends a request until it is answered with one of `expected`, as a patient client does. Refusals must be such that
   * trying again makes sense; `ambiguous` answers are those that an earlier, unanswered attempt explains.
   */
  async send(
    client: V2Client,
    path: string,
    request: V2Request,
    expected: readonly number[],
    again: (response: Response) => 'again' | 'give-up' = () => 'give-up',
  ): Promise<{ readonly status: number; readonly headers: Headers; readonly bytes: Uint8Array } | 'give-up'> {
    const deadline = performance.now() + patienceMs
    for (;;) {
      this.counts.requests++
      let response: Response
      let bytes: Uint8Array
      try {
        // A connection that hangs with a frozen replica is given up by the balancer.
        response = await client.request(path, request)
        bytes = new Uint8Array(await response.arrayBuffer())
      } catch {
        this.counts.lost++
        await this.#pause(deadline, `${request.method ?? 'GET'} ${path} got no answer`)
        continue
      }
      const { status, headers } = response
      if (expected.includes(status)) return { status, headers, bytes }
      if (this.#isRetryable(response)) {
        this.counts.refused++
        const from = headers.get('x-request-id') === null ? 'by the balancer' : 'by a replica'
        await this.#pause(deadline, `${request.method ?? 'GET'} ${path} was answered ${status} ${from}`)
        continue
      }
      if (again(new Response(bytes as BodyInit, { status, headers })) === 'again') return 'give-up'
      const text = new TextDecoder().decode(bytes.subarray(0, 300))
      this.violations.push(`${request.method ?? 'GET'} ${path} was answered ${status}: ${text}`)
      return 'give-up'
    }
  }

  /** Ours say when to come again; those without our mark come from the balancer. */
  #isRetryable(response: Response): boolean {
    if (response.headers.get('x-request-id') === null) return [502, 503, 504].includes(response.status)
    return [429, 503].includes(response.status) && response.headers.get('retry-after') !== null
  }

  async #pause(deadline: number, what: string): Promise<void> {
    if (performance.now() > deadline) throw new Error(`${what} for ${patienceMs} ms`)
    await Bun.sleep(100 + Math.random() * 200)
  }

  /** One blob, from the beginning as often as needed. */
  async pushBlob(client: V2Client, repository: string, digest: string, bytes: Uint8Array): Promise<void> {
    // A session that is gone (its row is not synced to the disk, and an answer may have been lost) is begun anew.
    const isGone = (response: Response): 'again' | 'give-up' => {
      if (response.status !== 404) return 'give-up'
      this.counts.sessionsLost++
      return 'again'
    }
    for (let tries = 0; tries < 100 && this.violations.length === 0; tries++) {
      const begun = await this.send(client, `/v2/${repository}/blobs/uploads/`, { method: 'POST' }, [202])
      if (begun === 'give-up') return
      // A PATCH whose answer was lost cannot be repeated as it was: from the beginning, as Docker does it.
      const place = begun.headers.get('location')!
      const patched = await this.#once(client, place, { method: 'PATCH', body: bytes }, 202, isGone)
      if (patched === undefined) continue
      const finish = withQuery(patched.get('location')!, `digest=${digest}`)
      if ((await this.#once(client, finish, { method: 'PUT' }, 201, isGone)) === undefined) continue
      this.acknowledged.blob(repository, digest)
      return
    }
  }

  /** One attempt of what cannot simply be sent again. */
  async #once(
    client: V2Client,
    path: string,
    request: V2Request,
    expected: number,
    isGone: (response: Response) => 'again' | 'give-up',
  ): Promise<Headers | undefined> {
    this.counts.requests++
    let response: Response
    try {
      response = await client.request(path, request)
      await response.clone().arrayBuffer()
    } catch {
      this.counts.lost++
      return undefined
    }
    if (response.status === expected) return response.headers
    if (this.#isRetryable(response)) {
      this.counts.refused++
      await Bun.sleep(100 + Math.random() * 200)
      return undefined
    }
    if (isGone(response) === 'again') return undefined
    this.violations.push(`${request.method} ${path} was answered ${response.status}: ${await response.text()}`)
    return undefined
  }

  async pushImage(client: V2Client, repository: string, image: Image, tag: string): Promise<void> {
    const { digest: root, mediaType } = image.descriptor
    for (const [digest, bytes] of image.content) {
      if (digest !== root) await this.pushBlob(client, repository, digest, bytes)
    }
    if (this.violations.length > 0) return
    const operation = this.begin(`${repository}:${tag}`, root)
    const request = { method: 'PUT', headers: { 'content-type': mediaType }, body: image.content.get(root)! }
    const pushed = await this.send(client, `/v2/${repository}/manifests/${tag}`, request, [201])
    if (pushed === 'give-up') return
    operation.end()
    this.acknowledged.manifest(repository, root, tag)
    this.counts.pushes++
  }

  /** Only of tags that no one else names: the manifest goes, with every tag of it. */
  async deleteImage(client: V2Client, repository: string, digest: string, tag: string): Promise<void> {
    const operation = this.begin(`${repository}:${tag}`, absent)
    const path = `/v2/${repository}/manifests/${digest}`
    // 404: an attempt whose answer was lost has done it.
    const deleted = await this.send(client, path, { method: 'DELETE' }, [202, 404])
    if (deleted === 'give-up') return
    operation.end()
    this.counts.deletes++
  }

  /** What a tag shows must be what it may show at the time, and whole. */
  async pull(client: V2Client, repository: string, tag: string): Promise<void> {
    const name = `${repository}:${tag}`
    const before = this.allowed(name)
    const headers = { accept: '*/*' }
    const found = await this.send(client, `/v2/${repository}/manifests/${tag}`, { headers }, [200, 404])
    if (found === 'give-up') return
    const shown = found.status === 404 ? absent : (found.headers.get('docker-content-digest') ?? 'nothing')
    const allowed = before.union(this.allowed(name))
    if (!allowed.has(shown)) this.violations.push(`${name} showed ${shown}, and may show ${[...allowed].join(' or ')}`)
    if (found.status === 404) return
    if (sha256(found.bytes) !== shown) this.violations.push(`${name} gave other bytes than those of ${shown}`)
    const { layers } = JSON.parse(new TextDecoder().decode(found.bytes)) as { layers: { digest: string }[] }
    for (const { digest } of layers) {
      const blob = await this.send(client, `/v2/${repository}/blobs/${digest}`, {}, [200, 404])
      if (blob === 'give-up') return
      // Deleted meanwhile, perhaps.
      if (blob.status === 404 && this.allowed(name).has(shown) && this.allowed(name).size === 1) {
        this.violations.push(`${name} lacks its layer ${digest}`)
      }
      if (blob.status === 200 && sha256(blob.bytes) !== digest) this.violations.push(`${digest} has other bytes`)
    }
    this.counts.pulls++
  }
}

const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
