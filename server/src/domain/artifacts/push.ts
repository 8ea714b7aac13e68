import { artifactTypeOf, descriptorsOf, type ParsedManifest } from '#contract/manifest.ts'
import { algorithmOf, formatDigest, type Digest } from '#contract/digest.ts'
import { isForeignLayerMediaType } from '#contract/media-types.ts'
import type { Reference, TagName } from '#contract/reference.ts'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockRows, lockRowsShared } from '../../database/locking.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { faultPoint } from '../../runtime/fault-points.ts'
import { createHasher } from '../../runtime/hasher.ts'
import type { Admission } from '../access/admission.ts'
import type { Clock } from '../clock.ts'
import { ensureRepository } from '../projects/repositories.ts'
import { DomainError } from '../errors.ts'
import { recordEvent } from '../events.ts'
import { assertTagsMutable } from '../policies/immutability.ts'
import { announceExceeded, assertWithinLimit, limitedProjectOf, reserveRoom } from '../quotas/limit.ts'
import { countContent } from '../quotas/project-usage.ts'
import { reviewArtifact } from './orphans.ts'
import { recordTagMove } from './tag-history.ts'
import { moveTag } from './tags.ts'

/** How many digests one statement asks for; below the parameter limits of both databases. */
const lookupBatch = 500

export interface PushedArtifact {
  readonly digest: Digest
  readonly subject: Digest | undefined
  /** The tags that now name it because of this push. */
  readonly tags: readonly TagName[]
}

const touchRepository = preparedQuery<{ id: number; now: number }, unknown>((db, param) =>
  db
    .updateTable('repository')
    .set({ updated_at: param('now') })
    .where('id', '=', param('id')),
)

const findTag = preparedQuery<{ repositoryId: number; name: string }, { artifact_id: number }>((db, param) =>
  db
    .selectFrom('tag')
    .select('artifact_id')
    .where('repository_id', '=', param('repositoryId'))
    .where('name', '=', param('name')),
)

export interface PushServices {
  readonly database: Database
  readonly clock: Clock
}

/**
 * Stores a manifest, byte for byte, and moves tags to it: one transaction, so a push is there as a whole
 * or not at all (distribution-spec v1.1 §pushing-manifests).
 * @throws DomainError DIGEST_MISMATCH, MANIFEST_BLOB_UNKNOWN (detail: what is missing), PRECONDITION (a tag is
 *   immutable), QUOTA_EXCEEDED
 */
export async function pushManifest(
  services: PushServices,
  admission: Admission<'push'>,
  push: { reference: Reference; tags: readonly TagName[]; manifest: ParsedManifest; bytes: Uint8Array },
): Promise<PushedArtifact> {
  const { clock } = services
  const digest = digestOf(push.reference, push.bytes)
  const tags = push.reference.kind === 'tag' ? [push.reference.tag, ...push.tags] : [...push.tags]
  await withRoomFor(services, admission, { digest, ...push }, async (tx) => {
    const now = clock.now()
    const { projectId, repositoryName: repository, actor } = admission
    const repositoryId = await ensureRepository(tx, { projectId, name: repository }, now)
    const { id, isNew } = await storeArtifact(services, tx, admission, { repositoryId, digest, now, ...push })
    await nameArtifact(tx, admission, { repositoryId, id, digest, now }, tags)
    if (isNew && tags.length === 0) await reviewArtifact(tx, id, now)
    await touchRepository.run(tx, { id: repositoryId, now })
    await recordEvent(tx, clock, actor, { type: 'push_artifact', projectId, repository, digest, tags })
    faultPoint('manifest-before-commit')
  })
  faultPoint('manifest-after-commit')
  return { digest, subject: push.manifest.subject?.digest, tags }
}

interface Content {
  readonly digest: Digest
  readonly manifest: ParsedManifest
  readonly bytes: Uint8Array
}

/**
 * Runs the transaction that brings an artifact into a project, with room taken for it where the project has a limit.
 * @throws DomainError QUOTA_EXCEEDED, and what `write` throws
 */
export async function withRoomFor(
  services: PushServices,
  admission: Admission<'push'>,
  content: Content,
  write: (tx: Writer) => Promise<void>,
): Promise<void> {
  const { database } = services
  const to = limitedProjectOf(admission)
  const reservation = await reserveRoom(services, to, () => newBytesOf(database.read, to.projectId, content))
  try {
    await database.write(async (tx) => {
      await write(tx)
      await reservation.settle(tx)
    })
  } catch (error) {
    await reservation.abandon()
    if (error instanceof DomainError && error.code === 'QUOTA_EXCEEDED') await announceExceeded(services, to)
    throw error
  }
}

