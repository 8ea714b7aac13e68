import { restoreLabels } from '../labels/labels.ts'
import { parseManifest, type ParsedManifest } from '#contract/manifest.ts'
import type { Digest } from '#contract/digest.ts'
import { parseTagName, type TagName } from '#contract/reference.ts'
import type { Selectable } from 'kysely'
import type { Reader, Writer } from '../../database/database.ts'
import { lockRowsShared } from '../../database/locking.ts'
import type { TrashEntryTable } from '../../database/schema/trash.ts'
import type { Admission } from '../access/admission.ts'
import { reviveBlob } from '../content/blob-rows.ts'
import { linkBlob } from '../content/links.ts'
import { isSwitchedOn } from '../projects/project-metadata.ts'
import { ensureRepository, findRepositoryId, giveDescriptionBack, touchRepository } from '../projects/repositories.ts'
import { DomainError } from '../errors.ts'
import { gates, pass } from '../policies/gates.ts'
import { writeAdmitted } from '../policies/write-admitted.ts'
import type { TrashedTag } from '../trash/put-in-trash.ts'
import { takeOutOfTrash, trashEntryUnknown } from '../trash/trash.ts'
import { takeDescriptionOutOfTrash } from '../trash/trashed-repository.ts'
import { reviewArtifact } from './orphans.ts'
import { findArtifactId } from './find-artifact.ts'
import { nameArtifact } from './name-artifact.ts'
import { bringArtifact } from './bring-artifact.ts'
import type { PushServices } from './push.ts'
import { joinSparseIndexes } from './sparse-indexes.ts'
import { storeArtifact } from './store-artifact.ts'

export interface RestoreOptions {
  /** Takes names that were given to something else meanwhile; otherwise they are a conflict. */
  readonly overwrite: boolean
}

export interface Restored {
  readonly digest: Digest
  readonly tags: readonly string[]
  /** Artifacts that came back, with what had gone along with it. */
  readonly artifacts: number
}

/** What comes back without a name is not untagged yet: the index that needs it comes after it. */
const spareMs = 15 * 60_000
/** How often a child may go away while its index is restored. */
const maxLost = 10
/** Entries read at once when what went along with an artifact comes back. */
const partsPerPage = 100

/**
 * Brings back what was deleted: an artifact with its tags, its labels, the children it needs and the referrers that went
 * with it; a tag to where it pointed, with its artifact if that lies in the trash too. Through the gates of a push. Each
 * artifact is one transaction, children before their index, so that a restore that breaks off shows nothing by halves
 * and can be asked for again.
 * @throws DomainError TRASH_ENTRY_UNKNOWN, CONFLICT (a name is taken), PRECONDITION (a taken name is immutable, or
 *   something that the artifact needs is gone), QUOTA_EXCEEDED
 */
export async function restoreEntry(
  services: PushServices,
  admission: Admission<'push'>,
  id: number,
  options: RestoreOptions,
): Promise<Restored> {
  const restore = new Restore(services, admission, options)
  const entry = await restore.find(id)
  if (entry === undefined) throw trashEntryUnknown(id)
  if (entry.kind === 'tag') await restore.tag(entry)
  else await restore.withParts(entry)
  return { digest: entry.digest as Digest, tags: namesOf(entry), artifacts: restore.artifacts }
}

/**
 * Brings back what was deleted from one repository, the first deleted first, `max` entries at the most. Returns how
 * many it were; fewer mean that nothing is left.
 * @throws as restoreEntry
 */
export async function restoreRepository(
  services: PushServices,
  admission: Admission<'push'>,
  options: RestoreOptions & { readonly max: number },
): Promise<number> {
  const rows = await services.database.read
    .selectFrom('trash_entry')
    .select('id')
    .where('project_id', '=', admission.projectId)
    .where('repository', '=', admission.repositoryName)
    .where('part_of', 'is', null)
    .orderBy('id')
    .limit(options.max)
    .execute()
  const restore = new Restore(services, admission, options)
  for (const { id } of rows) {
    const entry = await restore.find(id) // an index may have brought it along
    if (entry?.kind === 'tag') await restore.tag(entry)
    if (entry?.kind === 'artifact') await restore.withParts(entry)
  }
  return rows.length
}

type Entry = Selectable<TrashEntryTable>

class Restore {
  readonly #services: PushServices
  readonly #admission: Admission<'push'>
  readonly #options: RestoreOptions
  artifacts = 0

