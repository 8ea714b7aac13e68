import { subjectNamedBy } from '#contract/derived-tags.ts'
import type { Digest } from '#contract/digest.ts'
import type { Reader } from '../../database/database.ts'
import { labelsOf } from '../labels/labels.ts'
import type { CopyItem } from './copy-repository.ts'
import type { Filters } from './filters.ts'

/** What was pushed, or got a name. */
export interface PushedName {
  readonly digest: Digest
  readonly tag: string | undefined
}

export interface WantedItem extends CopyItem {
  readonly bytes: number
}

/** Indexes of indexes and signatures of signatures are followed so far. */
const maxDepth = 4

/**
 * What of it the filters of a rule let pass, as it lies here now. Signatures and what else refers to an artifact, and images of an
 * index, follow the artifact: they pass where it does.
 */
export async function selectPushed(
  reader: Reader,
  repositoryId: number,
  filters: Filters,
  pushed: readonly PushedName[],
): Promise<WantedItem[]> {
  const selection = new Selection(reader, repositoryId, filters)
  const wanted = new Map<string, WantedItem>()
  for (const { digest, tag } of pushed) {
    const found = await selection.find(digest)
    // What is in quarantine is followed when it is released.
    if (found === undefined || (await selection.isQuarantined(found.id))) continue
    const passes =
      tag === undefined || subjectNamedBy(tag) !== undefined
        ? await selection.passes(digest, tag, 0)
        : filters.select({ tags: [tag], labels: await selection.labelsOf(found.id) }).tags.length > 0
    if (passes) wanted.set(tag ?? digest, { tag, digest, bytes: Number(found.size) })
  }
  return [...wanted.values()]
}

class Selection {
  readonly #reader: Reader
  readonly #repositoryId: number
  readonly #filters: Filters

  constructor(reader: Reader, repositoryId: number, filters: Filters) {
    this.#reader = reader
    this.#repositoryId = repositoryId
    this.#filters = filters
  }

  async find(digest: Digest) {
    return await this.#reader
      .selectFrom('artifact')
      .select(['id', 'size', 'subject_digest'])
      .where('repository_id', '=', this.#repositoryId)
      .where('digest', '=', digest)
      .executeTakeFirst()
  }

  async isQuarantined(artifactId: number): Promise<boolean> {
    const entry = await this.#reader
      .selectFrom('quarantine_entry')
      .select('artifact_id')
      .where('artifact_id', '=', artifactId)
      .where('released_at', 'is', null)
      .executeTakeFirst()
    return entry !== undefined
  }

  async labelsOf(artifactId: number): Promise<readonly string[]> {
    if (!this.#filters.wantsLabels) return []
    return ((await labelsOf(this.#reader, [artifactId])).get(artifactId) ?? []).map(({ name }) => name)
  }

  /** Whether an artifact goes, by its own names or by what it belongs to. */
  async passes(digest: Digest, name: string | undefined, depth: number): Promise<boolean> {
    const found = await this.find(digest)
    if (found === undefined || depth > maxDepth) return false
    const subject = (name === undefined ? undefined : subjectNamedBy(name)) ?? found.subject_digest
    if (subject !== undefined && subject !== null) return await this.passes(subject as Digest, undefined, depth + 1)
    const tags = (await this.#tagsOf(found.id)).filter((tag) => subjectNamedBy(tag) === undefined)
    const parents = await this.#parentsOf(found.id)
    const labels = await this.labelsOf(found.id)
    const own = this.#filters.select({ tags, labels })
    if (own.tags.length > 0 || (own.untagged && parents.length === 0)) return true
    for (const parent of parents) if (await this.passes(parent, undefined, depth + 1)) return true
    return false
  }

  async #tagsOf(artifactId: number): Promise<string[]> {
    const rows = await this.#reader.selectFrom('tag').select('name').where('artifact_id', '=', artifactId).execute()
    return rows.map(({ name }) => name)
  }

  async #parentsOf(artifactId: number): Promise<Digest[]> {
    const rows = await this.#reader
      .selectFrom('artifact_child')
      .innerJoin('artifact', 'artifact.id', 'artifact_child.parent_id')
      .select('artifact.digest')
      .where('artifact_child.child_id', '=', artifactId)
      .limit(maxParents)
      .execute()
    return rows.map(({ digest }) => digest as Digest)
  }
}

/** An image may be in very many indexes; a few tell. */
const maxParents = 20