/** Stores the artifact, if it is not there, and counts what it brings. @throws DomainError MANIFEST_BLOB_UNKNOWN, QUOTA_EXCEEDED */
export async function storeArtifact(
  services: PushServices,
  tx: Writer,
  admission: Admission<'push'>,
  content: Content & { readonly repositoryId: number; readonly now: number },
): Promise<{ readonly id: number; readonly isNew: boolean }> {
  const { database } = services
  const artifact = await ensureArtifact(database, tx, content)
  if (artifact.isNew) {
    const manifest = { digest: content.digest, size: content.bytes.byteLength }
    const { blobs, size: logicalBytes } = artifact
    const counted = { projectId: admission.projectId, manifest, blobs, logicalBytes }
    const added = await countContent(database, tx, counted)
    await assertWithinLimit(services, tx, limitedProjectOf(admission), added)
  }
  return artifact
}

/** Points the tags to the artifact. @throws DomainError PRECONDITION (a tag is immutable and names another one) */
export async function nameArtifact(
  tx: Writer,
  admission: Admission<'push'>,
  artifact: { readonly repositoryId: number; readonly id: number; readonly digest: Digest; readonly now: number },
  tags: readonly TagName[],
): Promise<void> {
  const { repositoryId, id, digest, now } = artifact
  const moves = await movesOf(tx, repositoryId, id, tags)
  await assertTagsMutable(
    tx,
    admission,
    moves.fromOthers.map(({ tag }) => tag),
  )
  for (const tag of tags) await moveTag(tx, { repositoryId, artifactId: id, tag, now })
  for (const tag of moves.all) await recordTagMove(tx, admission.actor, { repositoryId, tag, digest, movedAt: now })
  for (const { from } of moves.fromOthers) await reviewArtifact(tx, from, now)
}

/** What the push could add to the usage of the project, at the most. */
async function newBytesOf(reader: Reader, projectId: number, { digest, manifest, bytes }: Content): Promise<number> {
  const known = await reader
    .selectFrom('project_blob')
    .select('size')
    .where('project_id', '=', projectId)
    .where('digest', '=', digest)
    .executeTakeFirst()
  const digests = [...new Set(descriptorsOf(manifest).map((descriptor) => String(descriptor.digest)))]
  let needed = known === undefined ? bytes.byteLength : 0
  for (const batch of batches(digests, lookupBatch)) {
    const row = await reader
      .selectFrom('blob')
      .leftJoin('project_blob', (join) =>
        join.onRef('project_blob.digest', '=', 'blob.digest').on('project_blob.project_id', '=', projectId),
      )
      .select((eb) => eb.fn.sum<number | string | null>('blob.size').as('bytes'))
      .where('blob.digest', 'in', batch)
      .where('project_blob.digest', 'is', null)
      .executeTakeFirstOrThrow()
    needed += Number(row.bytes ?? 0)
  }
  return needed
}

/** Those of the tags that do not name the artifact yet, and among them those that name another one. */
async function movesOf(
  tx: Writer,
  repositoryId: number,
  artifactId: number,
  tags: readonly TagName[],
): Promise<{
  readonly all: readonly TagName[]
  readonly fromOthers: readonly { readonly tag: TagName; readonly from: number }[]
}> {
  const all: TagName[] = []
  const fromOthers: { tag: TagName; from: number }[] = []
  for (const name of tags) {
    const row = await findTag.first(tx, { repositoryId, name })
    if (row?.artifact_id === artifactId) continue
    all.push(name)
    if (row !== undefined) fromOthers.push({ tag: name, from: row.artifact_id })
  }
  return { all, fromOthers }
}

function digestOf(reference: Reference, bytes: Uint8Array): Digest {
  const algorithm = reference.kind === 'digest' ? algorithmOf(reference.digest) : 'sha256'
  const hasher = createHasher(algorithm)
  hasher.update(bytes)
  const digest = formatDigest(algorithm, hasher.digestHex())
  if (reference.kind === 'digest' && reference.digest !== digest) {
    throw new DomainError(
      'DIGEST_MISMATCH',
      `the manifest received has the digest ${digest}, not ${reference.digest}`,
      {
        detail: { digest: reference.digest },
      },
    )
  }
  return digest
}

interface ArtifactRow {
  repositoryId: number
  digest: string
  mediaType: string
  artifactType: string
  manifestSize: number
  size: number
  subject: string | null
  annotations: string | null
  now: number
}

const insertArtifact = preparedQuery<ArtifactRow, { id: number }>((db, param) =>
  db
    .insertInto('artifact')
    .values({
      repository_id: param('repositoryId'),
      digest: param('digest'),
      media_type: param('mediaType'),
      artifact_type: param('artifactType'),
      manifest_size: param('manifestSize'),
      size: param('size'),
      subject_digest: param('subject'),
      annotations: param('annotations'),
      pushed_at: param('now'),
      pulled_at: null,
    })
    .onConflict((conflict) => conflict.columns(['repository_id', 'digest']).doNothing())
    .returning('id'),
)

const insertPayload = preparedQuery<{ artifactId: number; bytes: Uint8Array }, unknown>((db, param) =>
  db.insertInto('artifact_payload').values({ artifact_id: param('artifactId'), bytes: param('bytes') }),
)

interface NewArtifact {
  repositoryId: number
  digest: Digest
  now: number
  manifest: ParsedManifest
  bytes: Uint8Array
}

