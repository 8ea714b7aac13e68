import { derivedTagsOf } from '#contract/derived-tags.ts'
import type { Digest } from '#contract/digest.ts'
import { artifactTypeOf, parseManifest, type Descriptor } from '#contract/manifest.ts'
import { ContractError } from '#contract/contract-error.ts'
import type { Reader } from '../../database/database.ts'
import { envelopeTypes } from './verification/notary-envelopes.ts'
import { simpleSigningType } from './verification/simple-signing.ts'
import type { SignatureMethod } from './verdicts.ts'

/** How a signature is written. */
export type SignatureFormat = 'simple-signing' | 'dsse' | 'bundle' | 'jws' | 'cose' | 'unknown'

export const notaryArtifactType = 'application/vnd.cncf.notary.signature'

/** Artifact types of manifests that hold signatures or attestations and name their subject. */
export const signatureArtifactTypes: readonly string[] = [
  'application/vnd.dev.cosign.artifact.sig.v1+json',
  'application/vnd.dev.cosign.artifact.att.v1+json',
  'application/vnd.dev.cosign.simplesigning.v1+json',
  'application/vnd.dev.sigstore.bundle.v0.3+json',
  'application/vnd.dev.sigstore.bundle+json;version=0.1',
  'application/vnd.dev.sigstore.bundle+json;version=0.2',
  'application/vnd.dev.sigstore.bundle+json;version=0.3',
  'application/vnd.dsse.envelope.v1+json',
  notaryArtifactType,
]

/** A manifest that holds signatures. */
export interface SignatureManifest {
  readonly mediaType: string
  readonly bytes: Uint8Array
}

const manifestsPerPage = 200

/** Every manifest that names the subject, and those that cosign's tags name now, by their digests: a subject may have many. */
export async function* walkSignatureManifests(
  reader: Reader,
  repositoryId: number,
  subject: Digest,
): AsyncGenerator<Digest> {
  for (let last = 0; ;) {
    const rows = await reader
      .selectFrom('artifact')
      .select(['id', 'digest'])
      .where('repository_id', '=', repositoryId)
      .where('subject_digest', '=', subject)
      .where('artifact_type', 'in', signatureArtifactTypes)
      .where('id', '>', last)
      .orderBy('id')
      .limit(manifestsPerPage)
      .execute()
    for (const row of rows) yield row.digest as Digest
    if (rows.length < manifestsPerPage) break
    last = rows.at(-1)!.id
  }
  const tags = signatureTagsOf(subject)
  if (tags.length === 0) return
  const named = await reader
    .selectFrom('tag')
    .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
    .select('artifact.digest')
    .where('tag.repository_id', '=', repositoryId)
    .where('tag.name', 'in', tags)
    .where((eb) => eb.or([eb('artifact.subject_digest', 'is', null), eb('artifact.subject_digest', '!=', subject)]))
    .execute()
  for (const row of named) yield row.digest as Digest
}

/** The manifest itself, one at a time: it may have megabytes. Undefined for one that was deleted meanwhile. */
export async function readStoredManifest(
  reader: Reader,
  repositoryId: number,
  digest: Digest,
): Promise<SignatureManifest | undefined> {
  const row = await reader
    .selectFrom('artifact')
    .innerJoin('artifact_payload', 'artifact_payload.artifact_id', 'artifact.id')
    .select(['artifact.media_type', 'artifact_payload.bytes'])
    .where('artifact.repository_id', '=', repositoryId)
    .where('artifact.digest', '=', digest)
    .executeTakeFirst()
  return row === undefined ? undefined : { mediaType: row.media_type, bytes: row.bytes }
}

/** Cosign's tags for signatures and attestations of a digest. */
export const signatureTagsOf = (subject: Digest): readonly string[] =>
  derivedTagsOf(subject)
    .filter(({ suffix }) => suffix !== 'sbom')
    .map(({ tag }) => tag)

/** One place in a manifest where a signature is. */
export interface SignatureEntry {
  readonly position: number
  readonly method: SignatureMethod
  readonly format: SignatureFormat
  readonly layer: Descriptor
}

/** More of them in one manifest are not looked at; cosign adds the newest at the end. */
export const maxEntries = 256

/** The signatures of a manifest, by what its layers are. The newest, where there are too many. */
export function entriesOf({ bytes, mediaType }: SignatureManifest): readonly SignatureEntry[] {
  const manifest = readManifest(bytes, mediaType)
  if (manifest === undefined) return []
  const isNotary = artifactTypeOf(manifest) === notaryArtifactType
  return manifest.layers
    .map((layer, position) => ({ position, layer, ...formOf(layer.mediaType, isNotary) }))
    .filter(({ format }) => format !== 'unknown')
    .slice(-maxEntries)
}

function readManifest(bytes: Uint8Array, mediaType: string) {
  try {
    return parseManifest(bytes, mediaType)
  } catch (error) {
    // A restored registry may have manifests that today's rules would not let in.
    if (error instanceof ContractError) return undefined
    throw error
  }
}

const bundleType = /^application\/vnd\.dev\.sigstore\.bundle(\.v\d+\.\d+)?\+json/

function formOf(mediaType: string, isNotary: boolean): Pick<SignatureEntry, 'method' | 'format'> {
  if (isNotary) {
    const format = mediaType === envelopeTypes.jws ? 'jws' : mediaType === envelopeTypes.cose ? 'cose' : 'unknown'
    return { method: 'notation', format }
  }
  if (mediaType === simpleSigningType) return { method: 'cosign', format: 'simple-signing' }
  if (mediaType === 'application/vnd.dsse.envelope.v1+json') return { method: 'cosign', format: 'dsse' }
  return { method: 'cosign', format: bundleType.test(mediaType) ? 'bundle' : 'unknown' }
}
