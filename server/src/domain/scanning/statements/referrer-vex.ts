import { parseForeignJson } from '#contract/budget.ts'
import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Reader } from '../../../database/database.ts'
import type { Actor } from '../../access/actor.ts'
import type { Manifests } from '../../artifacts/pull.ts'
import { accessoryTagsOf } from '../../artifacts/accessories.ts'
import type { Blobs } from '../../content/blobs.ts'
import { DomainError } from '../../errors.ts'
import type { Admit } from '../../policies/admit.ts'
import { stringAt, tableAt } from '../detection/formats/json.ts'
import { readVex, vexBudget } from '../vex/read-vex.ts'
import type { VexDocument } from '../vex/vex-statement.ts'

/** Types of what clients attach with statements in it: plain, as a statement of in-toto, signed or not. */
export const vexArtifactTypes: readonly string[] = [
  'application/openvex+json',
  'application/vnd.openvex+json',
  'application/csaf+json',
  'application/vnd.csaf+json',
  'application/vnd.cyclonedx+json',
  'application/vnd.in-toto+json',
  'application/vnd.dsse.envelope.v1+json',
  'application/vnd.dev.sigstore.bundle.v0.3+json',
]

export interface ReferrerVexServices {
  readonly admit: Admit
  readonly manifests: Manifests
  readonly blobs: Blobs
}

export interface FoundVex {
  readonly digest: Digest
  readonly document: VexDocument
}

/** Of one image: somebody who pushes pays for no more. */
const limits = { referrers: 20, layers: 20, bytes: 16 * 1024 * 1024 }

/** Referrers of these manifests that may have statements, the newest first, and what cosign names by its tag for attestations. */
export async function listVexReferrers(
  reader: Reader,
  repositoryId: number,
  subjects: readonly Digest[],
): Promise<readonly Digest[]> {
  const rows = await reader
    .selectFrom('artifact')
    .select('digest')
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', 'in', subjects)
    .where('artifact_type', 'in', vexArtifactTypes)
    .orderBy('id', 'desc')
    .limit(limits.referrers)
    .execute()
  const tags = subjects.flatMap((subject) => accessoryTagsOf(subject).filter((tag) => tag.endsWith('.att')))
  const named =
    tags.length === 0
      ? []
      : await reader
          .selectFrom('tag')
          .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
          .select('artifact.digest')
          .where('tag.repository_id', '=', repositoryId)
          .where('tag.name', 'in', tags)
          .limit(limits.referrers)
          .execute()
  return [...new Set([...rows, ...named].map(({ digest }) => digest as Digest))].slice(0, limits.referrers)
}

/** The documents in them. What is none, or cannot be read, says nothing; `onUnread` hears of it. */
export async function readVexReferrers(
  { admit, manifests, blobs }: ReferrerVexServices,
  actor: Actor,
  repository: RepositoryName,
  digests: readonly Digest[],
  onUnread: (digest: Digest, why: string) => void,
): Promise<readonly FoundVex[]> {
  const admission = await admit(actor, 'read-artifact', repository)
  const found: FoundVex[] = []
  let left = limits.bytes
  for (const digest of digests) {
    try {
      const { bytes, mediaType } = await manifests.getManifest(admission, { kind: 'digest', digest })
      for (const { digest: layer, size } of parseManifest(bytes, mediaType).layers.slice(0, limits.layers)) {
        if (size === undefined || size > left) {
          onUnread(digest, 'there is more than is read of one image')
          break
        }
        const blob = await blobs.getBlob(admission, layer)
        left -= blob.size
        if (left < 0) break
        const text = await new Response((await blobs.openBlob(admission, blob)) as BodyInit).bytes()
        try {
          found.push({ digest, document: readVex(unwrapped(text)) })
        } catch (error) {
          onUnread(digest, error instanceof Error ? error.message : String(error))
        }
      }
    } catch (error) {
      // It was deleted meanwhile, or its bytes are damaged: nobody's scan fails for what somebody attached.
      if (!(error instanceof DomainError) || !gone.includes(error.code)) throw error
      onUnread(digest, error.message)
    }
  }
  return found
}

const gone: readonly string[] = ['MANIFEST_UNKNOWN', 'BLOB_UNKNOWN']

/** The payload of a signed envelope (DSSE), also in a bundle of Sigstore; other documents as they are. */
function unwrapped(bytes: Uint8Array): Uint8Array {
  const json = parseForeignJson(bytes, vexBudget)
  const payload = stringAt(json, 'payload') || stringAt(tableAt(json, 'dsseEnvelope'), 'payload')
  return payload === '' ? bytes : Buffer.from(payload, 'base64')
}