interface EnsuredArtifact {
  readonly id: number
  readonly isNew: boolean
  /** With everything it names. */
  readonly size: number
  /** Digests of its config and layers. */
  readonly blobs: readonly string[]
}

async function ensureArtifact(database: Database, tx: Writer, artifact: NewArtifact): Promise<EnsuredArtifact> {
  const { repositoryId, digest, now, manifest, bytes } = artifact
  // What it refers to is checked and locked even for a manifest that is there already: its answer says
  // that everything is in place.
  const blobs = await linkedBlobs(database, tx, repositoryId, manifest)
  const children = await childArtifacts(database, tx, repositoryId, manifest)
  const descriptors = new Map(descriptorsOf(manifest).map((descriptor) => [descriptor.digest, descriptor.size]))
  let size = bytes.byteLength
  for (const referred of descriptors.values()) size += referred
  const inserted = await insertArtifact.first(tx, {
    repositoryId,
    digest,
    mediaType: manifest.mediaType,
    artifactType: artifactTypeOf(manifest) ?? '',
    manifestSize: bytes.byteLength,
    size,
    subject: manifest.subject?.digest ?? null,
    annotations: manifest.annotations === undefined ? null : JSON.stringify(manifest.annotations),
    now,
  })
  if (inserted === undefined) {
    const existing = await tx
      .updateTable('artifact')
      .set({ pushed_at: now })
      .where('repository_id', '=', repositoryId)
      .where('digest', '=', digest)
      .returning('id')
      .executeTakeFirstOrThrow()
    return { id: existing.id, isNew: false, size, blobs }
  }
  const artifactId = inserted.id
  await insertPayload.run(tx, { artifactId, bytes })
  for (const batch of batches(blobs, lookupBatch)) {
    await tx
      .insertInto('artifact_blob')
      .values(batch.map((blob) => ({ artifact_id: artifactId, repository_id: repositoryId, digest: blob })))
      .execute()
  }
  for (const batch of batches(children, lookupBatch)) {
    await tx
      .insertInto('artifact_child')
      .values(batch.map((child) => ({ parent_id: artifactId, child_id: child })))
      .execute()
  }
  return { id: artifactId, isNew: true, size, blobs }
}

/**
 * The digests of config and layers that this repository links, locked until the commit, so that garbage
 * collection cannot take one between this look and the commit. A blob that only other repositories have is
 * as missing as one that nobody has (invariant 4); foreign layers may be absent.
 */
async function linkedBlobs(
  database: Database,
  tx: Writer,
  repositoryId: number,
  manifest: ParsedManifest,
): Promise<string[]> {
  const wanted = new Map<string, { needed: boolean }>()
  for (const { digest, mediaType } of [
    ...(manifest.config === undefined ? [] : [manifest.config]),
    ...manifest.layers,
  ]) {
    const needed = !isForeignLayerMediaType(mediaType)
    wanted.set(digest, { needed: needed || (wanted.get(digest)?.needed ?? false) })
  }
  const found = new Set<string>()
  for (const batch of batches([...wanted.keys()].sort(), lookupBatch)) {
    const rows = await lockRows(
      database,
      tx
        .selectFrom('repository_blob')
        .select('digest')
        .where('repository_id', '=', repositoryId)
        .where('digest', 'in', batch)
        .orderBy('digest'),
    ).execute()
    for (const row of rows) found.add(row.digest)
  }
  const missing = [...wanted].filter(([digest, { needed }]) => needed && !found.has(digest)).map(([digest]) => digest)
  if (missing.length > 0) throw missingContent('blobs', missing)
  return [...found]
}

async function childArtifacts(
  database: Database,
  tx: Writer,
  repositoryId: number,
  manifest: ParsedManifest,
): Promise<number[]> {
  const wanted = [...new Set<string>(manifest.manifests.map((child) => child.digest))].sort()
  const found = new Map<string, number>()
  for (const batch of batches(wanted, lookupBatch)) {
    // Locked, so that none of them is deleted as belonging to nothing before the index is there.
    const rows = await lockRowsShared(
      database,
      tx
        .selectFrom('artifact')
        .select(['id', 'digest'])
        .where('repository_id', '=', repositoryId)
        .where('digest', 'in', batch)
        .orderBy('id'),
    ).execute()
    for (const row of rows) found.set(row.digest, row.id)
  }
  const missing = wanted.filter((digest) => !found.has(digest))
  if (missing.length > 0) throw missingContent('manifests', missing)
  return [...found.values()]
}

function missingContent(what: 'blobs' | 'manifests', digests: readonly string[]): DomainError {
  const shown = digests.slice(0, 20)
  return new DomainError(
    'MANIFEST_BLOB_UNKNOWN',
    `the manifest refers to ${what} that this repository does not have: ${shown.join(', ')}${digests.length > 20 ? ', …' : ''}; push them first`,
    { detail: { digests: shown } },
  )
}

function* batches<T>(values: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < values.length; start += size) yield values.slice(start, start + size)
}
