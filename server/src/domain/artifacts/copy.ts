import type { Digest } from '#contract/digest.ts'
import { parseManifest, type ParsedManifest } from '#contract/manifest.ts'
import { isForeignLayerMediaType } from '#contract/media-types.ts'
import { parseTagName, type Reference, type TagName } from '#contract/reference.ts'
import type { Database } from '../../database/database.ts'
import type { Admission, Bringing } from '../access/admission.ts'
import type { Clock } from '../clock.ts'
import type { Events } from '../events/events.ts'
import type { Uploads } from '../content/uploads.ts'
import { DomainError } from '../errors.ts'
import { batches } from '../lists/batches.ts'
import { walkAccessories } from './accessories.ts'
import { findArtifactId } from './find-artifact.ts'
import type { Manifests } from './pull.ts'
import type { BringServices } from './bring-artifact.ts'
import { pushManifest } from './push.ts'

export interface CopyServices extends BringServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly manifests: Manifests
  readonly uploads: Uploads
}

/**
 * Puts an artifact into another repository, with the children of an index and with what belongs to it. No bytes move:
 * blobs are linked. The artifact that was asked for comes last, so that a copy that breaks off shows nothing by halves
 * and can be made again. It keeps all its tags, as in Harbor, however it was named; its children come without theirs.
 * @throws DomainError MANIFEST_UNKNOWN, POLICY_VIOLATION, MANIFEST_BLOB_UNKNOWN when the source lost a blob, PRECONDITION when one of the tags
 *   is immutable in the target and names another artifact
 */
export async function copyArtifact(
  services: CopyServices,
  source: Admission<'copy-from'>,
  target: Admission<Bringing>,
  reference: Reference,
): Promise<Digest> {
  const copy = new Copy(services, source, target)
  const root = await services.manifests.getManifest(source, reference)
  await copy.copyBelow(root.digest)
  await copy.pushWithTags(root.digest)
  await copy.copyAccessories()
  return root.digest
}

class Copy {
  readonly #services: CopyServices
  readonly #source: Admission<'copy-from'>
  readonly #target: Admission<Bringing>
  /** What was copied, and whose accessories are still to be looked for. */
  readonly #copied = new Set<Digest>()
  readonly #linked = new Set<Digest>()

  constructor(services: CopyServices, source: Admission<'copy-from'>, target: Admission<Bringing>) {
    this.#services = services
    this.#source = source
    this.#target = target
  }

  async copyBelow(digest: Digest): Promise<void> {
    for (const child of (await this.#read(digest)).manifest.manifests) {
      if (this.#copied.has(child.digest) || !(await this.#has(child.digest))) continue
      await this.copyBelow(child.digest)
      await this.push(child.digest, [])
    }
  }

  async push(digest: Digest, tags: readonly TagName[]): Promise<void> {
    const { manifest, bytes } = await this.#read(digest)
    const { config, layers } = manifest
    for (const blob of config === undefined ? layers : [config, ...layers]) {
      if (isForeignLayerMediaType(blob.mediaType) || this.#linked.has(blob.digest)) continue
      await this.#link(blob.digest)
    }
    const reference: Reference = { kind: 'digest', digest }
    await pushManifest(this.#services, this.#target, { reference, tags, manifest, bytes })
    this.#copied.add(digest)
  }

  /** With the tags that name it in the source at this moment, so many in a transaction. */
  async pushWithTags(digest: Digest): Promise<void> {
    const { repositoryId } = this.#source
    if (repositoryId === undefined) return
    const rows = await this.#services.database.read
      .selectFrom('tag')
      .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
      .select('tag.name')
      .where('artifact.repository_id', '=', repositoryId)
      .where('artifact.digest', '=', digest)
      .orderBy('tag.name')
      .execute()
    const [first = [], ...more] = batches(rows.map(({ name }) => parseTagName(name)))
    for (const tags of [first, ...more]) await this.push(digest, tags)
  }

  /** Of everything copied, and of the accessories themselves: a signature may be signed. */
  async copyAccessories(): Promise<void> {
    const { repositoryId } = this.#source
    if (repositoryId === undefined) return
    let subjects = [...this.#copied]
    while (subjects.length > 0) {
      const copied: Digest[] = []
      for await (const { digest } of walkAccessories(this.#services.database.read, repositoryId, subjects)) {
        if (this.#copied.has(digest)) continue
        await this.copyBelow(digest)
        await this.pushWithTags(digest)
        copied.push(digest)
      }
      subjects = copied
    }
  }

  /** Not the children that a sparse index lacks. */
  async #has(digest: Digest): Promise<boolean> {
    const { repositoryId } = this.#source
    if (repositoryId === undefined) return false
    return (await findArtifactId(this.#services.database.read, repositoryId, digest)) !== undefined
  }

  async #link(digest: Digest): Promise<void> {
    if (!(await this.#services.uploads.mountBlob(this.#target, digest, this.#source))) {
      throw new DomainError(
        'MANIFEST_BLOB_UNKNOWN',
        `${this.#source.repositoryName} does not have the blob ${digest} any more`,
      )
    }
    this.#linked.add(digest)
  }

  async #read(digest: Digest): Promise<{ manifest: ParsedManifest; bytes: Uint8Array }> {
    await this.#source.confirm(this.#services.database.read)
    const { bytes, mediaType } = await this.#services.manifests.getManifest(this.#source, { kind: 'digest', digest })
    return { manifest: parseManifest(bytes, mediaType), bytes }
  }
}
