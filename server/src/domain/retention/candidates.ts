import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Digest } from '#contract/digest.ts'
import type { Reader } from '../../database/database.ts'
import { isListed } from '../artifacts/artifact-list.ts'
import type { Candidate, CandidateTag } from './evaluation.ts'

const artifactsPerPage = 200
const tagsPerPage = 2_000

/**
 * The artifacts of a repository that stand for themselves, by their ids, behind `after`. Pages by key: two queries for two
 * hundred artifacts, one more for each two thousand tags; and no more of them in memory, but for one artifact's tags.
 */
export async function* walkCandidates(reader: Reader, repositoryId: number, after = 0): AsyncGenerator<Candidate> {
  for (let last = after; ;) {
    const artifacts = await reader
      .selectFrom('artifact')
      .select(['id', 'digest', 'pushed_at', 'pulled_at'])
      .where('repository_id', '=', repositoryId)
      .where('id', '>', last)
      .where(isListed)
      .orderBy('id')
      .limit(artifactsPerPage)
      .execute()
    const tags = new TagPages(
      reader,
      artifacts.map(({ id }) => id),
    )
    for (const { id, digest, pushed_at: pushedAt, pulled_at: pulledAt } of artifacts) {
      yield {
        artifactId: id,
        digest: digest as Digest,
        pushedAt,
        pulledAt: pulledAt ?? undefined,
        tags: await tags.take(id),
      }
    }
    if (artifacts.length < artifactsPerPage) return
    last = artifacts.at(-1)!.id
    await nextTurn()
  }
}

interface TagRow {
  readonly id: number
  readonly artifact_id: number
  readonly name: string
  readonly pushed_at: number
  readonly pulled_at: number | null
}

/** The tags of some artifacts, which are asked for by their ids, one after the other. */
class TagPages {
  readonly #reader: Reader
  readonly #artifactIds: readonly number[]
  readonly #found = new Map<number, CandidateTag[]>()
  #last: { readonly artifactId: number; readonly id: number } = { artifactId: 0, id: 0 }
  #isEnd: boolean

  constructor(reader: Reader, artifactIds: readonly number[]) {
    this.#reader = reader
    this.#artifactIds = artifactIds
    this.#isEnd = artifactIds.length === 0
  }

  async take(artifactId: number): Promise<readonly CandidateTag[]> {
    while (!this.#isEnd && this.#last.artifactId <= artifactId) await this.#fetch()
    const tags = this.#found.get(artifactId) ?? []
    this.#found.delete(artifactId)
    return tags
  }

  async #fetch(): Promise<void> {
    const { artifactId, id } = this.#last
    const rows: readonly TagRow[] = await this.#reader
      .selectFrom('tag')
      .select(['id', 'artifact_id', 'name', 'pushed_at', 'pulled_at'])
      .where('artifact_id', 'in', this.#artifactIds)
      .where((eb) =>
        eb.or([eb('artifact_id', '>', artifactId), eb.and([eb('artifact_id', '=', artifactId), eb('id', '>', id)])]),
      )
      .orderBy('artifact_id')
      .orderBy('id')
      .limit(tagsPerPage)
      .execute()
    for (const { id: tagId, artifact_id: ofArtifact, name, pushed_at: pushedAt, pulled_at: pulledAt } of rows) {
      const tags = this.#found.get(ofArtifact) ?? []
      tags.push({ id: tagId, name, pushedAt, pulledAt: pulledAt ?? undefined })
      this.#found.set(ofArtifact, tags)
    }
    const end = rows.at(-1)
    if (end !== undefined) this.#last = { artifactId: end.artifact_id, id: end.id }
    this.#isEnd = rows.length < tagsPerPage
    if (!this.#isEnd) await nextTurn()
  }
}
