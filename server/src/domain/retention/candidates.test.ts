import { expect, test } from 'bun:test'
import type { Database } from '../../database/database.ts'
import { describeEachDatabase } from '../../../test/databases.ts'
import { createProject, TestClock } from '../../../test/registry-for-test.ts'
import { walkCandidates } from './candidates.ts'

describeEachDatabase('candidates of retention', (open) => {
  async function compose(artifacts: number, tagsOf: (at: number) => number): Promise<Database> {
    const database = await open()
    await createProject(database, 'library', new TestClock())
    await database.write(async (tx) => {
      const repository = { project_id: 1, description: '', created_at: 1, updated_at: 1 }
      const { id: projectId } = await tx.selectFrom('project').select('id').executeTakeFirstOrThrow()
      await tx
        .insertInto('repository')
        .values(['library/app', 'library/other'].map((name) => ({ ...repository, project_id: projectId, name })))
        .execute()
      const ids = (await tx.selectFrom('repository').select('id').orderBy('name').execute()).map(({ id }) => id)
      for (let at = 0; at < artifacts; at++) {
        // Those of the other repository lie between them.
        const { id } = await tx
          .insertInto('artifact')
          .values({
            repository_id: ids[at % 2]!,
            digest: `sha256:${(at * 7_919) % 1_000_003}`,
            media_type: 'application/vnd.oci.image.manifest.v1+json',
            artifact_type: '',
            manifest_size: 1,
            size: 1,
            subject_digest: null,
            annotations: null,
            pushed_at: at,
            pulled_at: null,
          })
          .returning('id')
          .executeTakeFirstOrThrow()
        const tags = Array.from({ length: tagsOf(at) }, (_, index) => ({
          repository_id: ids[at % 2]!,
          name: `t${at}-${index}`,
          artifact_id: id,
          pushed_at: index,
          pulled_at: null,
        }))
        for (let start = 0; start < tags.length; start += 500)
          await tx
            .insertInto('tag')
            .values(tags.slice(start, start + 500))
            .execute()
      }
    })
    return database
  }

  const repositoryId = async ({ read }: Database) =>
    (await read.selectFrom('repository').select('id').where('name', '=', 'library/app').executeTakeFirstOrThrow()).id

  test('each artifact comes once, with its own tags, however many there are', async () => {
    const database = await compose(24, (at) => (at === 8 || at === 9 ? 2_500 : [0, 1, 3, 1][at % 4]!))
    const seen: [number, number][] = []
    for await (const { pushedAt, tags } of walkCandidates(database.read, await repositoryId(database))) {
      expect(tags.every(({ name }) => name.startsWith(`t${pushedAt}-`))).toBe(true)
      expect(new Set(tags.map(({ id }) => id)).size).toBe(tags.length)
      seen.push([pushedAt, tags.length])
    }
    expect(seen).toEqual(Array.from({ length: 12 }, (_, at) => [at * 2, at === 4 ? 2_500 : [0, 3][at % 2]!]))
  }, 30_000)

  test('the number of queries goes with the pages, not with the artifacts', async () => {
    const database = await compose(500, (at) => (at === 250 ? 4_500 : 1))
    let queries = 0
    const read = database.read.withPlugin({
      transformQuery: ({ node }) => {
        queries += 1
        return node
      },
      transformResult: async ({ result }) => result,
    })
    let [artifacts, tags] = [0, 0]
    const id = await repositoryId(database)
    for await (const candidate of walkCandidates(read, id)) {
      artifacts += 1
      tags += candidate.tags.length
    }
    expect([artifacts, tags]).toEqual([250, 4_749])
    // Two pages of artifacts with one of tags each, and two more for the one that has so many.
    expect(queries).toBeLessThanOrEqual(7)
  }, 30_000)
})
