import { randomBytes, randomInt } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import type { TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { deleteManifest, untag } from '#server/domain/artifacts/delete.ts'
import type { Manifests } from '#server/domain/artifacts/pull.ts'
import { pushManifest } from '#server/domain/artifacts/push.ts'
import { restoreEntry } from '#server/domain/artifacts/restore.ts'
import { DomainError } from '#server/domain/errors.ts'
import { listTrash, type TrashEntry } from '#server/domain/trash/trash.ts'
import { digestOf, readBlob, system, type RegistryForTest } from './registry-for-test.ts'

const imageType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'

/** A manifest with all that a pull of it gives. */
interface Known {
  readonly digest: Digest
  readonly bytes: Uint8Array
  readonly mediaType: string
  readonly blobs: readonly Uint8Array[]
  readonly children: readonly Known[]
}

/** What the registry may answer only because time went by: the lease of a push that took too long. */
export const pushIsLate = (error: unknown): boolean =>
  error instanceof DomainError && ['MANIFEST_BLOB_UNKNOWN', 'BLOB_UNKNOWN'].includes(error.code)

/** Few enough to be pushed, condemned and pushed again all the time. */
export const contents: readonly Uint8Array[] = Array.from({ length: 24 }, (_, at) =>
  Buffer.concat([Buffer.from(`content ${at} `), randomBytes(200 + at * 50)]),
)

const pick = <T>(values: readonly T[]): T => values[randomInt(values.length)]!

/**
 * One client with a repository of its own, and what it knows must be there. Blobs are everybody's: the same few contents
 * are pushed to, mounted from and deleted in all repositories at once.
 */
export class ModelledClient {
  readonly repository: RepositoryName
  readonly #registry: RegistryForTest & { readonly projectId: number; readonly leaseMs: number }
  readonly #tags = new Map<string, Known>()
  readonly #manifests: Manifests
  readonly violations: string[] = []
  readonly done = new Map<string, number>()

  constructor(
    registry: RegistryForTest & { readonly projectId: number; readonly leaseMs: number },
    repository: RepositoryName,
  ) {
    this.#registry = registry
    this.repository = repository
    this.#manifests = registry.manifests
  }

  /** Each artifact that a tag of this client names, once. */
  living(): readonly Known[] {
    return [...new Map([...this.#tags.values()].map((known) => [known.digest, known])).values()]
  }

  async step(others: readonly ModelledClient[]): Promise<void> {
    const actions = [
      ['push', () => this.#pushImage(others)],
      ['push', () => this.#pushImage(others)],
      ['index', () => this.#pushIndex(others)],
      ['retag', () => this.#retag()],
      ['untag', () => this.#untag()],
      ['delete', () => this.#delete()],
      ['delete-all-but-one', () => this.#retain()],
      ['restore', () => this.#restore()],
      ['pull', () => this.#pull()],
      ['pull', () => this.#pull()],
    ] as const
    const [name, action] = pick(actions)
    await action()
    this.done.set(name, (this.done.get(name) ?? 0) + 1)
  }

  /** Everything that must be there is, byte for byte. */
  async check(known: Known): Promise<void> {
    const admission = await this.#registry.admit(system, 'pull', this.repository)
    const found = await this.#manifests
      .getManifest(admission, { kind: 'digest', digest: known.digest })
      .catch(() => undefined)
    if (found === undefined) this.violations.push(`${this.repository}@${known.digest} is gone`)
    else if (Buffer.compare(found.bytes, known.bytes) !== 0) this.violations.push(`${known.digest} changed`)
    for (const blob of known.blobs) {
      const bytes = await readBlob(this.#registry, this.repository, digestOf(blob)).catch((error: unknown) => error)
      if (!(bytes instanceof Uint8Array) || Buffer.compare(bytes, blob) !== 0) {
        this.violations.push(`blob ${digestOf(blob)} of ${this.repository}@${known.digest}: ${String(bytes)}`)
      }
    }
    for (const child of known.children) await this.check(child)
  }

  async checkTags(): Promise<void> {
    const admission = await this.#registry.admit(system, 'pull', this.repository)
    for (const [tag, known] of this.#tags) {
      const found = await this.#manifests
        .getManifest(admission, { kind: 'tag', tag: tag as TagName })
        .catch(() => undefined)
      if (found?.digest !== known.digest) this.violations.push(`${this.repository}:${tag} is not ${known.digest}`)
    }
  }

  async #pull(): Promise<void> {
    if (this.#tags.size > 0) await this.check(pick(this.living()))
  }

  async #pushImage(others: readonly ModelledClient[]): Promise<void> {
    const blobs = [...new Set(Array.from({ length: 1 + randomInt(4) }, () => pick(contents)))]
    await this.#push(imageType, `t${randomInt(6)}`, { blobs, children: [] }, others)
  }

  async #pushIndex(others: readonly ModelledClient[]): Promise<void> {
    const children: Known[] = []
    for (let child = 0; child < 2; child++) {
      const pushed = await this.#push(imageType, undefined, { blobs: [pick(contents)], children: [] }, others)
      if (pushed === undefined) return
      children.push(pushed)
    }
    const distinct = [...new Map(children.map((child) => [child.digest, child])).values()]
    await this.#push(indexType, `i${randomInt(3)}`, { blobs: [], children: distinct }, others)
  }

  async #push(
    mediaType: string,
    tag: string | undefined,
    { blobs, children }: Pick<Known, 'blobs' | 'children'>,
    others: readonly ModelledClient[],
  ): Promise<Known | undefined> {
    const { clock, leaseMs } = this.#registry
    const began = clock.now()
    for (const blob of blobs) await this.#bring(blob, others)
    const describe = (type: string, bytes: Uint8Array) => ({
      mediaType: type,
      digest: digestOf(bytes),
      size: bytes.byteLength,
    })
    const [config, ...layers] = blobs.map((blob) => describe('application/octet-stream', blob))
    const content =
      mediaType === imageType
        ? { config, layers, annotations: { made: String(randomInt(3)) } }
        : { manifests: children.map((child) => describe(child.mediaType, child.bytes)) }
    const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType, ...content }))
    const digest = digestOf(bytes)
    const reference =
      tag === undefined ? { kind: 'digest' as const, digest } : { kind: 'tag' as const, tag: tag as TagName }
    const admission = await this.#registry.admit(system, 'push', this.repository)
    try {
      const manifest = parseManifest(bytes, mediaType)
      await pushManifest(this.#registry, admission, { reference, tags: [], manifest, bytes })
    } catch (error) {
      // A blob was told to be here and then taken away: only after the lease that came with that.
      if (pushIsLate(error) && clock.now() - began >= leaseMs / 2) return undefined
      this.violations.push(`push to ${this.repository}: ${String(error)}`)
      return undefined
    }
    const known = { digest, bytes, mediaType, blobs, children }
    if (tag !== undefined) this.#tags.set(tag, known)
    return known
  }

  /** By what is there already, by mount, or by sending the bytes: as clients do, in this order. */
  async #bring(blob: Uint8Array, others: readonly ModelledClient[]): Promise<void> {
    const digest = digestOf(blob)
    const { admit, blobs, uploads } = this.#registry
    const admission = await admit(system, 'push', this.repository)
    try {
      const here = await blobs.getBlob(await admit(system, 'pull', this.repository), digest)
      if (blobs.needsLease(here)) await blobs.keepForPush(admission, digest)
      return
    } catch (error) {
      if (!pushIsLate(error)) throw error
    }
    if (randomInt(2) === 0) {
      const source = await admit(system, 'pull', pick(others).repository)
      if (await uploads.mountBlob(admission, digest, source)) return
    }
    await this.#registry.pushBlob(this.repository, blob)
  }

  async #retag(): Promise<void> {
    const known = pickOrNone(this.living())
    if (known === undefined) return
    const tag = `t${randomInt(6)}`
    const admission = await this.#registry.admit(system, 'push', this.repository)
    const manifest = parseManifest(known.bytes, known.mediaType)
    const reference = { kind: 'tag' as const, tag: tag as TagName }
    try {
      await pushManifest(this.#registry, admission, { reference, tags: [], manifest, bytes: known.bytes })
      this.#tags.set(tag, known)
    } catch (error) {
      this.violations.push(`retag of ${known.digest}: ${String(error)}`)
    }
  }

  async #untag(): Promise<void> {
    const tag = pickOrNone([...this.#tags.keys()])
    if (tag === undefined) return
    await untag(this.#registry, await this.#registry.admit(system, 'delete', this.repository), tag as TagName)
    this.#tags.delete(tag)
  }

  async #delete(known = pickOrNone(this.living())): Promise<void> {
    if (known === undefined) return
    const admission = await this.#registry.admit(system, 'delete', this.repository)
    try {
      await deleteManifest(this.#registry, admission, known.digest)
    } catch (error) {
      if (error instanceof DomainError && error.code === 'REFERENCED') return
      throw error
    }
    for (const [tag, named] of this.#tags) if (named.digest === known.digest) this.#tags.delete(tag)
  }

  async #retain(): Promise<void> {
    for (const known of this.living().slice(1)) await this.#delete(known)
  }

  async #restore(): Promise<void> {
    const { projectId } = this.#registry
    const query = { repository: this.repository, size: 100, before: undefined }
    const { entries } = await listTrash(this.#registry, projectId, query)
    const entry = pickOrNone(entries.slice(0, 20))
    if (entry === undefined) return
    const admission = await this.#registry.admit(system, 'push', this.repository)
    try {
      const { digest } = await restoreEntry(this.#registry, admission, entry.id, { overwrite: true })
      for (const { name } of entry.tags) this.#tags.set(name, await this.#learn(digest))
      // What it needed came along out of the trash, with the names that it had there.
      const left = new Set((await listTrash(this.#registry, projectId, query)).entries.map(({ id }) => id))
      for (const along of entries) if (along !== entry && !left.has(along.id)) await this.#learnNamesOf(along)
    } catch (error) {
      // Its time was over, or that of something it needs.
      if (error instanceof DomainError && ['TRASH_ENTRY_UNKNOWN', 'PRECONDITION'].includes(error.code)) {
        await this.#forgetWhatIsGone()
      } else this.violations.push(`restore of ${entry.digest}: ${String(error)}`)
    }
  }

  async #learnNamesOf({ digest, tags }: TrashEntry): Promise<void> {
    const admission = await this.#registry.admit(system, 'pull', this.repository)
    for (const { name } of tags) {
      const tag = { kind: 'tag' as const, tag: name as TagName }
      const named = await this.#manifests.getManifest(admission, tag).catch(() => undefined)
      if (named?.digest === digest) this.#tags.set(name, await this.#learn(digest))
    }
  }

  /** A restore that broke off may have taken a name for its artifact: what the names say now is true. */
  async #forgetWhatIsGone(): Promise<void> {
    const admission = await this.#registry.admit(system, 'pull', this.repository)
    for (const tag of this.#tags.keys()) {
      const { digest } = await this.#manifests.getManifest(admission, { kind: 'tag', tag: tag as TagName })
      this.#tags.set(tag, await this.#learn(digest))
    }
  }

  /** What a manifest needs, by what it says. */
  async #learn(digest: Digest): Promise<Known> {
    const admission = await this.#registry.admit(system, 'pull', this.repository)
    const { bytes, mediaType } = await this.#manifests.getManifest(admission, { kind: 'digest', digest })
    const { config, layers, manifests } = parseManifest(bytes, mediaType)
    const named = config === undefined ? layers : [config, ...layers]
    const blobs = named.map((each) => contents.find((content) => digestOf(content) === each.digest)!)
    const children: Known[] = []
    for (const child of manifests) children.push(await this.#learn(child.digest))
    return { digest, bytes, mediaType, blobs, children }
  }
}

function pickOrNone<T>(values: readonly T[]): T | undefined {
  return values.length === 0 ? undefined : pick(values)
}
