import { expect, test } from 'bun:test'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../domain/clock.ts'
import { composeSqliteDatabase } from './sqlite.ts'
import { copyBeforeChange, DatabaseNotCopied } from './copy-before-change.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations/index.ts'

async function withFolder(work: (file: string, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-copy-'))
  try {
    await work(join(folder, 'berth.db'), folder)
  } finally {
    chmodSync(folder, 0o700)
    rmSync(folder, { recursive: true })
  }
}

test('a copy holds everything that was committed, in the log too, and opens as a database of that time', async () => {
  await withFolder(async (file) => {
    await using database = composeSqliteDatabase({ file, acquireTimeoutMs: 5_000 })
    await migrate(database, { steps: migrations.slice(0, 3) })
    await database.write((tx) => tx.insertInto('lease').values({ name: 'a', holder: 'h', expires_at: 1 }).execute())
    const copied: (string | undefined)[] = []
    await migrate(database, {
      clock: systemClock,
      beforeChange: async ({ pending }) => void copied.push(await copyBeforeChange(file, pending)),
    })
    expect(copied).toEqual([`${file}.before-${migrations[3]!.name}`])
    await using old = composeSqliteDatabase({ file: copied[0]!, acquireTimeoutMs: 5_000 })
    expect(await old.read.selectFrom('lease').select('name').execute()).toEqual([{ name: 'a' }])
    expect(await migrate(old)).toEqual(migrations.slice(3).map(({ name }) => name))
  })
})

test('a copy can be read by its owner alone, whatever the umask, and so can those of earlier versions', async () => {
  await withFolder(async (file) => {
    await using database = composeSqliteDatabase({ file, acquireTimeoutMs: 5_000 })
    await migrate(database)
    const before = process.umask(0o022)
    try {
      const earlier = `${file}.before-0001-earlier`
      writeFileSync(earlier, '')
      const copy = await copyBeforeChange(file, ['0002-later'])
      for (const each of [copy!, earlier]) expect(statSync(each).mode & 0o777).toBe(0o600)
    } finally {
      process.umask(before)
    }
  })
})

test('of many copies the newest two stay', async () => {
  await withFolder(async (file, folder) => {
    await using database = composeSqliteDatabase({ file, acquireTimeoutMs: 5_000 })
    await migrate(database)
    for (const step of ['0016-a', '0017-b', '0018-c']) await copyBeforeChange(file, [step])
    const copies = readdirSync(folder).filter((name) => name.includes('before'))
    expect(copies.sort()).toEqual(['berth.db.before-0017-b', 'berth.db.before-0018-c'])
  })
})

test('where no copy can be written, an error says what to do and nothing is left', async () => {
  await withFolder(async (file, folder) => {
    await using database = composeSqliteDatabase({ file, acquireTimeoutMs: 5_000 })
    await migrate(database)
    // A step cannot have such a name; a folder that does not exist stands for a disk that takes nothing.
    const failure = await copyBeforeChange(file, ['missing/folder']).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(DatabaseNotCopied)
    expect((failure as Error).message).toContain('copy_before_migration')
    expect(readdirSync(folder).filter((name) => name.includes('before'))).toEqual([])
  })
})

test('a database that is new is not copied', async () => {
  await withFolder(async (file) => expect(await copyBeforeChange(file, ['0001-foundation'])).toBeUndefined())
})
