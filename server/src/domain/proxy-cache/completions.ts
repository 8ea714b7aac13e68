import { ContractError } from '#contract/contract-error.ts'
import type { Digest } from '#contract/digest.ts'
import { parseManifest, type ParsedManifest } from '#contract/manifest.ts'
import { isForeignLayerMediaType } from '#contract/media-types.ts'
import type { TagName } from '#contract/reference.ts'
import type { Database } from '../../database/database.ts'
import { Limiter } from '../../storage/limiter.ts'
import { notePull } from '../artifacts/note-pull.ts'
import { pushManifest, type PushServices } from '../artifacts/push.ts'
import type { ServedManifest } from '../artifacts/roles.ts'
import { DomainError } from '../errors.ts'
import { batches } from '../lists/batches.ts'
import type { Admit } from '../policies/admit.ts'
import type { BlobFills } from './blob-fills.ts'
import type { CacheRoom } from './cache-room.ts'
import { enter } from './eviction-queues.ts'
import { dropWaiting, findWaiting, tagsOf, type WaitingManifest } from './known-manifests.ts'
import { cacheActor, type CachedRepository } from './proxy-projects.ts'
import { SingleFlight } from './single-flight.ts'

export interface CompletionsOptions extends PushServices {
  readonly admit: Admit
  readonly fills: BlobFills
  readonly room: CacheRoom
  /** Why a manifest stays without its blobs for now. */
  readonly onProblem: (repository: string, digest: string, error: unknown) => void
}

/** Images that are completed at the same moment, a blob of each after the other. */
const maxAtOnce = 4

/**
 * Makes artifacts of the manifests that were fetched: brings the blobs that no client asked for, and stores manifest and tags. Until
 * then a manifest waits in a table of its own, and is served from there.
 */
export class Completions {
  readonly #options: CompletionsOptions
  readonly #flights = new SingleFlight<void>()
  readonly #turns = new Limiter(maxAtOnce)

  constructor(options: CompletionsOptions) {
    this.#options = options
  }

  /** Stores the manifest when it lacks nothing, and else goes on in the background. */
  async begin(repository: CachedRepository, digest: Digest): Promise<void> {
    const { database, onProblem } = this.#options
    const waiting = await findWaiting(database.read, repository.name, digest)
    if (waiting === undefined) return
    const manifest = understood(waiting)
    // What cannot be understood cannot be stored; it is served as it came.
    if (manifest === undefined) return
    const completion = this.complete(repository, digest).catch((error: unknown) =>
      onProblem(repository.name, digest, error),
    )
    if ((await this.#missingBlobs(repository, manifest)).length === 0) await completion
  }

  /** @throws UpstreamFailure, DomainError QUOTA_EXCEEDED and others: the manifest goes on waiting */
  async complete(repository: CachedRepository, digest: Digest): Promise<void> {
    await this.#flights.do(`${repository.name} ${digest}`, () => this.#complete(repository, digest))
  }

  /** Lets a tag name a manifest that is stored already, as upstream does now. */
  async retag(repository: CachedRepository, stored: ServedManifest, tag: TagName): Promise<void> {
    const { onProblem } = this.#options
    try {
      await this.#store(repository, stored, parseManifest(stored.bytes, stored.mediaType), [tag])
    } catch (error) {
      // An immutable tag stays where it is; the client gets what upstream has all the same.
      if (!(error instanceof DomainError)) throw error
      onProblem(repository.name, stored.digest, error)
    }
  }

  /** Ends when everything under way has ended. */
  async settled(): Promise<void> {
    await this.#flights.settled()
  }

  async #complete(repository: CachedRepository, digest: Digest): Promise<void> {
    const { database, fills } = this.#options
    const waiting = await findWaiting(database.read, repository.name, digest)
    const manifest = waiting === undefined ? undefined : understood(waiting)
    if (waiting === undefined || manifest === undefined) return
    const { room } = this.#options
    const neededBytes = await this.#neededBytes(repository, waiting, manifest)
    await room.makeFor(repository.project, neededBytes)
    await this.#turns.run(async () => {
      for (const blob of await this.#missingBlobs(repository, manifest)) {
        await fills.ensure(repository, blob.digest, blob.size)
      }
    })
    const tags = await tagsOf(database.read, repository.name, digest)
    await this.#storeWithRoom(repository, neededBytes, () => this.#store(repository, waiting, manifest, tags))
    await database.write(async (tx) => {
      await notePull(tx, repository.name, digest, this.#options.clock.now())
      await dropWaiting(tx, repository.name, digest)
    }, 'relaxed')
  }

