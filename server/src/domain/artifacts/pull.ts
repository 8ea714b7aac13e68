import type { Digest } from '#contract/digest.ts'
import type { Reference } from '#contract/reference.ts'
import type { Database } from '../../database/database.ts'
import { EpochCache } from '../../database/epoch-cache.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { Flag } from '../../database/schema/columns.ts'
import type { Admission, Reading } from '../access/admission.ts'
import { DomainError } from '../errors.ts'
import { gates, pass, type PullJudge } from '../policies/gates.ts'
import { governs, isQuarantined } from '../policies/governs.ts'
import type { ManifestReader, ManifestStat, ServedManifest } from './roles.ts'

/** One that this registry has. */
export interface StoredManifest extends ServedManifest {
  readonly artifactId: number
  /** Whether a policy of its project has a word in its being pulled. */
  readonly isGoverned: boolean
  /** Whether it is held since its push. */
  readonly isQuarantined: boolean
}

interface ManifestRow {
  artifactId: number
  tagId: number | null
  digest: string
  mediaType: string
  bytes: Uint8Array
  governed: Flag
  quarantined: Flag
}

const findByTag = preparedQuery<{ repositoryId: number; name: string; projectId: number }, ManifestRow>((db, param) =>
  db
    .selectFrom('tag')
    .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
    .innerJoin('artifact_payload', 'artifact_payload.artifact_id', 'artifact.id')
    .select([
      'artifact.id as artifactId',
      'tag.id as tagId',
      'artifact.digest',
      'artifact.media_type as mediaType',
      'artifact_payload.bytes',
      governs(param('projectId')).as('governed'),
      isQuarantined().as('quarantined'),
    ])
    .where('tag.repository_id', '=', param('repositoryId'))
    .where('tag.name', '=', param('name')),
)

const findByDigest = preparedQuery<{ repositoryId: number; digest: string; projectId: number }, ManifestRow>(
  (db, param) =>
    db
      .selectFrom('artifact')
      .innerJoin('artifact_payload', 'artifact_payload.artifact_id', 'artifact.id')
      .select((eb) => [
        'artifact.id as artifactId',
        eb.val(null).as('tagId'),
        'artifact.digest',
        'artifact.media_type as mediaType',
        'artifact_payload.bytes',
        governs(param('projectId')).as('governed'),
        isQuarantined().as('quarantined'),
      ])
      .where('artifact.repository_id', '=', param('repositoryId'))
      .where('artifact.digest', '=', param('digest')),
)

/** Small manifests are remembered (nearly all are small); the product bounds the memory: 32 MiB. */
const cachedManifests = 512
const cachedBytes = 64 * 1024

/** Manifests as a repository sees them. */
export class Manifests implements ManifestReader {
  readonly #database: Database
  readonly #judge: PullJudge
  readonly #cached: EpochCache<StoredManifest>

  constructor(database: Database, judge: PullJudge) {
    this.#database = database
    this.#judge = judge
    this.#cached = new EpochCache(database, cachedManifests, (row) => row.bytes.byteLength <= cachedBytes)
  }

  /** @throws DomainError MANIFEST_UNKNOWN */
  async statManifest(admission: Admission<Reading>, reference: Reference): Promise<ManifestStat> {
    const { digest, mediaType, bytes } = await this.getManifest(admission, reference)
    return { digest, mediaType, sizeBytes: bytes.byteLength }
  }

  /** @throws DomainError MANIFEST_UNKNOWN, also for a repository that was never pushed to; and of the content gates */
  async getManifest(admission: Admission<Reading>, reference: Reference): Promise<StoredManifest> {
    const { repositoryId, projectId } = admission
    const name = reference.kind === 'tag' ? reference.tag : reference.digest
    const row =
      repositoryId === undefined
        ? undefined
        : await this.#cached.get(`${repositoryId} ${name}`, () =>
            find(this.#database, { repositoryId, projectId }, reference),
          )
    if (row === undefined) {
      throw new DomainError('MANIFEST_UNKNOWN', `${admission.repositoryName} has no manifest ${name}`, {
        detail: { name: admission.repositoryName, reference: name },
      })
    }
    const served = { kind: 'manifest', digest: row.digest, addedBytes: 0 } as const
    const { isGoverned, isQuarantined: isHeld } = row
    const leaving = { manifest: row, isGoverned, isQuarantined: isHeld, judge: this.#judge }
    await pass(gates.content[admission.operation], { reader: this.#database.read, admission, ...served, leaving })
    return row
  }
}

async function find(
  database: Database,
  where: { readonly repositoryId: number; readonly projectId: number },
  reference: Reference,
): Promise<StoredManifest | undefined> {
  const row = await (reference.kind === 'tag'
    ? findByTag.first(database.read, { ...where, name: reference.tag })
    : findByDigest.first(database.read, { ...where, digest: reference.digest }))
  if (row === undefined) return undefined
  const { governed, quarantined, ...manifest } = row
  return {
    ...manifest,
    digest: row.digest as Digest,
    tagId: row.tagId ?? undefined,
    isGoverned: governed === 1,
    isQuarantined: quarantined === 1,
  }
}
