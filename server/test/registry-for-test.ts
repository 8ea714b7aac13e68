import { createHash, randomUUID } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import type { Reference, TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database } from '#server/database/database.ts'
import { Manifests } from '#server/domain/artifacts/pull.ts'
import { PullRecorder } from '#server/domain/artifacts/pull-recorder.ts'
import { pushManifest } from '#server/domain/artifacts/push.ts'
import type { Clock } from '#server/domain/clock.ts'
import type { Admission } from '#server/domain/access/admission.ts'
import { Blobs } from '#server/domain/content/blobs.ts'
import { Events } from '#server/domain/events/events.ts'
import type { Reaction } from '#server/domain/events/reactions.ts'
import { Uploads } from '#server/domain/content/uploads.ts'
import { composeAdmit, type Admit } from '#server/domain/policies/admit.ts'
import { composePullJudge } from '#server/domain/quarantine/quarantine-gate.ts'
import type { BlobStore } from '#server/storage/blob-store.ts'
import { PushedSignatures } from '#server/domain/signatures/pushed-signatures.ts'
import { composeMemoryBlobStore } from '#server/storage/memory.ts'

/** A clock that stands until it is moved. */
export class TestClock implements Clock {
  #now = 1_800_000_000_000
  now(): number {
    return this.#now
  }
  advance(ms: number): void {
    this.#now += ms
  }
}

export const leaseMs = 60_000
export const system = { kind: 'system', name: 'test' } as const

/** The domain over a real database and the memory store: everything but HTTP. */
export interface RegistryForTest {
  readonly database: Database
  readonly store: BlobStore
  readonly clock: TestClock
  readonly events: Events
  readonly trashWindowMs: number
  readonly admit: Admit
  readonly blobs: Blobs
  readonly uploads: Uploads
  readonly manifests: Manifests
  readonly pulls: PullRecorder
  readonly pushedSignatures: PushedSignatures
  pushBlob(repository: string, bytes: Uint8Array): Promise<Digest>
  pushImage(repository: string, tag: string, blobs: readonly Uint8Array[]): Promise<Digest>
}

export interface RegistryForTestOptions {
  readonly trashWindowMs?: number
  /** Jobs that they ask for are forgotten. */
  readonly reactions?: readonly Reaction[]
}

export async function composeRegistryForTest(
  database: Database,
  store = composeMemoryBlobStore(),
  { trashWindowMs = 0, reactions = [] }: RegistryForTestOptions = {},
): Promise<RegistryForTest> {
  const clock = new TestClock()
  const events = new Events({ clock, reactions, enqueue: async () => {} })
  const admit = composeAdmit({ database, clock, settings: { readOnly: false, deleteEnabled: true } })
  const blobs = new Blobs({ database, reader: store, clock, leaseMs })
  const uploads = new Uploads({
    database,
    store,
    clock,
    events,
    newId: randomUUID,
    leaseMs,
    expireAfterMs: 10 * leaseMs,
    maxPerActor: 0,
    maxBytes: 0,
  })
  const manifests = new Manifests(database, composePullJudge({ database, clock }))
  const pushedSignatures = new PushedSignatures({ database, clock, store })
  const pulls = new PullRecorder(database)
  await createProject(database, 'library', clock)

  const pushBlob = async (repository: string, bytes: Uint8Array): Promise<Digest> => {
    const admission = await admit(system, 'push', repository as RepositoryName)
    const digest = digestOf(bytes)
    await uploads.uploadAtOnce(admission, digest, once(bytes))
    return digest
  }

  const pushImage = async (repository: string, tag: string, contents: readonly Uint8Array[]): Promise<Digest> => {
    const digests: Digest[] = []
    for (const content of contents) digests.push(await pushBlob(repository, content))
    const admission = await admit(system, 'push', repository as RepositoryName)
    const pushed = await pushManifest(
      { database, clock, events, pushedSignatures },
      admission,
      imageOf(tag, digests, contents),
    )
    return pushed.digest
  }
  return {
    ...{ database, store, clock, events, trashWindowMs, admit, blobs, uploads, manifests, pushedSignatures },
    ...{ pulls, pushBlob, pushImage },
  }
}

export async function createProject(database: Database, name: string, clock: Clock, isPublic = true): Promise<void> {
  await database.write(async (tx) => {
    const now = clock.now()
    await tx
      .insertInto('project')
      .values({ name, owner_id: null, public: isPublic ? 1 : 0, created_at: now, updated_at: now })
      .execute()
  })
}

/** An image whose config is the first of the blobs. */
export function imageOf(tag: string, digests: readonly Digest[], contents: readonly Uint8Array[]) {
  const [config, ...layers] = digests.map((digest, index) => ({
    mediaType: index === 0 ? 'application/vnd.oci.image.config.v1+json' : 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest,
    size: contents[index]!.byteLength,
  }))
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }))
  const reference: Reference = { kind: 'tag', tag: tag as TagName }
  return { reference, tags: [], manifest: parseManifest(bytes, mediaType), bytes }
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** The blob's bytes through the repository, or undefined when it is not readable there. */
export async function readBlob(
  registry: RegistryForTest,
  repository: string,
  digest: Digest,
): Promise<Uint8Array | undefined> {
  const admission: Admission<'pull'> = await registry.admit(system, 'pull', repository as RepositoryName)
  try {
    const blob = await registry.blobs.getBlob(admission, digest)
    return new Uint8Array(
      await new Response((await registry.blobs.openBlob(admission, blob)) as BodyInit).arrayBuffer(),
    )
  } catch (error) {
    if ((error as { code?: string }).code === 'BLOB_UNKNOWN') return undefined
    throw error
  }
}