  /** Others that came at the same time may have taken the room that was made. */
  async #storeWithRoom({ project }: CachedRepository, neededBytes: number, store: () => Promise<void>): Promise<void> {
    try {
      await store()
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'QUOTA_EXCEEDED') throw error
      await this.#options.room.makeFor(project, neededBytes)
      await store()
    }
  }

  /** What the usage of the project will grow by. */
  async #neededBytes(
    { project }: CachedRepository,
    { digest, bytes }: WaitingManifest,
    manifest: ParsedManifest,
  ): Promise<number> {
    const parts = [manifest.config, ...manifest.layers].filter((each) => each !== undefined)
    const wanted = new Map<string, number>(parts.map((part) => [part.digest, part.size ?? 0]))
    wanted.set(digest, bytes.byteLength)
    for (const batch of batches([...wanted.keys()])) {
      const rows = await this.#options.database.read
        .selectFrom('project_blob')
        .select('digest')
        .where('project_id', '=', project.id)
        .where('digest', 'in', batch)
        .execute()
      for (const row of rows) wanted.delete(row.digest)
    }
    return [...wanted.values()].reduce((sum, size) => sum + size, 0)
  }

  async #store(
    { name, project }: CachedRepository,
    { digest, bytes }: Pick<WaitingManifest, 'digest' | 'bytes'>,
    manifest: ParsedManifest,
    tags: readonly TagName[],
  ): Promise<void> {
    const admission = await this.#options.admit(cacheActor, 'fill', name)
    await pushManifest(this.#options, admission, { reference: { kind: 'digest', digest }, tags, manifest, bytes })
    await this.#options.database.write((tx) => enter(tx, project.id, { repository: name, digest }), 'relaxed')
  }

  async #missingBlobs({ name, project }: CachedRepository, manifest: ParsedManifest) {
    const wanted = new Map<Digest, number | undefined>()
    for (const { digest, size, mediaType } of [manifest.config, ...manifest.layers].filter(
      (each) => each !== undefined,
    ))
      if (!isForeignLayerMediaType(mediaType)) wanted.set(digest, size)
    for (const digest of await linkedOf(this.#options.database, { name, projectId: project.id }, [...wanted.keys()]))
      wanted.delete(digest)
    return [...wanted].map(([digest, size]) => ({ digest, size }))
  }
}

async function linkedOf(
  { read }: Database,
  { name, projectId }: { readonly name: string; readonly projectId: number },
  digests: readonly Digest[],
): Promise<Digest[]> {
  const linked: Digest[] = []
  for (const batch of batches(digests)) {
    const rows = await read
      .selectFrom('repository_blob')
      .innerJoin('repository', 'repository.id', 'repository_blob.repository_id')
      .select('repository_blob.digest')
      .where('repository.project_id', '=', projectId)
      .where('repository.name', '=', name)
      .where('repository_blob.digest', 'in', batch)
      .execute()
    linked.push(...rows.map(({ digest }) => digest as Digest))
  }
  return linked
}

/** Undefined for what is served as it came: Docker's schema 1, and what is no manifest. */
export function understood({
  bytes,
  mediaType,
}: Pick<WaitingManifest, 'bytes' | 'mediaType'>): ParsedManifest | undefined {
  try {
    return parseManifest(bytes, mediaType)
  } catch (error) {
    if (error instanceof ContractError) return undefined
    throw error
  }
}
