import { expect, test } from 'bun:test'
import { sql } from 'kysely'
import { describeEachDatabase } from '../../test/databases.ts'
import { preparedQuery } from './prepared.ts'

const findLease = preparedQuery<{ name: string }, { holder: string }>((db, param) =>
  db.selectFrom('lease').select('holder').where('name', '=', param('name')),
)

describeEachDatabase('a session that is not the one that a statement was named in', (open, dialect) => {
  if (dialect !== 'postgres') return

  test('is met by a pooler in transaction mode: a read is asked again, without a name', async () => {
    const database = await open({ maxConnections: 2 })
    expect(await findLease.first(database.read, { name: 'a' })).toBeUndefined()
    await sql`deallocate all`.execute(database.read)
    expect(await findLease.first(database.read, { name: 'a' })).toBeUndefined()
    const { rows } = await sql<{ count: number }>`select count(*) as count from pg_prepared_statements`.execute(
      database.read,
    )
    expect(rows).toEqual([{ count: 0 }])
  })

  test('a write is done again as a whole, once', async () => {
    const database = await open({ maxConnections: 2 })
    await findLease.first(database.read, { name: 'a' })
    await sql`deallocate all`.execute(database.read)
    let runs = 0
    await database.write(async (tx) => {
      runs += 1
      await tx.insertInto('lease').values({ name: 'a', holder: 'h', expires_at: 1 }).execute()
      expect(await findLease.first(tx, { name: 'a' })).toEqual({ holder: 'h' })
    })
    expect(runs).toBe(2)
    expect(await findLease.first(database.read, { name: 'a' })).toEqual({ holder: 'h' })
  })

  test('limits on waiting are those of each transaction', async () => {
    const database = await open({ acquireTimeoutMs: 1234 })
    await database.write(async (tx) => {
      const { rows } = await sql`select current_setting('lock_timeout') as lock,
        current_setting('idle_in_transaction_session_timeout') as idle`.execute(tx)
      expect(rows).toEqual([{ lock: '1234ms', idle: '1min' }])
    })
  })
})
