import type { Digest } from '#contract/digest.ts'
import { parseManifest, type Descriptor, type ParsedManifest } from '#contract/manifest.ts'
import { isForeignLayerMediaType } from '#contract/media-types.ts'
import { forEachAtOnce } from '../../runtime/for-each-at-once.ts'
import { Limiter } from '../../storage/limiter.ts'
import type { BlobMark, ManifestBytes, ReplicationDestination, ReplicationSource } from './sides.ts'
import type { Throttle } from './throttle.ts'

/** One name, or one manifest without a name. */
export interface CopyItem {
  readonly tag: string | undefined
  /** As the plan saw it; what a tag names is asked for again. */
  readonly digest: Digest
}

export interface CopyOptions {
  readonly source: ReplicationSource
  readonly destination: ReplicationDestination
  readonly from: string
  readonly to: string
  readonly override: boolean
  /** Other artifacts than container images stay. */
  readonly imagesOnly: boolean
  readonly throttle: Throttle
  readonly signal: AbortSignal
  readonly log: (line: string) => void
  /** Blobs on their way when the attempt before this one ended. */
  readonly marks: ReadonlyMap<Digest, BlobMark>
  /** Remembers one, or that it has arrived. */
  readonly keepMark: (digest: Digest, mark: BlobMark | undefined) => Promise<void>
  readonly onSent: (bytes: number) => void
}

/** Small requests overlap; the bytes of a task share its speed. */
const itemsAtOnce = 4
const blobsAtOnce = 4
const deepest = 16
/** A signature of a signature of an attestation: nobody makes more. */
const maxAccessoryDepth = 3

const configsOfImages: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
])

/** What could not be brought over, and why. */
export interface NotCopied {
  readonly name: string
  readonly why: string
  readonly error: unknown
}

export interface CopyResult {
  copied: number
  there: number
  kept: number
  gone: number
  readonly failed: NotCopied[]
}

/**
 * Brings names of one repository into another: blobs, children, index, and only then the name, so that the other side
 * has every name with all that is below it; signatures last. What is there already is not sent. One that fails does
 * not keep the others.
 */
export async function copyRepository(options: CopyOptions, items: readonly CopyItem[]): Promise<CopyResult> {
  const run = new RepositoryCopy(options)
  const result: CopyResult = { copied: 0, there: 0, kept: 0, gone: 0, failed: [] }
  await forEachAtOnce(items, itemsAtOnce, async (item) => {
    options.signal.throwIfAborted()
    try {
      result[await run.bring(item)]++
    } catch (error) {
      options.signal.throwIfAborted()
      const name = item.tag ?? item.digest
      const why = (error as Error).message
      options.log(`${options.from}:${name} was not copied: ${why}`)
      result.failed.push({ name, why, error })
    }
  })
  return result
}

type Outcome = 'copied' | 'there' | 'kept' | 'gone'

class RepositoryCopy {
  readonly #options: CopyOptions
  readonly #limiter = new Limiter(blobsAtOnce)
  /** Manifests and blobs that are on their way or there, each brought once. */
  readonly #manifests = new Map<Digest, Promise<boolean>>()
  readonly #blobs = new Map<Digest, Promise<void>>()
  readonly #accessories = new Set<Digest>()

  constructor(options: CopyOptions) {
    this.#options = options
  }

  async bring({ tag, digest }: CopyItem): Promise<Outcome> {
    if (tag === undefined) return await this.#bringUntagged(digest)
    const { source, from } = this.#options
    for (let wanted = await source.findTag(from, tag); ;) {
      if (wanted === undefined) {
        this.#options.log(`${from}:${tag} is gone at the source`)
        return 'gone'
      }
      const outcome = await this.#bringTag(tag, wanted)
      // It may have moved while its bytes were on their way: the destination must not keep the older one.
      const now = await source.findTag(from, tag)
      if (now === wanted || now === undefined) return outcome
      wanted = now
    }
  }

  async #bringTag(tag: string, digest: Digest): Promise<Outcome> {
    const { destination, from, to, override, log } = this.#options
    const there = await destination.findDigest(to, tag)
    if (there === digest) {
      log(`the artifact ${to}:${tag} already exists on the destination registry, skip`)
      await this.#bringAccessories(digest, 0)
      return 'there'
    }
    if (there !== undefined && !override) {
      log(
        `the artifact ${to}:${tag} already exists on the destination registry with another digest, and override is off: skip`,
      )
      return 'kept'
    }
    const manifest = await this.#read(digest)
    if (!this.#isWanted(manifest)) return this.#leaveOut(`${from}:${tag}`)
    await this.#bringBelow(manifest, 0)
    await destination.pushManifest(to, tag, manifest)
    this.#manifests.set(digest, Promise.resolve(true))
    log(`copied ${from}:${tag} to ${to}:${tag} (${digest})`)
    await this.#bringAccessories(digest, 0)
    return 'copied'
  }

  async #bringUntagged(digest: Digest): Promise<Outcome> {
    const { source, destination, from, to, log } = this.#options
    const there = await destination.findDigest(to, digest)
    if (there === undefined) {
      const manifest = await source.getManifest(from, digest)
      if (manifest === undefined) return 'gone'
      if (!this.#isWanted(manifest)) return this.#leaveOut(`${from}@${digest}`)
      await this.#bringBelow(manifest, 0)
      await destination.pushManifest(to, digest, manifest)
      this.#manifests.set(digest, Promise.resolve(true))
      log(`copied ${from}@${digest} to ${to}`)
    }
    await this.#bringAccessories(digest, 0)
    return there === undefined ? 'copied' : 'there'
  }

