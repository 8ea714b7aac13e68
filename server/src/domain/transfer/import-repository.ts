import { budgets, parseForeignJson } from '#contract/budget.ts'
import { findDigest, formatDigest, algorithmOf, type Digest } from '#contract/digest.ts'
import { ContractError } from '#contract/contract-error.ts'
import { parseManifest, type ParsedManifest } from '#contract/manifest.ts'
import { isForeignLayerMediaType, isSchema1MediaType, mediaTypes } from '#contract/media-types.ts'
import { parseTagName, type TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { createHasher } from '../../runtime/hasher.ts'
import { actorName } from '../access/actor.ts'
import { findArtifactId } from '../artifacts/find-artifact.ts'
import { pushManifest } from '../artifacts/push.ts'
import { DomainError } from '../errors.ts'
import { isSwitchedOn } from '../projects/project-metadata.ts'
import { forEachAtOnce } from '../../runtime/for-each-at-once.ts'
import type { SourceManifest, SourceTag } from './content-source.ts'
import type { BlobImport } from './import-blobs.ts'
import { importer, type ImportContext } from './import-services.ts'
import { retryWhenBusy } from './retry-when-busy.ts'
import type { NotTakenReason } from './transfer-report.ts'

/** The limit of nested indexes; builders make one level. */
const deepest = 16
/** Of one manifest. */
const blobsAtOnce = 4

const findTagged = preparedQuery<{ repositoryId: number; name: string }, { digest: string }>((db, param) =>
  db
    .selectFrom('tag')
    .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
    .select('artifact.digest')
    .where('tag.repository_id', '=', param('repositoryId'))
    .where('tag.name', '=', param('name')),
)

const findLastMove = preparedQuery<{ repositoryId: number; name: string }, { username: string }>((db, param) =>
  db
    .selectFrom('tag_move')
    .select('username')
    .where('repository_id', '=', param('repositoryId'))
    .where('tag', '=', param('name'))
    .orderBy('id', 'desc')
    .limit(1),
)

/** One repository on its way in. What is here already stays as it is, so it can be begun again at any time. */
export class RepositoryImport {
  readonly #context: ImportContext
  readonly #blobs: BlobImport
  /** As the source calls it. */
  readonly #from: string
  readonly #name: RepositoryName
  readonly #underWay = new Map<Digest, Promise<boolean>>()
  /** Reported; not tried again for each tag that names it. */
  readonly #failed = new Set<Digest>()
  /** Children of sparse indexes that the source lacks, too. */
  readonly #absent = new Set<Digest>()
  #taken = 0
  #found = 0

  constructor(context: ImportContext, blobs: BlobImport, from: string, name: RepositoryName) {
    this.#context = context
    this.#blobs = blobs
    this.#from = from
    this.#name = name
  }

  /** Tags first: each comes in one transaction with its manifest. */
  async run(): Promise<void> {
    const { source, options, limiter, report } = this.#context
    await forEachAtOnce(source.walkTags(this.#from), options.parallel, (tag) => limiter.run(() => this.#takeTag(tag)))
    await forEachAtOnce(source.walkManifests(this.#from), options.parallel, (digest) =>
      limiter.run(() => this.#takeLinked(digest)),
    )
    report.manifests.alreadyHere += Math.max(0, this.#found - this.#taken)
    report.repositories.taken++
  }

  async #takeTag(tag: SourceTag): Promise<void> {
    const { report } = this.#context
    const leaveOut = (reason: NotTakenReason, message: string) =>
      report.leaveOut({ what: 'tag', repository: this.#from, name: tag.name, reason, message })
    const digest = findDigest(tag.digest ?? '')
    if (digest === undefined) return leaveOut('tag-broken', 'what it names cannot be read')
    let name: TagName
    try {
      name = parseTagName(tag.name)
    } catch (error) {
      if (!(error instanceof ContractError)) throw error
      return leaveOut('tag-invalid', error.message)
    }
    const standing = await this.#standingOf(name, digest)
    if (standing === 'same') return void report.tags.alreadyHere++
    if (standing === 'moved-here') {
      return leaveOut('tag-moved-here', 'somebody pushed it here since; --overwrite-tags makes it follow the source')
    }
    const flight = this.#underWay.get(digest)
    const taken =
      flight === undefined ? await this.#take(digest, [name]) : (await flight) && (await this.#take(digest, [name]))
    if (taken) report.tags.taken++
    else leaveOut('content-missing', `${digest}, which it names, was not taken`)
  }

  async #takeLinked(text: string): Promise<void> {
    const digest = findDigest(text)
    if (digest === undefined) {
      const message = 'this is no digest'
      this.#context.report.leaveOut({
        what: 'manifest',
        repository: this.#from,
        name: text,
        reason: 'manifest-invalid',
        message,
      })
    } else if (await this.#isHere(digest)) {
      this.#found++
      // An earlier run pointed to bytes that are now to be our own.
      if (this.#context.options.bytes === 'copy') await this.#take(digest, [])
    } else {
      await (this.#underWay.get(digest) ?? this.#take(digest, []))
      if (await this.#isHere(digest)) this.#found++
    }
  }

  async #take(digest: Digest, tags: readonly TagName[], depth = 0): Promise<boolean> {
    if (this.#failed.has(digest)) return false
    const flight = this.#bring(digest, tags, depth)
    this.#underWay.set(digest, flight)
    try {
      const taken = await flight
      if (!taken) this.#failed.add(digest)
      return taken
    } finally {
      if (this.#underWay.get(digest) === flight) this.#underWay.delete(digest)
    }
  }

  /** The manifest with everything below it, and the tags. False, and reported, when something of it is missing. */
  async #bring(digest: Digest, tags: readonly TagName[], depth: number): Promise<boolean> {
    const leaveOut = (reason: NotTakenReason, message: string) => {
      this.#context.report.leaveOut({ what: 'manifest', repository: this.#from, name: digest, reason, message })
      return false
    }
    const found = await this.#read(digest)
    if ('reason' in found) {
      if (depth === 0 || found.reason !== 'manifest-missing' || !(await this.#takesSparse()))
        return leaveOut(found.reason, found.message)
      this.#absent.add(digest)
      return false
    }
    const { manifest, bytes } = found
    if (depth > deepest) return leaveOut('manifest-invalid', `it lies ${deepest} indexes deep`)
    const wasHere = await this.#isHere(digest)
    if (!(await this.#takeBelow(manifest, depth))) {
      return leaveOut('content-missing', 'something that it is made of was not taken')
    }
    try {
      const reference = { kind: 'digest', digest } as const
      await retryWhenBusy(async () =>
        pushManifest(this.#context, await this.#admit(), { reference, tags, manifest, bytes }),
      )
    } catch (error) {
      return leaveOut(...refusalOf(error))
    }
    if (!wasHere) {
      this.#taken++
      this.#context.report.manifests.taken++
    }
    return true
  }

  async #takeBelow(manifest: ParsedManifest, depth: number): Promise<boolean> {
    let complete = true
    for (const child of manifest.manifests) {
      if (await this.#isHere(child.digest)) continue
      const flight = this.#underWay.get(child.digest)
      const taken = await (flight ?? this.#take(child.digest, [], depth + 1))
      if (!taken && !this.#absent.has(child.digest)) complete = false
    }
    const { config, layers } = manifest
    const wanted = new Map<Digest, { size: number | undefined; optional: boolean }>()
    for (const { digest, size, mediaType } of config === undefined ? layers : [config, ...layers]) {
      const optional = isForeignLayerMediaType(mediaType) && wanted.get(digest)?.optional !== false
      wanted.set(digest, { size, optional })
    }
    await forEachAtOnce(wanted, blobsAtOnce, async ([digest, blob]) => {
      try {
        const taken = await retryWhenBusy(async () =>
          this.#blobs.take(await this.#admit(), this.#from, { digest, ...blob }),
        )
        if (!taken) complete = false
      } catch (error) {
        const [reason, message] = refusalOf(error)
        this.#context.report.leaveOut({ what: 'blob', repository: this.#from, name: digest, reason, message })
        complete = false
      }
    })
    return complete
  }

  async #read(
    digest: Digest,
  ): Promise<{ manifest: ParsedManifest; bytes: Uint8Array } | { reason: NotTakenReason; message: string }> {
    const { source, options } = this.#context
    try {
      const found = await source.findManifest(this.#from, digest, options.manifestBytes)
      if (found === undefined) {
        return { reason: 'manifest-missing', message: 'the repository does not have it, or its bytes are gone' }
      }
      if ('unusable' in found) return { reason: `manifest-${found.unusable}`, message: found.message }
      const hasher = createHasher(algorithmOf(digest))
      hasher.update(found.bytes)
      if (formatDigest(algorithmOf(digest), hasher.digestHex()) !== digest) {
        return { reason: 'manifest-damaged', message: 'its bytes do not have its digest' }
      }
      const mediaType = mediaTypeOf(found)
      if (mediaType === undefined) {
        const message = 'Docker image manifest schema 1: pull and push the image with a current docker before'
        return { reason: 'schema1', message }
      }
      return { manifest: parseManifest(found.bytes, mediaType), bytes: found.bytes }
    } catch (error) {
      if (error instanceof ContractError) return { reason: 'manifest-invalid', message: error.message }
      throw error
    }
  }

  async #standingOf(name: TagName, digest: Digest): Promise<'new' | 'same' | 'moved-here'> {
    const { database, options } = this.#context
    const { repositoryId } = await this.#admit()
    if (repositoryId === undefined) return 'new'
    const standing = await findTagged.first(database.read, { repositoryId, name })
    if (standing?.digest === digest) return 'same'
    if (standing === undefined || options.overwriteTags) return 'new'
    const last = await findLastMove.first(database.read, { repositoryId, name })
    return last?.username === actorName(importer) ? 'new' : 'moved-here'
  }

  async #takesSparse(): Promise<boolean> {
    const { projectId } = await this.#admit()
    return await isSwitchedOn(this.#context.database.read, projectId, 'sparse_indexes')
  }

  async #isHere(digest: Digest): Promise<boolean> {
    const { repositoryId } = await this.#admit()
    if (repositoryId === undefined) return false
    return (await findArtifactId(this.#context.database.read, repositoryId, digest)) !== undefined
  }

  async #admit() {
    return await this.#context.admit(importer, 'push', this.#name)
  }
}

/** The parsed manifest; undefined for Docker's schema 1. A wrong manifest fails where it is parsed. */
function mediaTypeOf({ bytes, mediaType }: SourceManifest): string | undefined {
  let fields: { schemaVersion?: unknown; mediaType?: unknown; manifests?: unknown; fsLayers?: unknown } | null
  try {
    fields = parseForeignJson(bytes, budgets.manifest) as typeof fields
  } catch {
    return mediaType ?? mediaTypes.ociManifest
  }
  const said = mediaType ?? (typeof fields?.mediaType === 'string' ? fields.mediaType : '')
  if (isSchema1MediaType(said) || fields?.schemaVersion === 1 || fields?.fsLayers !== undefined) return undefined
  if (said !== '') return said
  return Array.isArray(fields?.manifests) ? mediaTypes.ociIndex : mediaTypes.ociManifest
}

/** The reason why one item could not be taken. An error that would keep everything else out is thrown again. */
function refusalOf(error: unknown): [NotTakenReason, string] {
  if (!(error instanceof DomainError)) throw error
  switch (error.code) {
    case 'QUOTA_EXCEEDED':
      return ['quota-exceeded', error.message]
    case 'MANIFEST_BLOB_UNKNOWN':
      return ['content-missing', error.message]
    case 'PRECONDITION':
    case 'MANIFEST_INVALID':
    case 'SIZE_INVALID':
      return ['refused', error.message]
    default:
      throw error
  }
}
