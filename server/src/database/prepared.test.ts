import { expect, test } from 'bun:test'
import { describeEachDatabase } from '../../test/databases.ts'
import { type Param, preparedQuery } from './prepared.ts'

const project = (name: string) => ({ name, owner_id: null, public: 1 as const, created_at: 1, updated_at: 2 })

const findProject = preparedQuery((db, param: Param<{ name: string }>) =>
  db.selectFrom('project').select(['id', 'name', 'created_at']).where('name', '=', param('name')),
)
const listProjects = preparedQuery((db, param: Param<{ public: 0 | 1; after: string; limit: number }>) =>
  db
    .selectFrom('project')
    .select('name')
    .where('public', '=', param('public'))
    .where('name', '>', param('after'))
    .where('updated_at', '=', 2)
    .orderBy('name')
    .limit(param('limit')),
)
const renameProject = preparedQuery((db, param: Param<{ from: string; to: string; at: number }>) =>
  db
    .updateTable('project')
    .set({ name: param('to'), updated_at: param('at') })
    .where('name', '=', param('from')),
)

describeEachDatabase('prepared query', (open) => {
  test('gives the first row, all rows, or the number of changed rows', async () => {
    const database = await open()
    await database.write((tx) => tx.insertInto('project').values(['a', 'b', 'c', 'd'].map(project)).execute())
    expect(await findProject.first(database.read, { name: 'b' })).toEqual({ id: 2, name: 'b', created_at: 1 })
    expect(await findProject.first(database.read, { name: 'z' })).toBeUndefined()
    const page = await listProjects.all(database.read, { public: 1, after: 'a', limit: 2 })
    expect(page).toEqual([{ name: 'b' }, { name: 'c' }])
    expect(await listProjects.all(database.read, { public: 0, after: '', limit: 9 })).toEqual([])
    const changed = await database.write((tx) => renameProject.run(tx, { from: 'a', to: 'e', at: 9 }))
    expect(changed).toBe(1)
    expect(await database.write((tx) => renameProject.run(tx, { from: 'a', to: 'e', at: 9 }))).toBe(0)
  })

  test('on a transaction sees its changes, and is rolled back with it', async () => {
    const database = await open()
    const attempt = database.write(async (tx) => {
      await tx.insertInto('project').values(project('a')).execute()
      await renameProject.run(tx, { from: 'a', to: 'b', at: 3 })
      expect(await findProject.first(tx, { name: 'b' })).toMatchObject({ name: 'b' })
      throw new Error('no')
    })
    await attempt.catch(() => {})
    expect(await findProject.first(database.read, { name: 'b' })).toBeUndefined()
  })

  test('a missing value is an error, not a null', async () => {
    const database = await open()
    const attempt = findProject.first(database.read, {} as { name: string })
    expect(await attempt.catch((error) => error)).toBeInstanceOf(TypeError)
  })

  test('is refused where a plain query would be: read inside write, transaction after its end', async () => {
    const database = await open()
    const inside = database.write(() => findProject.first(database.read, { name: 'a' }))
    expect(((await inside.catch((error) => error)) as Error).name).toBe('NestedDatabaseUse')
    const { tx } = await database.write(async (leaked) => ({ tx: leaked }))
    expect(await findProject.first(tx, { name: 'a' }).catch((error) => error)).toBeInstanceOf(Error)
  })

  test('values never become part of the text', async () => {
    const database = await open()
    const name = `a'; drop table project; --`
    await database.write((tx) => tx.insertInto('project').values(project(name)).execute())
    expect(await findProject.first(database.read, { name })).toMatchObject({ name })
  })
})
