import type { ParsedManifest } from '#contract/manifest.ts'
import { algorithmOf, formatDigest, type Digest } from '#contract/digest.ts'
import type { Reference, TagName } from '#contract/reference.ts'
import type { Database, Reader } from '../../database/database.ts'
import { faultPoint } from '../../runtime/fault-points.ts'
import { createHasher } from '../../runtime/hasher.ts'
import type { Admission, Bringing } from '../access/admission.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { isSwitchedOn } from '../projects/project-metadata.ts'
import { ensureRepository, touchRepository } from '../projects/repositories.ts'
import { bringArtifact, type BringServices } from './bring-artifact.ts'
import { assertDescriptorsAgree } from './descriptors-agree.ts'
import { lockPushed } from './lock-pushed.ts'
import { nameArtifact } from './name-artifact.ts'
import { reviewArtifact } from './orphans.ts'
import { joinSparseIndexes } from './sparse-indexes.ts'
import { storeArtifact } from './store-artifact.ts'

export interface PushedArtifact {
  readonly digest: Digest
  readonly subject: Digest | undefined
  /** The tags that now name it because of this push. */
  readonly tags: readonly TagName[]
}

export interface ArtifactPush {
  readonly reference: Reference
  readonly tags: readonly TagName[]
  readonly manifest: ParsedManifest
  readonly bytes: Uint8Array
  /** A client's own push, of which the descriptors must agree with what is here. What was stored elsewhere is taken as it is. */
  readonly isOwnPush?: boolean
}

export interface PushServices extends BringServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
}

/**
 * Stores a manifest, byte for byte, and moves tags to it: one transaction, so a push is there as a whole
 * or not at all (distribution-spec v1.1 §pushing-manifests).
 * @throws DomainError DIGEST_MISMATCH, MANIFEST_BLOB_UNKNOWN (detail: what is missing), MANIFEST_INVALID (also: a forged signature), PRECONDITION (a tag is
 *   immutable), QUOTA_EXCEEDED, and of the door gates when the actor may not push any more
 */
export async function pushManifest(
  services: PushServices,
  admission: Admission<Bringing>,
  push: ArtifactPush,
): Promise<PushedArtifact> {
  const { clock, events } = services
  const digest = digestOf(push.reference, push.bytes)
  const tags = push.reference.kind === 'tag' ? [push.reference.tag, ...push.tags] : [...push.tags]
  await bringArtifact(services, admission, { digest, ...push, tags }, async (tx) => {
    const now = clock.now()
    const { projectId, repositoryName: repository, actor } = admission
    if (admission.operation !== 'fill') await assertSaid(tx, projectId, push.manifest)
    const repositoryId = await ensureRepository(tx, { projectId, name: repository }, now)
    const children = push.manifest.manifests.map((child) => child.digest)
    await lockPushed(services.database, tx, { repositoryId, digest, children, tags })
    const { id, isNew } = await storeArtifact(services, tx, admission, { repositoryId, digest, now, ...push })
    if (push.isOwnPush === true && isNew) await assertDescriptorsAgree(tx, repositoryId, push.manifest)
    await nameArtifact(tx, admission, { repositoryId, id, digest, now }, tags)
    if (isNew && tags.length === 0) await reviewArtifact(tx, id, now)
    await touchRepository(tx, repositoryId, now)
    if (isNew) await joinSparseIndexes(tx, { repositoryId, id, digest })
    await events.record(tx, actor, { type: 'push_artifact', projectId, repository, digest, tags })
    faultPoint('manifest-before-commit')
  })
  faultPoint('manifest-after-commit')
  return { digest, subject: push.manifest.subject?.digest, tags }
}

/** @throws DomainError MANIFEST_INVALID when an image lacks required fields and its project does not take such */
async function assertSaid(reader: Reader, projectId: number, { unsaid = [] }: ParsedManifest): Promise<void> {
  const [first] = unsaid
  if (first === undefined || (await isSwitchedOn(reader, projectId, 'lenient_manifests'))) return
  const more = unsaid.length === 1 ? '' : `, and ${unsaid.length - 1} more like it`
  throw new DomainError(
    'MANIFEST_INVALID',
    `manifest invalid: ${first} is missing${more}; build the image again with a current tool, or set lenient_manifests of the project to take old images of a mirror`,
    { detail: { fields: unsaid.slice(0, 20) } },
  )
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
