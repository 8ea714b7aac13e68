import { expect, test } from 'bun:test'
import { sql } from 'kysely'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase } from '../../../test/databases.ts'
import {
  composeRegistryForTest,
  createProject,
  digestOf,
  imageOf,
  once,
  system,
  type RegistryForTest,
} from '../../../test/registry-for-test.ts'
import { isForeignKeyViolation } from '../../database/violations.ts'
import type { Admission } from '../access/admission.ts'
import { deleteManifest } from '../artifacts/delete.ts'
import { pushManifest } from '../artifacts/push.ts'
import { restoreEntry } from '../artifacts/restore.ts'
import { findRepositoryId } from './repositories.ts'

const name = 'library/app' as RepositoryName
const content = new TextEncoder().encode('a layer')
const gone = ['PROJECT_UNKNOWN', 'REPOSITORY_UNKNOWN']

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'done',
    (error: { code: string }) => error.code,
  )
}

describeEachDatabase('a repository of a project', (open, dialect) => {
  /** A project with a limit, which can go while somebody is admitted to it. */
  async function compose() {
    const registry = await composeRegistryForTest(await open(), undefined, { trashWindowMs: 1_000_000 })
    const { database } = registry
    const idOf = async () =>
      (await database.read.selectFrom('project').select('id').where('name', '=', 'library').executeTakeFirstOrThrow())
        .id
    const limit = async () => {
      const values = { project_id: await idOf(), hard_bytes: 1_000_000, updated_at: 0 }
      await database.write(async (tx) => {
        await tx.insertInto('quota').values(values).execute()
      })
    }
    const deleteProject = async () => {
      await database.write(async (tx) => {
        await tx.deleteFrom('repository').execute()
        await tx.deleteFrom('project').execute()
      })
    }
    const makeAnew = async () => {
      await deleteProject()
      await createProject(database, 'library', registry.clock)
      await limit()
    }
    await limit()
    return { ...registry, idOf, deleteProject, makeAnew }
  }

  const image = () => imageOf('v1', [digestOf(content)], [content])
  const doors: Readonly<Record<string, (registry: RegistryForTest, old: Admission<'push'>) => Promise<unknown>>> = {
    'the push of a manifest': (registry, old) => pushManifest(registry, old, image()),
    'an upload': ({ uploads }, old) => uploads.createUpload(old),
    'a blob at once': ({ uploads }, old) => uploads.uploadAtOnce(old, digestOf(content), once(content)),
  }

  for (const [door, enter] of Object.entries(doors)) {
    test(`${door} is refused when the project was deleted meanwhile`, async () => {
      const registry = await compose()
      const old = await registry.admit(system, 'push', name)
      await registry.deleteProject()
      expect(gone).toContain(await codeOf(enter(registry, old)))
    })

    test(`${door} does not reach the project that has its name now`, async () => {
      const registry = await compose()
      const old = await registry.admit(system, 'push', name)
      await registry.makeAnew()
      await registry.pushImage(name, 'theirs', [new TextEncoder().encode('another layer')])
      expect(gone).toContain(await codeOf(enter(registry, old)))
      const tags = await registry.database.read.selectFrom('tag').select('name').execute()
      expect(tags.map((tag) => tag.name)).toEqual(['theirs'])
      expect(await registry.database.read.selectFrom('upload').selectAll().execute()).toEqual([])
    })
  }

  test('a mount does not reach the project that has its name now', async () => {
    const registry = await compose()
    const old = await registry.admit(system, 'push', name)
    await registry.makeAnew()
    const digest = await registry.pushBlob('library/other', content)
    const source = await registry.admit(system, 'pull', 'library/other' as RepositoryName)
    expect(await codeOf(registry.uploads.mountBlob(old, digest, source))).toBe('PROJECT_UNKNOWN')
  })

  test('the trash of a deleted project is not restored into the one that has its name now', async () => {
    const registry = await compose()
    const digest = await registry.pushImage(name, 'v1', [content])
    await deleteManifest(registry, await registry.admit(system, 'delete', name), digest)
    const entry = await registry.database.read.selectFrom('trash_entry').select('id').executeTakeFirstOrThrow()
    const restore = async (admission: Admission<'push'>) =>
      await codeOf(restoreEntry(registry, admission, entry.id, { overwrite: false }))
    const old = await registry.admit(system, 'push', name)
    await registry.makeAnew()
    expect([...gone, 'TRASH_ENTRY_UNKNOWN']).toContain(await restore(old))
    expect(await restore(await registry.admit(system, 'push', name))).toBe('TRASH_ENTRY_UNKNOWN')
  })

  test('is not found in another project, whatever its name begins with', async () => {
    const { database, pushImage, idOf } = await compose()
    await pushImage(name, 'v1', [content])
    const projectId = await idOf()
    expect(await findRepositoryId(database.read, { projectId, name })).toBeNumber()
    expect(await findRepositoryId(database.read, { projectId: projectId + 1, name })).toBeUndefined()
  })

  // SQLite lets one write at a time: what another transaction deletes is gone, or is not yet.
  const atTheSameMoment = test.if(dialect === 'postgres')

  atTheSameMoment('an upload that finds the repository and loses it before it writes is refused', async () => {
    const registry = await compose()
    const old = await registry.admit(system, 'push', name)
    await registry.pushBlob(name, content)
    const refused = await whileGoing(registry, 'repository', () => codeOf(registry.uploads.createUpload(old)))
    expect(refused).toBe('REPOSITORY_UNKNOWN')
  })

  atTheSameMoment('a row that refers to what is being deleted is known for that', async () => {
    const registry = await compose()
    const { database } = registry
    const label = { project_id: await registry.idOf(), name: 'l', description: '', color: '' }
    const insert = async () => {
      const values = { ...label, created_at: 0, updated_at: 0 }
      await database.write((tx) => tx.insertInto('label').values(values).execute())
    }
    const refused = await whileGoing(registry, 'project', () => insert().catch((error: unknown) => error))
    expect(isForeignKeyViolation(refused)).toBe(true)
  })
})

/** Does the work while another transaction has deleted every row of the table and has not ended yet. */
async function whileGoing<Result>(
  { database }: RegistryForTest,
  table: 'repository' | 'project',
  work: () => Promise<Result>,
): Promise<Result> {
  const deleted = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const deletion = database.write(async (tx) => {
    await tx.deleteFrom(table).execute()
    deleted.resolve()
    await goOn.promise
  })
  await deleted.promise
  const result = work()
  for (let waiting = 0; waiting === 0;) {
    const { rows } = await sql<{ count: string }>`select count(*) as count from pg_stat_activity
      where wait_event_type = 'Lock' and datname = current_database()`.execute(database.read)
    waiting = Number(rows[0]!.count)
  }
  goOn.resolve()
  await deletion
  return await result
}
