import { Database as BunDatabase } from 'bun:sqlite'
import { afterEach, describe, expect, test } from 'bun:test'
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { sql } from 'kysely'
import { type Database, DatabaseBusy, DatabaseFull, DatabaseUnavailable, type Writer } from './database.ts'
import { migrate } from './migrate.ts'
import { composeSqliteDatabase } from './sqlite.ts'
import { type LogSync, WalSync } from './wal-sync.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'berth-sqlite-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function openIn(folder: string, acquireTimeoutMs = 5000): Promise<Database> {
  const database = composeSqliteDatabase({ file: join(folder, 'data', 'berth.db'), acquireTimeoutMs })
  cleanups.push(() => database[Symbol.asyncDispose]())
  await migrate(database)
  return database
}

const lease = (name: string) => ({ name, holder: 'h', expires_at: 1 })
const insertLease = (database: Database, name: string, durability?: 'durable' | 'relaxed') =>
  database.write((tx) => tx.insertInto('lease').values(lease(name)).execute(), durability)
const leaseNames = async (database: Database) =>
  (await database.read.selectFrom('lease').select('name').orderBy('name').execute()).map((row) => row.name)

function otherProcess(folder: string): BunDatabase {
  const other = new BunDatabase(join(folder, 'data', 'berth.db'))
  cleanups.push(() => other.close())
  return other
}

/** Commits of others are seen from the next turn of the event loop on. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

/** The database with a disk whose syncs the test decides about; opening it is synced for real. */
async function openWithLog(log: Pick<LogSync, 'sync'>): Promise<Database> {
  const folder = temporaryFolder()
  await openIn(folder)
  const file = join(folder, 'data', 'berth.db')
  const database = composeSqliteDatabase({ file, log: { ...log, [Symbol.asyncDispose]: async () => {} } })
  cleanups.push(() => database[Symbol.asyncDispose]())
  return database
}

describe('epoch', () => {
  test('changes with every commit, of this process and of another, durable or relaxed', async () => {
    const folder = temporaryFolder()
    const database = await openIn(folder)
    const seen = new Set([database.epoch()])
    await insertLease(database, 'a')
    seen.add(database.epoch())
    await insertLease(database, 'b', 'relaxed')
    seen.add(database.epoch())
    otherProcess(folder).run('update lease set expires_at = 2')
    await nextTurn()
    seen.add(database.epoch())
    expect(seen.size).toBe(4)
  })

  test('stands still while nothing is committed', async () => {
    const database = await openIn(temporaryFolder())
    const before = database.epoch()
    await leaseNames(database)
    await database.write(async () => 'reads only')
    const failed = database.write(async (tx) => {
      await tx.insertInto('lease').values(lease('a')).execute()
      throw new Error('no')
    })
    await failed.catch(() => {})
    expect(database.epoch()).toBe(before as number)
  })

  test('has changed by the time a write is acknowledged', async () => {
    const database = await openIn(temporaryFolder())
    for (let round = 0; round < 20; round += 1) {
      const before = database.epoch()
      await insertLease(database, `l${round}`)
      expect(database.epoch()).not.toBe(before as number)
    }
  })
})

