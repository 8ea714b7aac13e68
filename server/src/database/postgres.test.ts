import { afterEach, expect, test } from 'bun:test'
import { createServer, type AddressInfo } from 'node:net'
import { AsyncResource } from 'node:async_hooks'
import { sql } from 'kysely'
import { describeEachDatabase } from '../../test/databases.ts'
import { type Database, DatabaseBusy, DatabaseUnavailable } from './database.ts'
import { composePostgresDatabase } from './postgres.ts'

const nobody = new AsyncResource('another process')
/** As another process would do it: not on behalf of the write that is under way. */
const outside = <T>(work: () => T): T => nobody.runInAsyncScope(work)

const lease = (name: string) => ({ name, holder: 'h', expires_at: 1 })

describeEachDatabase('postgres alone', (open, dialect) => {
  if (dialect !== 'postgres') return

  const killConnections = async (database: Database) => {
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'berth' and pid <> pg_backend_pid()`.execute(
      database.read,
    )
  }

  test('a lost connection fails the write that used it and is replaced for the next', async () => {
    const database = await open({ maxConnections: 3 })
    const attempt = database.write(async (tx) => {
      await tx.insertInto('lease').values(lease('a')).execute()
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx)
    })
    expect(await attempt.catch((error) => error)).toBeInstanceOf(DatabaseUnavailable)
    await database.write((tx) => tx.insertInto('lease').values(lease('b')).execute())
    expect(await database.read.selectFrom('lease').select('name').execute()).toEqual([{ name: 'b' }])
  })

  test('a connection lost between two queries of a write fails the write, and nothing else', async () => {
    const database = await open({ maxConnections: 3 })
    const attempt = database.write(async (tx) => {
      await tx.insertInto('lease').values(lease('a')).execute()
      await outside(() => killConnections(database))
      await Bun.sleep(50)
      await tx.insertInto('lease').values(lease('b')).execute()
    })
    expect(await attempt.catch((error) => error)).toBeInstanceOf(DatabaseUnavailable)
    expect(await database.read.selectFrom('lease').select('name').execute()).toEqual([])
  })

  test('connections that died while idle cost neither a read nor a write', async () => {
    const database = await open({ maxConnections: 3 })
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(Array.from({ length: 3 }, () => sql`select pg_sleep(0.02)`.execute(database.read)))
      await killConnections(database)
      const reads = Array.from({ length: 3 }, () => sql`select 1 as one`.execute(database.read))
      const write = database.write((tx) =>
        tx
          .insertInto('lease')
          .values(lease(`l${round}`))
          .execute(),
      )
      expect((await Promise.all(reads)).map((result) => result.rows)).toEqual(
        Array.from({ length: 3 }, () => [{ one: 1 }]),
      )
      await write
    }
  })

  test('a deadlock is resolved by running one of the two again', async () => {
    const database = await open()
    await database.write((tx) =>
      tx
        .insertInto('lease')
        .values([lease('a'), lease('b')])
        .execute(),
    )
    let runs = 0
    const both = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const add = (order: readonly string[], mine: number) =>
      database.write(async (tx) => {
        runs += 1
        for (const [index, name] of order.entries()) {
          await tx
            .updateTable('lease')
            .set((eb) => ({ expires_at: eb('expires_at', '+', 1) }))
            .where('name', '=', name)
            .execute()
          both[mine]?.resolve()
          if (index === 0) await Promise.all(both.map((each) => each.promise))
        }
      })
    await Promise.all([add(['a', 'b'], 0), add(['b', 'a'], 1)])
    expect(runs).toBeGreaterThan(2)
    const rows = await database.read.selectFrom('lease').select('expires_at').execute()
    expect(rows.map((row) => row.expires_at)).toEqual([3, 3])
  })

  test('a relaxed commit does not wait for the disk, the next durable one on the same connection does', async () => {
    const database = await open({ maxConnections: 1 })
    const level = (durability: 'durable' | 'relaxed') =>
      database.write(async (tx) => {
        const { rows } = await sql<{ synchronous_commit: string }>`show synchronous_commit`.execute(tx)
        return rows[0]?.synchronous_commit
      }, durability)
    expect([await level('relaxed'), await level('durable')]).toEqual(['off', 'on'])
  })

  test('a failed statement whose error was swallowed fails the write', async () => {
    const database = await open()
    const attempt = database.write(async (tx) => {
      await tx.insertInto('lease').values(lease('a')).execute()
      await tx
        .insertInto('lease')
        .values(lease('a'))
        .execute()
        .catch(() => {})
    })
    expect(await attempt.catch((error) => error)).toBeInstanceOf(Error)
    expect(await database.read.selectFrom('lease').select('name').execute()).toEqual([])
  })

  test('waiting for a lock ends with DatabaseBusy', async () => {
    const database = await open({ acquireTimeoutMs: 200 })
    await database.write((tx) => tx.insertInto('lease').values(lease('a')).execute())
    const locked = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const holding = database.write(async (tx) => {
      await tx.updateTable('lease').set({ expires_at: 2 }).execute()
      locked.resolve()
      await release.promise
    })
    await locked.promise
    const error = await database
      .write((tx) => tx.updateTable('lease').set({ expires_at: 3 }).execute())
      .catch((caught) => caught)
    release.resolve()
    await holding
    expect(error).toBeInstanceOf(DatabaseBusy)
  })

  test('epoch cannot be told', async () => {
    expect((await open()).epoch()).toBeUndefined()
  })
})

const opened: Database[] = []
afterEach(async () => {
  for (const database of opened.splice(0)) await database[Symbol.asyncDispose]()
})

test('a server that cannot be reached is DatabaseUnavailable, and its password is not in the message', async () => {
  const url = 'postgres://berth:hunter2@127.0.0.1:1/berth'
  const database = composePostgresDatabase({ url, maxConnections: 2, acquireTimeoutMs: 1000 })
  opened.push(database)
  for (const attempt of [database.write(async () => 1), database.read.selectFrom('lease').selectAll().execute()]) {
    const error = (await attempt.catch((caught: unknown) => caught)) as Error
    expect(error).toBeInstanceOf(DatabaseUnavailable)
    expect(`${error.message} ${String(error.cause)}`).not.toContain('hunter2')
  }
})

test('what a pooler refuses is said in its own words', async () => {
  const fields = ['SFATAL', 'C08P01', 'Munsupported startup parameter: search_path', '']
  const body = Buffer.from(fields.map((field) => `${field}\0`).join(''))
  const answer = Buffer.concat([Buffer.from('E'), Buffer.alloc(4), body])
  answer.writeUInt32BE(body.byteLength + 4, 1)
  await using pooler = createServer((socket) => socket.once('data', () => socket.end(answer)))
  await new Promise<void>((resolve) => pooler.listen(0, '127.0.0.1', resolve))
  const url = `postgres://berth:hunter2@127.0.0.1:${(pooler.address() as AddressInfo).port}/berth`
  const database = composePostgresDatabase({ url, maxConnections: 2, acquireTimeoutMs: 1000 })
  opened.push(database)
  const error = (await database.write(async () => 1).catch((caught: unknown) => caught)) as Error
  expect(error).toBeInstanceOf(DatabaseUnavailable)
  expect(error.message).toBe('the PostgreSQL server cannot be used (08P01: unsupported startup parameter: search_path)')
})
