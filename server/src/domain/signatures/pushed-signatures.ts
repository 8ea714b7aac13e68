import { subjectNamedBy } from '#contract/derived-tags.ts'
import type { Digest } from '#contract/digest.ts'
import { artifactTypeOf, type ParsedManifest } from '#contract/manifest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { DomainError } from '../errors.ts'
import { isSwitchedOn } from '../projects/project-metadata.ts'
import { findRepositoryId } from '../projects/repositories.ts'
import { judgeEntry, maxBytesOf } from './judge-entry.ts'
import { readLinkedBytes } from './linked-bytes.ts'
import type { CheckServices } from './signature-checks.ts'
import { entriesOf, readStoredManifest, signatureArtifactTypes } from './signature-manifests.ts'
import type { Refusal } from './verification/refusals.ts'

export interface ArrivingManifest {
  readonly manifest: ParsedManifest
  readonly bytes: Uint8Array
  /** Which will name it. */
  readonly tags: readonly string[]
}

interface Place {
  readonly projectId: number
  readonly repositoryName: RepositoryName
}

/** Not proven to be bad: newer tools write what this registry does not know yet, and what is missing may still come. */
const undecided: readonly (Refusal | undefined)[] = [
  'content-missing',
  'unsupported-format',
  'unsupported-algorithm',
  'too-many',
]

/** Looks at signatures before they are stored. */
export class PushedSignatures {
  readonly #services: CheckServices

  constructor({ database, clock, store }: CheckServices) {
    this.#services = { database, clock, store }
  }

  /**
   * In a project with a quarantine: a signature that is forged, or of another digest than it is pushed for, is refused. Nobody is
   * trusted for this look, as whose signature it is decides later. Nor can one be looked at whose subject comes after it.
   * @throws DomainError MANIFEST_INVALID
   */
  async assertNotForged({ projectId, repositoryName }: Place, arriving: ArrivingManifest): Promise<void> {
    const { read } = this.#services.database
    const subjects = subjectsOf(arriving)
    if (subjects.length === 0 || !(await isSwitchedOn(read, projectId, 'quarantine'))) return
    const repositoryId = await findRepositoryId(read, { projectId, name: repositoryName })
    if (repositoryId === undefined) return
    for (const subject of subjects)
      await this.#assertOf(subject, { repositoryId, repository: repositoryName }, arriving)
  }

  async #assertOf(
    digest: Digest,
    { repositoryId, repository }: { readonly repositoryId: number; readonly repository: string },
    { manifest: { mediaType }, bytes }: ArrivingManifest,
  ): Promise<void> {
    const { database, clock, store } = this.#services
    const target = await readStoredManifest(database.read, repositoryId, digest)
    if (target === undefined) return
    const subject = { digest, bytes: Buffer.from(target.bytes) }
    for (const entry of entriesOf({ mediaType, bytes })) {
      const wanted = { repositoryId, digest: entry.layer.digest, maxBytes: maxBytesOf[entry.format] }
      const payload = await readLinkedBytes({ reader: database.read, store }, wanted)
      const judged = judgeEntry({ entry, payload, subject, repository, signers: [], now: clock.now() })
      if (judged.state !== 'refused' || undecided.includes(judged.refusal)) continue
      throw new DomainError(
        'MANIFEST_INVALID',
        `manifest invalid: its signature of ${digest} is refused: ${judged.detail ?? judged.refusal}; sign again`,
        { reason: 'SIGNATURE_REFUSED', detail: { subject: digest, refusal: judged.refusal } },
      )
    }
  }
}

/** What it says that it signs, by its subject or by a tag of cosign. */
function subjectsOf({ manifest, tags }: ArrivingManifest): readonly Digest[] {
  const own = manifest.subject?.digest
  const isSignature = own !== undefined && signatureArtifactTypes.includes(artifactTypeOf(manifest) ?? '')
  const named = tags.flatMap((tag) => subjectNamedBy(tag) ?? [])
  return [...new Set([...(isSignature ? [own] : []), ...named])]
}