describe('one writer', () => {
  /** Frames in the write-ahead log that end a transaction (file format, section 4.2). */
  function commitsInLog(folder: string): number {
    const log = readFileSync(join(folder, 'data', 'berth.db-wal'))
    const pageSize = log.readUInt32BE(8)
    let commits = 0
    for (let at = 32; at + 24 <= log.length; at += 24 + pageSize) {
      const ofThisRound = log.subarray(at + 8, at + 16).equals(log.subarray(16, 24))
      if (ofThisRound && log.readUInt32BE(at + 4) !== 0) commits += 1
    }
    return commits
  }

  test('writes that wait together share a commit', async () => {
    const folder = temporaryFolder()
    const database = await openIn(folder)
    const before = commitsInLog(folder)
    await Promise.all(Array.from({ length: 40 }, (_, index) => insertLease(database, `l${index}`)))
    expect(commitsInLog(folder) - before).toBeLessThan(10)
    expect(await leaseNames(database)).toHaveLength(40)
  })

  test('a write sees what was written before it in the same group, and nothing that was rolled back', async () => {
    const database = await openIn(temporaryFolder())
    const names = () => database.write(async (tx) => (await tx.selectFrom('lease').select('name').execute()).length)
    const counts = await Promise.all([
      insertLease(database, 'a').then(() => 'inserted'),
      database
        .write(async (tx) => {
          await tx.insertInto('lease').values(lease('b')).execute()
          throw new Error('no')
        })
        .catch(() => 'failed'),
      names(),
      insertLease(database, 'c').then(() => 'inserted'),
      names(),
    ])
    expect(counts).toEqual(['inserted', 'failed', 1, 'inserted', 2])
  })

  test('nobody reads a write of a group before it is acknowledged', async () => {
    const database = await openIn(temporaryFolder())
    const reached = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const first = insertLease(database, 'a')
    const second = database.write(async () => {
      reached.resolve()
      await release.promise
    })
    await reached.promise
    expect(await leaseNames(database)).toEqual([])
    release.resolve()
    await Promise.all([first, second])
    expect(await leaseNames(database)).toEqual(['a'])
  })

  test('each write runs in its caller’s context', async () => {
    const database = await openIn(temporaryFolder())
    const requests = new AsyncLocalStorage<number>()
    const ids = [1, 2, 3]
    const seen = await Promise.all(
      ids.map((id) => requests.run(id, () => database.write(async () => requests.getStore()))),
    )
    expect(seen).toEqual(ids)
  })

  test('a durable write is acknowledged only when the log is on the disk; a relaxed one does not wait', async () => {
    const synced = Promise.withResolvers<void>()
    const database = await openWithLog({ sync: () => synced.promise })
    const acknowledged: string[] = []
    const durable = insertLease(database, 'a', 'durable').then(() => acknowledged.push('durable'))
    await insertLease(database, 'b', 'relaxed').then(() => acknowledged.push('relaxed'))
    await nextTurn()
    expect(acknowledged).toEqual(['relaxed'])
    synced.resolve()
    await durable
    expect(acknowledged).toEqual(['relaxed', 'durable'])
  })

  test('while the disk works for one write, others run and share the next sync', async () => {
    const syncs: (() => void)[] = []
    const database = await openWithLog({ sync: () => new Promise<void>((resolve) => syncs.push(resolve)) })
    const first = insertLease(database, 'a')
    while (syncs.length < 1) await nextTurn()
    const others = Promise.all([insertLease(database, 'b'), insertLease(database, 'c')])
    while (syncs.length < 2) await nextTurn()
    expect(await leaseNames(database)).toEqual(['a', 'b', 'c'])
    for (const done of syncs) done()
    await Promise.all([first, others])
    expect(syncs.length).toBe(2)
  })

  test('a write whose log cannot be synced is not acknowledged', async () => {
    const failure = Object.assign(new Error('EIO'), { code: 'EIO' })
    const database = await openWithLog({ sync: () => Promise.reject(failure) })
    expect(await insertLease(database, 'a').catch((error) => error)).toBeInstanceOf(DatabaseUnavailable)
    await insertLease(database, 'b', 'relaxed')
  })

  test('while another process writes, reads go on, and a write waits for its end or gives up in time', async () => {
    const folder = temporaryFolder()
    const database = await openIn(folder, 150)
    const other = otherProcess(folder)
    other.run('begin immediate')
    let waiting = true
    const refused = insertLease(database, 'a')
      .catch((error) => error)
      .finally(() => (waiting = false))
    expect(await leaseNames(database)).toEqual([])
    expect(waiting).toBe(true)
    expect(await refused).toBeInstanceOf(DatabaseBusy)
    const patient = insertLease(database, 'b')
    setTimeout(() => other.run('commit'), 50)
    await patient
    expect(await leaseNames(database)).toEqual(['b'])
  })

  test('a write that hangs is rolled back, and the next ones have their turn', async () => {
    const file = join(temporaryFolder(), 'berth.db')
    const database = composeSqliteDatabase({ file, workTimeoutMs: 50 })
    cleanups.push(() => database[Symbol.asyncDispose]())
    await migrate(database)
    const leaked: { tx?: Writer } = {}
    const hanging = database.write(async (tx) => {
      leaked.tx = tx
      await tx.insertInto('lease').values(lease('a')).execute()
      await new Promise(() => {})
    })
    const next = insertLease(database, 'b')
    expect(((await hanging.catch((error) => error)) as Error).message).toContain('rolled back')
    await next
    expect(await leaseNames(database)).toEqual(['b'])
    expect(
      await leaked.tx
        ?.deleteFrom('lease')
        .execute()
        .catch((error) => error),
    ).toBeInstanceOf(Error)
  })

  test('any mixture of writes ends as if each had run alone, in the order they were asked for', async () => {
    const database = await openIn(temporaryFolder())
    const operation = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      kind: fc.constantFrom('put', 'delete', 'throw', 'violate'),
      durability: fc.constantFrom('durable' as const, 'relaxed' as const),
      pause: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (operations) => {
        await database.write((tx) => tx.deleteFrom('lease').execute())
        const model = new Map<string, number>()
        const writes = []
        for (const [index, { name, kind, durability, pause }] of operations.entries()) {
          if (kind === 'put') model.set(name, index)
          if (kind === 'delete') model.delete(name)
          const row = { name, holder: '', expires_at: index }
          writes.push(
            database
              .write(async (tx) => {
                await tx.deleteFrom('lease').where('name', '=', name).execute()
                if (kind === 'throw') throw new Error('no')
                if (kind !== 'delete') await tx.insertInto('lease').values(row).execute()
                if (kind === 'violate') await tx.insertInto('lease').values(row).execute()
              }, durability)
              .then(() => true)
              .catch(() => false),
          )
          if (pause) await new Promise((resolve) => setImmediate(resolve))
        }
        expect(await Promise.all(writes)).toEqual(operations.map(({ kind }) => kind === 'put' || kind === 'delete'))
        const rows = await database.read.selectFrom('lease').select(['name', 'expires_at']).orderBy('name').execute()
        const expected = [...model].toSorted().map(([name, expires_at]) => ({ name, expires_at }))
        expect(rows).toEqual(expected)
      }),
      { numRuns: 50 },
    )
  })

  test('closing finishes the writes that wait and removes the log', async () => {
    const folder = temporaryFolder()
    const database = await openIn(folder)
    const writes = Promise.all(Array.from({ length: 100 }, (_, index) => insertLease(database, `l${index}`)))
    await database[Symbol.asyncDispose]()
    await writes
    expect(existsSync(join(folder, 'data', 'berth.db-wal'))).toBe(false)
    expect(await insertLease(database, 'late').catch((error) => error)).toBeInstanceOf(DatabaseUnavailable)
    expect(await leaseNames(await openIn(folder))).toHaveLength(100)
  })
})