  #leaveOut(name: string): Outcome {
    this.#options.log(`${name} is no container image, and the rule is about images alone: skip`)
    return 'kept'
  }

  #isWanted(manifest: ManifestBytes): boolean {
    if (!this.#options.imagesOnly) return true
    const { kind, config } = parseManifest(manifest.bytes, manifest.mediaType)
    return kind === 'index' || configsOfImages.has(config?.mediaType ?? '')
  }

  /** A manifest by its digest, with all that is below it. False when the source does not have it. */
  async #bringManifest(digest: Digest, depth: number): Promise<boolean> {
    const known = this.#manifests.get(digest)
    if (known !== undefined) return await known
    const flight = this.#pushByDigest(digest, depth)
    this.#manifests.set(digest, flight)
    try {
      return await flight
    } catch (error) {
      this.#manifests.delete(digest)
      throw error
    }
  }

  async #pushByDigest(digest: Digest, depth: number): Promise<boolean> {
    const { source, destination, from, to } = this.#options
    if ((await destination.findDigest(to, digest)) !== undefined) return true
    const manifest = await source.getManifest(from, digest)
    if (manifest === undefined) return false
    await this.#bringBelow(manifest, depth)
    await destination.pushManifest(to, digest, manifest)
    return true
  }

  async #bringBelow({ bytes, mediaType, digest }: ManifestBytes, depth: number): Promise<void> {
    const { from, log, signal } = this.#options
    if (depth > deepest) throw new Error(`${digest} lies more than ${deepest} indexes deep`)
    const manifest = parseManifest(bytes, mediaType)
    await forEachAtOnce(blobsOf(manifest), blobsAtOnce, async (blob) => {
      signal.throwIfAborted()
      await this.#bringBlob(blob)
    })
    for (const child of manifest.manifests) {
      signal.throwIfAborted()
      // Of a sparse index: whether it may be, is for the destination to say.
      if (await this.#bringManifest(child.digest, depth + 1)) await this.#bringAccessories(child.digest, 0)
      else log(`${from} has no manifest ${child.digest}, which ${digest} names`)
    }
  }

  async #bringBlob(blob: Descriptor): Promise<void> {
    const known = this.#blobs.get(blob.digest)
    if (known !== undefined) return await known
    const flight = this.#limiter.run(async () => await this.#pushBlob(blob))
    this.#blobs.set(blob.digest, flight)
    try {
      await flight
    } catch (error) {
      this.#blobs.delete(blob.digest)
      throw error
    }
  }

  async #pushBlob({ digest, size }: Descriptor): Promise<void> {
    const { source, destination, from, to, marks, keepMark, throttle, signal, onSent, log } = this.#options
    if (await destination.hasBlob(to, digest)) return
    const sizeBytes = size ?? (await source.findBlobSize(from, digest))
    if (sizeBytes === undefined) throw new Error(`${from} has no blob ${digest}, which a manifest names`)
    const open = async (start: number) => {
      const bytes = await source.openBlob(from, digest, sizeBytes, start)
      if (bytes === undefined) throw new Error(`${from} has no blob ${digest}, which a manifest names`)
      return counted(throttle.through(bytes, signal), onSent)
    }
    const mark = marks.get(digest)
    if (mark !== undefined && mark.offset > 0) log(`going on with ${digest} behind ${mark.offset} bytes`)
    const push = { digest, sizeBytes, open, mark, keepMark: async (next: BlobMark) => await keepMark(digest, next) }
    const outcome = await destination.pushBlob(to, push)
    if (outcome === 'pushed') await keepMark(digest, undefined)
  }

  /** After the artifact itself, so that nothing signs what is not there. */
  async #bringAccessories(subject: Digest, depth: number): Promise<void> {
    if (depth === maxAccessoryDepth || this.#accessories.has(subject)) return
    this.#accessories.add(subject)
    const { source, destination, from, to, signal } = this.#options
    for await (const { digest, tag } of source.walkAccessories(from, subject)) {
      signal.throwIfAborted()
      if (tag === undefined) await this.#bringManifest(digest, 0)
      else if ((await destination.findDigest(to, tag)) !== digest) {
        const manifest = await this.#read(digest)
        await this.#bringBelow(manifest, 0)
        await destination.pushManifest(to, tag, manifest)
      }
      await this.#bringAccessories(digest, depth + 1)
    }
  }

  async #read(digest: Digest): Promise<ManifestBytes> {
    const { source, from } = this.#options
    const manifest = await source.getManifest(from, digest)
    if (manifest === undefined) throw new Error(`${from} has no manifest ${digest} any more`)
    return manifest
  }
}

/** Each once. The bytes of foreign layers lie elsewhere. */
function blobsOf({ config, layers }: ParsedManifest): Descriptor[] {
  const all = (config === undefined ? layers : [config, ...layers]).filter(
    ({ mediaType }) => !isForeignLayerMediaType(mediaType),
  )
  return [...new Map(all.map((blob) => [blob.digest, blob])).values()]
}

async function* counted(bytes: AsyncIterable<Uint8Array>, onSent: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    onSent(piece.byteLength)
    yield piece
  }
}
