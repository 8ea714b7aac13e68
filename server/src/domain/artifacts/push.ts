import { descriptorsOf, type ParsedManifest } from '#contract/manifest.ts'
import { algorithmOf, formatDigest, type Digest } from '#contract/digest.ts'
import type { Reference, TagName } from '#contract/reference.ts'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { faultPoint } from '../../runtime/fault-points.ts'
import { createHasher } from '../../runtime/hasher.ts'
import type { Admission } from '../access/admission.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { ensureRepository, unlessRepositoryGone } from '../projects/repositories.ts'
import { announceExceeded, limitedProjectOf, reserveRoom } from '../quotas/limit.ts'
import { batches } from './batches.ts'
import { nameArtifact } from './name-artifact.ts'
import { reviewArtifact } from './orphans.ts'
import { storeArtifact, type Content } from './store-artifact.ts'

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

export interface PushServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
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
  const { clock, events } = services
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
    await events.record(tx, actor, { type: 'push_artifact', projectId, repository, digest, tags })
    faultPoint('manifest-before-commit')
  })
  faultPoint('manifest-after-commit')
  return { digest, subject: push.manifest.subject?.digest, tags }
}

/**
 * Runs the transaction that brings an artifact into a project, with room taken for it where the project has a limit.
 * @throws DomainError QUOTA_EXCEEDED, REPOSITORY_UNKNOWN (it was deleted meanwhile), and what `write` throws
 */
export async function withRoomFor(
  services: PushServices,
  admission: Admission<'push'>,
  content: Content,
  write: (tx: Writer) => Promise<void>,
): Promise<void> {
  const { database } = services
  const to = limitedProjectOf(admission)
  const unlessGone = <Result>(work: () => Promise<Result>) => unlessRepositoryGone(admission.repositoryName, work)
  const newBytes = () => newBytesOf(database.read, to.projectId, content)
  const reservation = await unlessGone(() => reserveRoom(services, to, newBytes))
  try {
    await unlessGone(() =>
      database.write(async (tx) => {
        await write(tx)
        await reservation.settle(tx)
      }),
    )
  } catch (error) {
    await reservation.abandon()
    if (error instanceof DomainError && error.code === 'QUOTA_EXCEEDED') await announceExceeded(services, to)
    throw error
  }
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
  for (const batch of batches(digests)) {
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