test('nobody else on the machine reads the file, its log and its index: they hold signing keys', async () => {
  const folder = temporaryFolder()
  await insertLease(await openIn(folder), 'a')
  const modeOf = (name: string) => statSync(join(folder, 'data', name)).mode & 0o077
  expect(['', 'berth.db', 'berth.db-wal', 'berth.db-shm'].map(modeOf)).toEqual([0, 0, 0, 0])
})

test('a sync of the log covers what was written before it was asked for, and those who wait share one', async () => {
  const folder = temporaryFolder()
  await openIn(folder)
  const log = new WalSync(join(folder, 'data', 'berth.db'))
  const first = log.sync()
  const [second, third] = [log.sync(), log.sync()]
  expect(second).not.toBe(first)
  expect(third).toBe(second)
  await Promise.all([first, second])
  await log[Symbol.asyncDispose]()
  expect(new WalSync(join(folder, 'missing')).sync()).rejects.toThrow()
})

describe('the log', () => {
  test('what is acknowledged as durable was in the files when their sync began', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'data', 'berth.db')
    await openIn(folder)
    let snapshots = 0
    const log = new WalSync(file, async (handle) => {
      const into = join(folder, `disk-${snapshots + 1}`)
      mkdirSync(into)
      for (const name of ['berth.db', 'berth.db-wal']) copyFileSync(join(folder, 'data', name), join(into, name))
      await Bun.sleep(1)
      await handle.datasync()
      snapshots += 1
    })
    const database = composeSqliteDatabase({ file, log })
    cleanups.push(() => database[Symbol.asyncDispose]())
    const acknowledged: { name: string; snapshot: number }[] = []
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let round = 0; round < 15; round += 1) {
        const name = `w${writer}-${String(round).padStart(2, '0')}`
        await insertLease(database, name, round % 3 === 0 ? 'relaxed' : 'durable')
        if (round % 3 !== 0) acknowledged.push({ name, snapshot: snapshots })
        if (writer % 2 === 0) await Bun.sleep(1)
      }
    })
    await Promise.all(writers)
    for (const { name, snapshot } of acknowledged) {
      using afterPowerLoss = new BunDatabase(join(folder, `disk-${snapshot}`, 'berth.db'))
      expect(afterPowerLoss.query('select name from lease where name = ?').get(name)).toEqual({ name })
    }
    expect(snapshots).toBeLessThan(acknowledged.length)
  })

  test('after a sync that failed no write is acknowledged any more, though later syncs would succeed; reads go on', async () => {
    const folder = temporaryFolder()
    await insertLease(await openIn(folder), 'a')
    const file = join(folder, 'data', 'berth.db')
    let syncs = 0
    const log = new WalSync(file, async () => {
      syncs += 1
      if (syncs === 2) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
    })
    const database = composeSqliteDatabase({ file, log })
    cleanups.push(() => database[Symbol.asyncDispose]())
    await insertLease(database, 'b')
    for (const [name, durability] of [
      ['c', 'durable'],
      ['d', 'durable'],
      ['e', 'relaxed'],
    ] as const) {
      const error = await insertLease(database, name, durability).catch((caught) => caught)
      expect(error).toBeInstanceOf(DatabaseUnavailable)
    }
    expect(syncs).toBe(2)
    expect(await leaseNames(database)).toEqual(expect.arrayContaining(['a', 'b']))
  })

  test('is written back while writes go on, and does not grow with them', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'data', 'berth.db')
    const database = composeSqliteDatabase({ file, checkpointSizes: { afterPages: 50, restartAfterPages: 200 } })
    cleanups.push(() => database[Symbol.asyncDispose]())
    await migrate(database)
    const holder = 'x'.repeat(20_000)
    let written = 0
    // Every byte passes through the log: once it is much shorter than their sum, it has begun anew.
    while (written < 3 * statSync(`${file}-wal`).size) {
      for (let each = 0; each < 10; each += 1) {
        const row = { name: `l${written}`, holder, expires_at: 1 }
        await database.write((tx) => tx.insertInto('lease').values(row).execute(), 'relaxed')
        written += holder.length
      }
    }
    expect((await leaseNames(database)).length).toBe(written / holder.length)
    const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(database.read)
    expect(rows).toEqual([{ integrity_check: 'ok' }])
  }, 30_000)

  test('a long read keeps neither writes nor other reads waiting for checkpoints', async () => {
    const file = join(temporaryFolder(), 'berth.db')
    const database = composeSqliteDatabase({ file, checkpointSizes: { afterPages: 10, restartAfterPages: 20 } })
    cleanups.push(() => database[Symbol.asyncDispose]())
    await migrate(database)
    await Promise.all(Array.from({ length: 50 }, (_, index) => insertLease(database, `a${index}`)))
    let streamed = 0
    for await (const _ of database.read.selectFrom('lease').select('name').stream(1)) {
      streamed += 1
      if (streamed % 10 !== 0) continue
      // A checkpoint that waited for this read would wait for ever: the read goes on after the writes.
      await Promise.all(
        Array.from({ length: 10 }, (__, index) => insertLease(database, `b${streamed}-${index}`, 'relaxed')),
      )
    }
    expect(streamed).toBe(50)
    expect((await leaseNames(database)).length).toBe(100)
  })
})

