import { expect, test } from 'bun:test'
import { describeEachDatabase } from '#server-test/databases.ts'
import { UnstorableValue } from './database.ts'
import { preparedQuery } from './prepared.ts'

const findProject = preparedQuery<{ name: string }, { id: number }>((db, param) =>
  db.selectFrom('project').select('id').where('name', '=', param('name')),
)
const findById = preparedQuery<{ id: number }, { id: number }>((db, param) =>
  db.selectFrom('project').select('id').where('id', '=', param('id')),
)

describeEachDatabase('values that no row can have', (open) => {
  test.each(['\u0000', 'a\u0000', '\u0000a', `${'x'.repeat(70_000)}\u0000`])(
    'a text with NUL is refused by both databases, in every kind of query',
    async (name) => {
      const database = await open()
      const column = database.read.selectFrom('project').select('id')
      expect(column.where('name', '=', name).execute()).rejects.toBeInstanceOf(UnstorableValue)
      expect(findProject.first(database.read, { name })).rejects.toBeInstanceOf(UnstorableValue)
      expect(findProject.all(database.read, { name })).rejects.toBeInstanceOf(UnstorableValue)
      expect(
        database.write(async (tx) => await tx.deleteFrom('project').where('name', '=', name).execute()),
      ).rejects.toBeInstanceOf(UnstorableValue)
      // The connection is of use afterwards.
      expect(await column.execute()).toBeArray()
    },
  )

  test.each([Number.NaN, Infinity, -Infinity, 1e300, 2 ** 53, -(2 ** 60)])(
    'a number beyond those that are exact is refused: %p',
    async (id) => {
      const database = await open()
      const query = database.read.selectFrom('project').select('name').where('id', '=', id)
      expect(query.execute()).rejects.toBeInstanceOf(UnstorableValue)
      expect(findById.first(database.read, { id })).rejects.toBeInstanceOf(UnstorableValue)
    },
  )

  test('every other text and number is a value that no row happens to have', async () => {
    const database = await open()
    for (const name of ['\ud800', '\uffff', '\u0001', "'", '\\', '%', '😀', 'x'.repeat(100_000)])
      expect(await findProject.first(database.read, { name })).toBeUndefined()
    for (const id of [0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])
      expect(await findById.first(database.read, { id })).toBeUndefined()
  })
})
