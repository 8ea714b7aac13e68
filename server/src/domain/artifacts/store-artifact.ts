import { artifactTypeOf, descriptorsOf, type ParsedManifest } from '#contract/manifest.ts'
import type { Digest } from '#contract/digest.ts'
import { isForeignLayerMediaType } from '#contract/media-types.ts'
import type { Database, Writer } from '../../database/database.ts'
import { lockRows, lockRowsShared } from '../../database/locking.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { EventServices } from '../events/events.ts'
import type { Admission, Bringing } from '../access/admission.ts'
import { DomainError } from '../errors.ts'
import { gates, pass } from '../policies/gates.ts'
import { isSwitchedOn } from '../projects/project-metadata.ts'
import { countContent, growUsage } from '../quotas/project-usage.ts'
import { warnOfLittleRoom } from '../quotas/room.ts'
import { batches } from '../lists/batches.ts'
import { noteAbsentChildren } from './sparse-indexes.ts'

/** An artifact as it was pushed. */
export interface Content {
  readonly digest: Digest
  readonly manifest: ParsedManifest
  readonly bytes: Uint8Array
}

export interface NewArtifact extends Content {
  readonly repositoryId: number
  readonly now: number
}

/**
 * Stores the artifact, if it is not there, behind the content gates, and counts what it brings.
 * @throws DomainError MANIFEST_BLOB_UNKNOWN, and of the content gates
 */
export async function storeArtifact(
  services: EventServices & { readonly database: Database },
  tx: Writer,
  admission: Admission<Bringing>,
  content: NewArtifact,
): Promise<{ readonly id: number; readonly isNew: boolean }> {
  const { projectId, operation } = admission
  const { digest, bytes } = content
  const artifact = await ensureArtifact(services.database, tx, { projectId, operation }, content)
  const counted = { projectId, manifest: { digest, size: bytes.byteLength }, blobs: artifact.blobs }
  const addedBytes = artifact.isNew ? await countContent(services.database, tx, counted) : 0
  await pass(gates.content[operation], { reader: tx, admission, kind: 'manifest', digest, addedBytes })
  if (artifact.isNew) {
    await growUsage(tx, projectId, { bytes: addedBytes, logicalBytes: artifact.size })
    await warnOfLittleRoom(services, tx, admission, addedBytes)
  }
  return artifact
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

interface EnsuredArtifact {
  readonly id: number
  readonly isNew: boolean
  /** With everything it names. */
  readonly size: number
  /** Digests of its config and layers. */
  readonly blobs: readonly string[]
}

async function ensureArtifact(
  database: Database,
  tx: Writer,
  { projectId, operation }: Pick<Admission<Bringing>, 'projectId' | 'operation'>,
  artifact: NewArtifact,
): Promise<EnsuredArtifact> {
  const { repositoryId, digest, now, manifest, bytes } = artifact
  // What it refers to is checked and locked even for a manifest that is there already: its answer says
  // that everything is in place.
  const blobs = await linkedBlobs(database, tx, repositoryId, manifest)
  const { children, absent } = await childArtifacts(database, tx, repositoryId, manifest)
  // Of an index that was fetched, children come when somebody asks for them.
  const mayBeSparse = absent.length === 0 || operation === 'fill'
  if (!mayBeSparse && !(await isSwitchedOn(tx, projectId, 'sparse_indexes'))) throw missingContent('manifests', absent)
  const size = bytes.byteLength + (await referredBytes(tx, manifest, absent))
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
  for (const batch of batches(blobs)) {
    await tx
      .insertInto('artifact_blob')
      .values(batch.map((blob) => ({ artifact_id: artifactId, repository_id: repositoryId, digest: blob })))
      .execute()
  }
  for (const batch of batches(children)) {
    await tx
      .insertInto('artifact_child')
      .values(batch.map((child) => ({ parent_id: artifactId, child_id: child })))
      .execute()
  }
  await noteAbsentChildren(tx, { repositoryId, id: artifactId }, absent)
  return { id: artifactId, isNew: true, size, blobs }
}

/** Of everything that the manifest names and that is here; a size that it does not say is that of the blob. */
async function referredBytes(tx: Writer, manifest: ParsedManifest, absent: readonly string[]): Promise<number> {
  const sizes = new Map<string, number | undefined>(descriptorsOf(manifest).map(({ digest, size }) => [digest, size]))
  for (const digest of absent) sizes.delete(digest)
  const unsaid = [...sizes].filter(([, size]) => size === undefined).map(([digest]) => digest)
  for (const batch of batches(unsaid)) {
    const rows = await tx.selectFrom('blob').select(['digest', 'size']).where('digest', 'in', batch).execute()
    for (const row of rows) sizes.set(row.digest, row.size)
  }
  let bytes = 0
  for (const size of sizes.values()) bytes += size ?? 0
  return bytes
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
  for (const batch of batches([...wanted.keys()].sort())) {
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
): Promise<{ readonly children: readonly number[]; readonly absent: readonly string[] }> {
  const wanted = [...new Set<string>(manifest.manifests.map((child) => child.digest))].sort()
  const found = new Map<string, number>()
  for (const batch of batches(wanted)) {
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
  return { children: [...found.values()], absent: wanted.filter((digest) => !found.has(digest)) }
}

function missingContent(what: 'blobs' | 'manifests', digests: readonly string[]): DomainError {
  const shown = digests.slice(0, 20)
  const remedy = what === 'blobs' ? 'push them first' : 'push them first, or set sparse_indexes of the project'
  return new DomainError(
    'MANIFEST_BLOB_UNKNOWN',
    `the manifest refers to ${what} that this repository does not have: ${shown.join(', ')}${digests.length > 20 ? ', …' : ''}; ${remedy}`,
    { detail: { digests: shown } },
  )
}
