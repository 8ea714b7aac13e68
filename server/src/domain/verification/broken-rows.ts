import type { Database } from '../../database/database.ts'

/** Rows that cannot be served: what they need is not there. */
export interface BrokenRows {
  readonly problem: string
  readonly count: number
  /** Some of them: `repository@digest`, or `repository:tag`. */
  readonly examples: readonly string[]
}

const examplesShown = 5

/** Each gives a name for every row that is wrong. */
const questions: readonly { readonly problem: string; readonly query: string }[] = [
  {
    problem: 'artifacts without the bytes of their manifest',
    query: `select repository.name || '@' || artifact.digest as name from artifact
      join repository on repository.id = artifact.repository_id
      left join artifact_payload on artifact_payload.artifact_id = artifact.id
      where artifact_payload.artifact_id is null`,
  },
  {
    problem: 'artifacts without a repository',
    query: `select artifact.digest as name from artifact
      left join repository on repository.id = artifact.repository_id where repository.id is null`,
  },
  {
    problem: 'tags without an artifact of their repository',
    query: `select coalesce(repository.name, '?') || ':' || tag.name as name from tag
      left join repository on repository.id = tag.repository_id
      left join artifact on artifact.id = tag.artifact_id and artifact.repository_id = tag.repository_id
      where artifact.id is null`,
  },
  {
    problem: 'blobs that an artifact names and its repository does not link',
    query: `select repository.name || '@' || artifact_blob.digest as name from artifact_blob
      join repository on repository.id = artifact_blob.repository_id
      left join repository_blob on repository_blob.repository_id = artifact_blob.repository_id
        and repository_blob.digest = artifact_blob.digest
      where repository_blob.digest is null`,
  },
  {
    problem: 'links to blobs that have no row',
    query: `select repository.name || '@' || repository_blob.digest as name from repository_blob
      join repository on repository.id = repository_blob.repository_id
      left join blob on blob.digest = repository_blob.digest where blob.digest is null`,
  },
  {
    problem: 'indexes with a child that is not there',
    query: `select repository.name || '@' || artifact.digest as name from artifact_child
      join artifact on artifact.id = artifact_child.parent_id
      join repository on repository.id = artifact.repository_id
      left join artifact as child on child.id = artifact_child.child_id where child.id is null`,
  },
]

/** Artifacts, tags, links and children that do not fit together, all seen at one moment of the database. */
export async function findBrokenRows(database: Database): Promise<BrokenRows[]> {
  return await database.snapshot(async (snapshot) => {
    const broken: BrokenRows[] = []
    for (const { problem, query } of questions) {
      const examples: string[] = []
      let count = 0
      for await (const rows of snapshot.rows<{ name: string }>(query)) {
        count += rows.length
        examples.push(...rows.slice(0, examplesShown - examples.length).map(({ name }) => name))
      }
      if (count > 0) broken.push({ problem, count, examples })
    }
    return broken
  })
}