describe('trouble', () => {
  test('a file that is no database is refused and left alone', () => {
    const file = join(temporaryFolder(), 'berth.db')
    writeFileSync(file, 'x'.repeat(8192))
    expect(() => composeSqliteDatabase({ file })).toThrow(DatabaseUnavailable)
    expect(readFileSync(file, 'utf8')).toBe('x'.repeat(8192))
  })

  test('a folder that cannot be made is refused', () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'file'), '')
    expect(() => composeSqliteDatabase({ file: join(folder, 'file', 'berth.db') })).toThrow(DatabaseUnavailable)
  })

  const mounted = Bun.spawnSync([
    'sh',
    '-c',
    'd=$(mktemp -d) && mount -t tmpfs -o size=1m none $d && umount $d; rmdir $d',
  ])
  const canMount = mounted.exitCode === 0 && mounted.stderr.length === 0
  test.skipIf(!canMount)(
    'a full disk: writes fail with DatabaseFull, reads go on, and writing goes on once there is room' +
      (canMount ? '' : ': NOT RUN, mounting a small filesystem needs root'),
    async () => {
      const folder = temporaryFolder()
      Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=3m', 'none', folder])
      cleanups.push(() => Bun.spawnSync(['umount', '-l', folder]))
      const database = await openIn(folder)
      await insertLease(database, 'before')
      writeFileSync(join(folder, 'ballast'), Buffer.alloc(1_000_000))
      const large = 'x'.repeat(100_000)
      const acknowledged = ['before']
      let failure: unknown
      for (let round = 0; failure === undefined && round < 100; round += 1) {
        const name = `l${round}`
        await database
          .write((tx) => tx.insertInto('lease').values({ name, holder: large, expires_at: 1 }).execute())
          .then(() => acknowledged.push(name))
          .catch((error) => (failure = error))
      }
      expect(failure).toBeInstanceOf(DatabaseFull)
      expect(await leaseNames(database)).toEqual(acknowledged.toSorted())
      const together = await Promise.allSettled(
        ['x', 'y'].map((name) =>
          database.write((tx) => tx.insertInto('lease').values({ name, holder: large, expires_at: 1 }).execute()),
        ),
      )
      expect(together.map((each) => each.status)).toEqual(['rejected', 'rejected'])
      rmSync(join(folder, 'ballast'))
      await insertLease(database, 'after')
      expect(await leaseNames(database)).toEqual([...acknowledged, 'after'].toSorted())
      const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(database.read)
      expect(rows).toEqual([{ integrity_check: 'ok' }])
    },
  )

  test('what was acknowledged survives kill -9, relaxed or durable, and what was not is whole or absent', async () => {
    const folder = temporaryFolder()
    const script = join(import.meta.dirname, '../../test/sqlite-writer-process.ts')
    const child = Bun.spawn([process.execPath, script, join(folder, 'data', 'berth.db')], { stdout: 'pipe' })
    const acknowledged: string[] = []
    let text = ''
    for await (const chunk of child.stdout) {
      text += Buffer.from(chunk).toString()
      if (text.split('\n').length > 300) break
    }
    child.kill('SIGKILL')
    await child.exited
    acknowledged.push(...text.split('\n').slice(0, -1))
    const database = await openIn(folder)
    const names = new Set(await leaseNames(database))
    expect(acknowledged.filter((name) => !names.has(`${name}-first`) || !names.has(`${name}-second`))).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(100)
    const halves = [...names].filter(
      (name) => !names.has(name.replace(/first$|second$/, (end) => (end === 'first' ? 'second' : 'first'))),
    )
    expect(halves).toEqual([])
  })
})
