import { expect, test } from 'bun:test'
import { sql } from 'kysely'
import { describeEachDatabase } from '../../test/databases.ts'
import { DatabaseBusy } from './database.ts'
import { isForeignKeyViolation, isUniqueViolation } from './violations.ts'
import { NestedDatabaseUse } from './write-scope.ts'

const project = (name: string) => ({ name, owner_id: null, public: 1 as const, created_at: 1, updated_at: 1 })

describeEachDatabase('database', (open, dialect) => {
  test('what write commits, read sees', async () => {
    const database = await open()
    const id = await database.write(async (tx) => {
      const row = await tx.insertInto('project').values(project('p')).returning('id').executeTakeFirstOrThrow()
      return row.id
    })
    expect(id).toBe(1)
    const rows = await database.read.selectFrom('project').selectAll().execute()
    expect(rows).toEqual([{ id: 1, registry_id: null, ...project('p') }])
  })

  test('a write that throws leaves nothing behind and passes its error on unchanged', async () => {
    const database = await open()
    const reason = new Error('changed my mind')
    const attempt = database.write(async (tx) => {
      await tx.insertInto('project').values(project('p')).execute()
      throw reason
    })
    expect(await attempt.catch((error) => error)).toBe(reason)
    expect(await database.read.selectFrom('project').selectAll().execute()).toEqual([])
  })

  test('of many writes at once, those that fail take nothing of the others along', async () => {
    const database = await open()
    const writes = Array.from({ length: 200 }, (_, index) =>
      database
        .write(
          async (tx) => {
            await tx
              .insertInto('project')
              .values(project(`p${index}`))
              .execute()
            if (index % 3 === 0) throw new Error('no')
            return index
          },
          index % 5 === 0 ? 'relaxed' : 'durable',
        )
        .catch(() => 'failed'),
    )
    const results = await Promise.all(writes)
    expect(results).toEqual(results.map((_, index) => (index % 3 === 0 ? 'failed' : index)))
    const rows = await database.read.selectFrom('project').select('name').orderBy('id').execute()
    const expected = results.flatMap((_, index) => (index % 3 === 0 ? [] : [`p${index}`]))
    expect(rows.map((row) => row.name).sort()).toEqual(expected.sort())
  })

  test('read-modify-write of one row by many writers loses no update', async () => {
    const database = await open()
    await database.write((tx) => tx.insertInto('lease').values({ name: 'n', holder: '', expires_at: 0 }).execute())
    const increment = () =>
      database.write(async (tx) => {
        const query = tx.selectFrom('lease').select('expires_at').where('name', '=', 'n')
        const { expires_at } = await (dialect === 'postgres' ? query.forUpdate() : query).executeTakeFirstOrThrow()
        await tx
          .updateTable('lease')
          .set({ expires_at: expires_at + 1 })
          .where('name', '=', 'n')
          .execute()
      })
    await Promise.all(Array.from({ length: 50 }, increment))
    expect(await database.read.selectFrom('lease').select('expires_at').executeTakeFirst()).toEqual({ expires_at: 50 })
  })

  test('read inside write is refused, whatever it awaits first', async () => {
    const database = await open()
    const attempt = database.write(async () => {
      await Promise.resolve()
      await database.read.selectFrom('project').selectAll().execute()
    })
    expect(attempt).rejects.toBeInstanceOf(NestedDatabaseUse)
    await attempt.catch(() => {})
  })

  test('write inside write is refused at once instead of waiting for itself', async () => {
    const database = await open()
    const attempt = database.write(() => database.write(async () => 1))
    expect(await attempt.catch((error) => error)).toBeInstanceOf(NestedDatabaseUse)
  })

  test('what a write leaves running may use the database once the write has ended', async () => {
    const database = await open()
    const later: { read?: Promise<unknown[]> } = {}
    const ended = Promise.withResolvers<void>()
    await database.write(async () => {
      later.read = ended.promise.then(() => database.read.selectFrom('project').selectAll().execute())
    })
    ended.resolve()
    expect(await later.read).toEqual([])
  })

  test('a transaction is of no use after its write has ended', async () => {
    const database = await open()
    const leaked = await database.write(async (tx) => ({ tx }))
    const attempt = leaked.tx.insertInto('project').values(project('p')).execute()
    expect((await attempt.catch((error: Error) => error)) as Error).toBeInstanceOf(Error)
    expect(await database.read.selectFrom('project').selectAll().execute()).toEqual([])
  })

  test('waiting for a turn ends with DatabaseBusy', async () => {
    const database = await open({ acquireTimeoutMs: 500, maxConnections: 1 })
    const release = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const holding = database.write(async () => {
      begun.resolve()
      await release.promise
      return 'held'
    })
    await begun.promise
    const error = await database.write(async () => 'never').catch((caught) => caught)
    release.resolve()
    expect(error).toBeInstanceOf(DatabaseBusy)
    expect(await holding).toBe('held')
    expect(await database.write(async () => 'again')).toBe('again')
  })

  test('numbers, bytes, nulls and affected counts come back as they went in', async () => {
    const database = await open()
    const size = 2 ** 52 + 1
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
    const at = 1_900_000_000_123
    await database.write(async (tx) => {
      await tx.insertInto('project').values(project('p')).execute()
      await tx
        .insertInto('repository')
        .values({ project_id: 1, name: 'p/r', description: 'ü日本', created_at: at, updated_at: at })
        .execute()
      await tx
        .insertInto('artifact')
        .values({
          repository_id: 1,
          digest: 'd',
          media_type: 'm',
          artifact_type: '',
          manifest_size: 256,
          size,
          subject_digest: null,
          annotations: null,
          pushed_at: at,
          pulled_at: null,
        })
        .execute()
      await tx.insertInto('artifact_payload').values({ artifact_id: 1, bytes }).execute()
      const { numUpdatedRows } = await tx.updateTable('artifact').set({ pulled_at: at }).executeTakeFirstOrThrow()
      expect(numUpdatedRows).toBe(1n)
    })
    const artifact = await database.read.selectFrom('artifact').selectAll().executeTakeFirstOrThrow()
    expect(artifact).toMatchObject({ id: 1, size, subject_digest: null, pulled_at: at })
    const total = await database.read
      .selectFrom('artifact')
      .select((eb) => [eb.fn.sum<number>('size').as('sum'), eb.fn.countAll<number>().as('count')])
      .executeTakeFirstOrThrow()
    expect(total).toEqual({ sum: size, count: 1 })
    const payload = await database.read.selectFrom('artifact_payload').select('bytes').executeTakeFirstOrThrow()
    expect(payload.bytes).toBeInstanceOf(Uint8Array)
    expect(Buffer.from(payload.bytes).equals(Buffer.from(bytes))).toBe(true)
    expect((await database.read.selectFrom('repository').select('description').executeTakeFirst())?.description).toBe(
      'ü日本',
    )
  })

  test('violated keys are told apart in both dialects', async () => {
    const database = await open()
    await database.write((tx) => tx.insertInto('project').values(project('p')).execute())
    const twice = database.write((tx) => tx.insertInto('project').values(project('p')).execute())
    const duplicate = await twice.catch((error) => error)
    expect([isUniqueViolation(duplicate), isForeignKeyViolation(duplicate)]).toEqual([true, false])
    const orphan = await database
      .write((tx) =>
        tx
          .insertInto('project')
          .values({ ...project('q'), owner_id: 99 })
          .execute(),
      )
      .catch((error) => error)
    expect([isUniqueViolation(orphan), isForeignKeyViolation(orphan)]).toEqual([false, true])
    const primary = await database
      .write(async (tx) => {
        for (let times = 0; times < 2; times += 1) {
          await tx.insertInto('lease').values({ name: 'n', holder: 'h', expires_at: 1 }).execute()
        }
      })
      .catch((error) => error)
    expect(isUniqueViolation(primary)).toBe(true)
  })

  test('names are ordered byte by byte', async () => {
    const database = await open()
    const names = ['a-b', 'a.b', 'a_b', 'ab', 'B', 'b', 'a/b', 'ä', 'Z', '1']
    await database.write((tx) => tx.insertInto('project').values(names.map(project)).execute())
    const rows = await database.read.selectFrom('project').select('name').orderBy('name').execute()
    const byBytes = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    expect(rows.map((row) => row.name)).toEqual(byBytes)
  })

  test('a stream gives every row, and reads and writes go on beside it', async () => {
    const database = await open()
    const names = Array.from({ length: 250 }, (_, index) => `p${index}`)
    await database.write((tx) => tx.insertInto('project').values(names.map(project)).execute())
    const seen: string[] = []
    for await (const row of database.read.selectFrom('project').select('name').orderBy('id').stream(100)) {
      seen.push(row.name)
      if (seen.length !== 1) continue
      await database.write((tx) => tx.deleteFrom('project').where('name', '=', 'p249').execute())
      const { count } = await database.read
        .selectFrom('project')
        .select(sql<number>`count(*)`.as('count'))
        .executeTakeFirstOrThrow()
      expect(count).toBe(249)
    }
    expect(seen).toEqual(names)
  })

  test('ids are never given twice, also after the newest row is gone', async () => {
    const database = await open()
    const insert = () =>
      database.write((tx) => tx.insertInto('project').values(project('p')).returning('id').executeTakeFirstOrThrow())
    const first = await insert()
    await database.write((tx) => tx.deleteFrom('project').execute())
    expect((await insert()).id).toBeGreaterThan(first.id)
  })
})