  constructor(services: PushServices, admission: Admission<'push'>, options: RestoreOptions) {
    this.#services = services
    this.#admission = admission
    this.#options = options
  }

  async find(id: number): Promise<Entry | undefined> {
    return await this.#entries(this.#services.database.read).where('id', '=', id).executeTakeFirst()
  }

  async tag(entry: Entry): Promise<void> {
    const { database, clock } = this.#services
    const { projectId, repositoryName: repository, actor } = this.#admission
    const digest = entry.digest as Digest
    if (!(await this.#isThere(digest))) {
      const artifact = await this.#newest(digest)
      if (artifact === undefined) throw gone(`the artifact ${digest} that tag ${namesOf(entry).join()} named is gone`)
      await this.withParts(artifact)
    }
    await writeAdmitted(database, this.#admission, async (tx) => {
      const now = clock.now()
      await this.#take(tx, entry)
      const repositoryId = await findRepositoryId(tx, { projectId, name: repository })
      if (repositoryId === undefined) throw gone(`the artifact ${digest} was deleted again`)
      const named = tx
        .selectFrom('artifact')
        .select('id')
        .where('repository_id', '=', repositoryId)
        .where('digest', '=', digest)
      // Locked, so that it is not deleted as untagged before it has its name.
      const row = await lockRowsShared(database, named).executeTakeFirst()
      if (row === undefined) throw gone(`the artifact ${digest} was deleted again`)
      const again = { kind: 'manifest', digest, addedBytes: 0 } as const
      await pass(gates.content.push, { reader: tx, admission: this.#admission, ...again })
      await this.#name(tx, { repositoryId, id: row.id, digest, now }, tagsOf(entry))
      for (const tag of namesOf(entry)) {
        await this.#services.events.record(tx, actor, { type: 'restore_tag', projectId, repository, digest, tag })
      }
    })
  }

  /** Children first, referrers and what else went along last. */
  async withParts(root: Entry): Promise<void> {
    await this.#withChildren(root)
    for (let last = 0; ;) {
      const parts = await this.#entries(this.#services.database.read)
        .where('part_of', '=', root.id)
        .where('id', '>', last)
        .orderBy('id')
        .limit(partsPerPage)
        .execute()
      for (const part of parts) if ((await this.find(part.id)) !== undefined) await this.#withChildren(part)
      if (parts.length < partsPerPage) return
      last = parts.at(-1)!.id
    }
  }

  /** A stack instead of recursion: indexes may be nested a thousand deep. */
  async #withChildren(root: Entry): Promise<void> {
    const stack = [root]
    const opened = new Set<number>()
    let lost = 0
    for (let entry = stack.at(-1); entry !== undefined; entry = stack.at(-1)) {
      if (!opened.has(entry.id)) {
        opened.add(entry.id)
        stack.push(...(await this.#missingChildren(entry)).filter(({ id }) => !opened.has(id)))
        if (stack.at(-1) !== entry) continue
      }
      try {
        await this.#artifact(entry)
        stack.pop()
      } catch (error) {
        // A child that was there has followed another index into the trash meanwhile.
        if (!isMissing(error) || ++lost > maxLost) throw error
        opened.delete(entry.id)
      }
    }
  }

  async #missingChildren(entry: Entry): Promise<Entry[]> {
    const missing: Entry[] = []
    for (const { digest } of manifestOf(entry).manifests) {
      if (await this.#isThere(digest)) continue
      const child = await this.#newest(digest)
      if (child !== undefined) missing.push(child)
      else if (!(await isSwitchedOn(this.#services.database.read, this.#admission.projectId, 'sparse_indexes')))
        throw gone(`${digest}, which the index ${entry.digest} needs, is gone`)
    }
    return missing
  }

  async #artifact(entry: Entry): Promise<void> {
    const { clock } = this.#services
    const { projectId, repositoryName: repository, actor } = this.#admission
    const digest = entry.digest as Digest
    const content = { digest, manifest: manifestOf(entry), bytes: bytesOf(entry), tags: namesOf(entry) }
    await bringArtifact(this.#services, this.#admission, content, async (tx) => {
      const now = clock.now()
      const held = await tx
        .selectFrom('trash_blob')
        .select('digest')
        .where('entry_id', '=', entry.id)
        .orderBy('digest')
        .execute()
      // Blobs before links before the artifact: the order in which everybody locks.
      for (const blob of held) await reviveBlob(tx, blob.digest as Digest, async () => true)
      const repositoryId = await ensureRepository(tx, { projectId, name: repository }, now)
      const description = await takeDescriptionOutOfTrash(tx, { projectId, repository })
      if (description !== undefined) await giveDescriptionBack(tx, repositoryId, description)
      for (const blob of held) {
        await linkBlob(tx, { repositoryId, digest: blob.digest as Digest, protectedUntil: now, now })
      }
      await this.#take(tx, entry)
      const { id, isNew } = await storeArtifact(this.#services, tx, this.#admission, { repositoryId, now, ...content })
      if (isNew) {
        const times = { pushed_at: entry.pushed_at, pulled_at: entry.pulled_at }
        await tx.updateTable('artifact').set(times).where('id', '=', id).execute()
      }
      await this.#name(tx, { repositoryId, id, digest, now }, tagsOf(entry))
      if (isNew && entry.tags === '[]') await reviewArtifact(tx, id, now + spareMs)
      await touchRepository(tx, repositoryId, now)
      if (isNew) await joinSparseIndexes(tx, { repositoryId, id, digest })
      await restoreLabels(tx, { id, projectId }, JSON.parse(entry.labels) as number[])
      const tags = namesOf(entry)
      await this.#services.events.record(tx, actor, { type: 'restore_artifact', projectId, repository, digest, tags })
    })
    this.artifacts += 1
  }

  /** Names that are the artifact's already stay as they are. */
  async #name(
    tx: Writer,
    artifact: { repositoryId: number; id: number; digest: Digest; now: number },
    tags: readonly TrashedTag[],
  ): Promise<void> {
    if (tags.length === 0) return
    const { repositoryId, id } = artifact
    const taken = await tx
      .selectFrom('tag')
      .select(['name', 'artifact_id'])
      .where('repository_id', '=', repositoryId)
      .where(
        'name',
        'in',
        tags.map(({ name }) => name),
      )
      .execute()
    const byOthers = taken.filter((row) => row.artifact_id !== id).map(({ name }) => name)
    if (byOthers.length > 0 && !this.#options.overwrite) {
      throw new DomainError(
        'CONFLICT',
        `${byOthers.slice(0, 20).join(', ')} names another artifact now; restore it with overwrite to take the name back`,
        { reason: 'TAGS_MOVED', detail: { tags: byOthers.slice(0, 20) } },
      )
    }
    const own = new Set(taken.filter((row) => row.artifact_id === id).map(({ name }) => name))
    const missing = tags.filter(({ name }) => !own.has(name))
    await nameArtifact(tx, this.#admission, artifact, missing.map(({ name }) => parseTagName(name)) as TagName[])
    for (const { name, pushedAt, pulledAt } of missing) {
      await tx
        .updateTable('tag')
        .set({ pushed_at: pushedAt, pulled_at: pulledAt })
        .where('repository_id', '=', repositoryId)
        .where('name', '=', name)
        .execute()
    }
  }

  /** Out of the trash, in the transaction that brings it back: nobody else can restore it, and nobody can empty it. */
  async #take(tx: Writer, { id }: Entry): Promise<void> {
    await takeOutOfTrash(tx, id)
  }

  async #isThere(digest: Digest): Promise<boolean> {
    const { read } = this.#services.database
    const { projectId, repositoryName: name } = this.#admission
    const repositoryId = await findRepositoryId(read, { projectId, name })
    return repositoryId !== undefined && (await findArtifactId(read, repositoryId, digest)) !== undefined
  }

  async #newest(digest: Digest): Promise<Entry | undefined> {
    return await this.#entries(this.#services.database.read)
      .where('digest', '=', digest)
      .where('kind', '=', 'artifact')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst()
  }

  #entries(reader: Reader) {
    return reader
      .selectFrom('trash_entry')
      .selectAll()
      .where('project_id', '=', this.#admission.projectId)
      .where('repository', '=', this.#admission.repositoryName)
  }
}

const isMissing = (error: unknown) => error instanceof DomainError && error.code === 'MANIFEST_BLOB_UNKNOWN'

const bytesOf = (entry: Entry): Uint8Array => entry.bytes ?? new Uint8Array()
const manifestOf = (entry: Entry): ParsedManifest => parseManifest(bytesOf(entry), entry.media_type)
const tagsOf = (entry: Entry): TrashedTag[] => JSON.parse(entry.tags) as TrashedTag[]
const namesOf = (entry: Entry): string[] => tagsOf(entry).map(({ name }) => name)

function gone(what: string): DomainError {
  return new DomainError('PRECONDITION', `${what}; push it again`)
}
