import { expect, test } from 'bun:test'
import { Database as SqliteFile } from 'bun:sqlite'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseCorrupt } from './database.ts'
import { migrate } from './migrate.ts'
import { composeSqliteDatabase } from './sqlite.ts'

/** A migrated file; `zero` puts noughts over the first page of a table. */
async function withFile(work: (file: string, zero: (table: string) => void) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-damage-'))
  const file = join(folder, 'berth.db')
  try {
    await using database = composeSqliteDatabase({ file })
    await migrate(database)
    await database[Symbol.asyncDispose]()
    await work(file, (table) => {
      const reading = new SqliteFile(file, { readonly: true })
      const row = reading.query('select rootpage from sqlite_master where name = ?').get(table)
      const { page_size: size } = reading.query('pragma page_size').get() as { page_size: number }
      reading.close()
      const descriptor = openSync(file, 'r+')
      writeSync(descriptor, new Uint8Array(size), 0, size, ((row as { rootpage: number }).rootpage - 1) * size)
      closeSync(descriptor)
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('pages that are whole give nothing, and no damage', async () => {
  await withFile(async (file) => {
    await using database = composeSqliteDatabase({ file })
    expect(await database.checkPages()).toEqual([])
    expect(database.damage()).toBeUndefined()
  })
})

test('a check finds a damaged page that no query has met, and is told of once', async () => {
  await withFile(async (file, zero) => {
    zero('artifact')
    const told: Error[] = []
    await using database = composeSqliteDatabase({ file, onDamage: (damage) => void told.push(damage) })
    expect((await database.checkPages()).length).toBeGreaterThan(0)
    expect((await database.checkPages()).length).toBeGreaterThan(0)
    expect(database.damage()).toBe(told[0]! as DatabaseCorrupt)
    expect(told).toHaveLength(1)
    expect(told[0]!.message).toContain(file)
    expect(told[0]!.message).toContain('restore')
  })
})

test('a query that meets a damaged page says so, and the database remembers it', async () => {
  await withFile(async (file, zero) => {
    zero('artifact')
    await using database = composeSqliteDatabase({ file })
    const failure = await database.read
      .selectFrom('artifact')
      .selectAll()
      .execute()
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(DatabaseCorrupt)
    expect(database.damage()).toBeInstanceOf(DatabaseCorrupt)
  })
})

test('a file that is no database is damage, named by its path', async () => {
  await withFile(async (file) => {
    writeFileSync(file, 'no database at all, and longer than its header would be '.repeat(20))
    expect(() => composeSqliteDatabase({ file })).toThrow(DatabaseCorrupt)
    expect(() => composeSqliteDatabase({ file })).toThrow(file)
  })
})
