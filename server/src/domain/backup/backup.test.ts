import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '#server/database/database.ts'
import { migrate, RestoreUnfinished } from '#server/database/migrate.ts'
import { composeSqliteDatabase } from '#server/database/sqlite.ts'
import { listTables } from '#server/database/table-catalog.ts'
import { disableFaultPoints, enableFaultPoint, type FaultPoint } from '#server/runtime/fault-points.ts'
import { openFolderArchive } from '#server/storage/archive/folder-archive.ts'
import type { Archive } from '#server/storage/archive/archive.ts'
import type { BlobLocation, BlobStore } from '#server/storage/blob-store.ts'
import { composeFilesystemBlobStore } from '#server/storage/filesystem.ts'
import { EventConsumers } from '../events/event-consumers.ts'
import { EventLog } from '../events/event-log.ts'
import { composeMemoryBlobStore } from '#server/storage/memory.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import {
  composeRegistryForTest,
  digestOf,
  readBlob,
  system,
  type RegistryForTest,
} from '#server-test/registry-for-test.ts'
import { StorageHold } from '../content/storage-hold.ts'
import { blobKey, getBackup, listBackupIds } from './backup-format.ts'
import { createBackup, leftOut, type CreateBackupOptions } from './create-backup.ts'
import { healBlob } from './heal-blob.ts'
import { restoreBackup, type RestoreOptions } from './restore-backup.ts'
import { verifyBackup } from './verify-backup.ts'

setDefaultTimeout(60_000)

const bytes = (text: string) => new TextEncoder().encode(text)
const folders: string[] = []

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-backup-'))
  folders.push(folder)
  return folder
}

afterEach(async () => {
  disableFaultPoints()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

/** Everything that a backup carries, row by row, without what a new place changes. */
async function contentOf(database: Database): Promise<Record<string, unknown[]>> {
  const content: Record<string, unknown[]> = {}
  await database.snapshot(async (snapshot) => {
    for (const { name, columns } of await listTables(snapshot, database.dialect)) {
      if (leftOut.has(name) || ['event', 'event_log', 'event_log_head'].includes(name)) continue
      const names = columns.map((column) => column.name).filter((column) => column !== 'location')
      const rows: string[] = []
      for await (const piece of snapshot.rows<Record<string, unknown>>(
        `select ${names.map((each) => `"${each}"`)} from "${name}"`,
      )) {
        rows.push(...piece.map((row) => JSON.stringify(Object.values(row).map(comparable))))
      }
      content[name] = rows.sort()
    }
  })
  return content
}

const comparable = (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value)

const options = (registry: RegistryForTest, archive: Archive): CreateBackupOptions => ({
  ...registry,
  archive,
  actor: system,
  program: 'test',
  idTail: '00ff',
})

const restoreInto = (
  registry: RegistryForTest,
  archive: Archive,
  database: Database,
  store: BlobStore,
): RestoreOptions => ({
  database,
  store,
  archive,
  clock: registry.clock,
  events: registry.events,
  actor: system,
})

async function fillRegistry(database: Database, store?: BlobStore): Promise<RegistryForTest> {
  const registry = await composeRegistryForTest(database, store)
  await registry.pushImage('library/a', 'v1', [bytes('config'), bytes('layer')])
  await registry.pushImage('library/a', 'v2', [bytes('config 2'), bytes('layer')])
  await registry.pushImage('library/b', '标签', [bytes('config 3'), new Uint8Array(300_000).fill(7)])
  return registry
}

async function pulled(registry: RegistryForTest, database: Database, store: BlobStore): Promise<void> {
  const restored = { ...registry, ...(await composeAgain(registry, database, store)) }
  for (const content of [bytes('config'), bytes('layer'), bytes('config 3')]) {
    const repository = content.byteLength === 8 ? 'library/b' : 'library/a'
    expect(await readBlob(restored, repository, digestOf(content))).toEqual(content)
  }
}

async function composeAgain(registry: RegistryForTest, database: Database, store: BlobStore) {
  const { Blobs } = await import('../content/blobs.ts')
  const { composeAdmit } = await import('../policies/admit.ts')
  return {
    blobs: new Blobs({ database, reader: store, clock: registry.clock, leaseMs: 1 }),
    admit: composeAdmit({ database, clock: registry.clock, settings: { readOnly: false, deleteEnabled: true } }),
  }
}

describeEachDatabase('a backup', (open, dialect) => {
  /** For rules that the database has no part in. */
  const testOnce: typeof test = dialect === 'sqlite' ? test : (Object.assign(() => undefined, test) as never)

  test('restored into an empty place is the registry that it was, on its own database', async () => {
    const registry = await fillRegistry(await open())
    await using archive = openFolderArchive(await newFolder())
    await createBackup(options(registry, archive))
    const database = await open({ empty: true })
    const store = composeMemoryBlobStore()
    const { damaged } = await restoreBackup(restoreInto(registry, archive, database, store))
    expect(damaged).toEqual([])
    expect(await contentOf(database)).toEqual(await contentOf(registry.database))
    await pulled(registry, database, store)
    const events = await database.read.selectFrom('event').select('type').execute()
    expect(events.map(({ type }) => type)).toContain('restore_backup')
  })

  test('of one database is restored into the other', async () => {
    if (dialect === 'sqlite') return // the other half of the suite has both
    const postgres = await fillRegistry(await open())
    await using archive = openFolderArchive(await newFolder())
    await createBackup(options(postgres, archive))
    await using sqlite = composeSqliteDatabase({ file: join(await newFolder(), 'berth.db') })
    const store = composeMemoryBlobStore()
    await restoreBackup(restoreInto(postgres, archive, sqlite, store))
    expect(await contentOf(sqlite)).toEqual(await contentOf(postgres.database))
    await pulled(postgres, sqlite, store)

    await using back = openFolderArchive(await newFolder())
    await createBackup({ ...options(postgres, back), database: sqlite, store })
    const again = await open({ empty: true })
    await restoreBackup(restoreInto(postgres, back, again, composeMemoryBlobStore()))
    expect(await contentOf(again)).toEqual(await contentOf(sqlite))
  })

  test('keeps what consumers of events have not had, and makes cursors of clients void', async () => {
    const registry = await fillRegistry(await open())
    const consumersOf = (database: Database) =>
      new EventConsumers({ database, clock: registry.clock, log: new EventLog({ database }) })
    await consumersOf(registry.database).ensureConsumer('sink', 'oldest')
    const before = await new EventLog({ database: registry.database }).read({ since: 'oldest', limit: 1 })
    await using archive = openFolderArchive(await newFolder())
    await createBackup(options(registry, archive))
    const database = await open({ empty: true })
    await restoreBackup(restoreInto(registry, archive, database, composeMemoryBlobStore()))
    const { events } = await consumersOf(database).readFor('sink', { limit: 100 })
    expect(events.at(0)?.resource).toBe(before.events[0]!.resource)
    expect(events.at(-1)?.type).toBe('restore_backup')
    const page = await new EventLog({ database }).read({ since: before.next, limit: 1 })
    expect(page.missed).toEqual({ reason: 'other-log' })
  })

  test('gives no id a second time that was given before it', async () => {
    const registry = await fillRegistry(await open())
    const gone = await registry.database.write(async (tx) => {
      const values = { name: 'gone', owner_id: null, public: 1 as const, created_at: 1, updated_at: 1 }
      const { id } = await tx.insertInto('project').values(values).returning('id').executeTakeFirstOrThrow()
      await tx.deleteFrom('project').where('id', '=', id).execute()
      return id
    })
    await using archive = openFolderArchive(await newFolder())
    await createBackup(options(registry, archive))
    const database = await open({ empty: true })
    await restoreBackup(restoreInto(registry, archive, database, composeMemoryBlobStore()))
    const next = await database.write((tx) =>
      tx
        .insertInto('project')
        .values({ name: 'next', owner_id: null, public: 1, created_at: 1, updated_at: 1 })
        .returning('id')
        .executeTakeFirstOrThrow(),
    )
    expect(next.id).toBeGreaterThan(gone)
  })

  testOnce('copies only what the archive lacks', async () => {
    const registry = await fillRegistry(await open())
    await using archive = openFolderArchive(await newFolder())
    expect((await createBackup(options(registry, archive))).copied.newBlobs).toBe(5)
    registry.clock.advance(1000)
    await registry.pushImage('library/a', 'v3', [bytes('config 4'), bytes('layer')])
    const { copied, backup } = await createBackup(options(registry, archive))
    expect({ new: copied.newBlobs, all: backup.blobs.count }).toEqual({ new: 1, all: 6 })
    expect((await verifyBackup({ archive })).damaged).toEqual([])
  })

  testOnce('that was interrupted does not exist, and the next run goes on from its bytes', async () => {
    const registry = await fillRegistry(await open())
    await using archive = openFolderArchive(await newFolder())
    stopAt('backup-before-manifest')
    await expect(createBackup(options(registry, archive))).rejects.toThrow('stopped')
    disableFaultPoints()
    expect(await listBackupIds(archive)).toEqual([])
    registry.clock.advance(1000)
    expect((await createBackup(options(registry, archive))).copied.newBlobs).toBe(0)
  })

  testOnce('keeps as many as are wanted, and the blobs that these need', async () => {
    const registry = await fillRegistry(await open())
    await using archive = openFolderArchive(await newFolder())
    const first = await createBackup(options(registry, archive))
    await registry.pushBlob('library/a', bytes('another'))
    await registry.database.write(async (tx) => {
      await tx.deleteFrom('artifact').execute()
      await tx
        .deleteFrom('repository_blob')
        .where('digest', '<>', digestOf(bytes('another')))
        .execute()
      await tx
        .deleteFrom('blob')
        .where('digest', '<>', digestOf(bytes('another')))
        .execute()
    })
    registry.clock.advance(1000)
    const second = await createBackup({ ...options(registry, archive), keep: 1 })
    expect(second.pruned).toEqual([first.backup.id])
    expect(await listBackupIds(archive)).toEqual([second.backup.id])
    const stored: string[] = []
    for await (const { key } of archive.list('blobs/')) stored.push(key)
    expect(stored).toEqual([blobKey(digestOf(bytes('another')))])
    expect((await verifyBackup({ archive })).damaged).toEqual([])
  })

  test('has what was there at one moment, whatever is pushed and collected meanwhile', async () => {
    const registry = await fillRegistry(await open())
    const before = await contentOf(registry.database)
    await using archive = openFolderArchive(await newFolder())
    let pushed: Promise<unknown> = Promise.resolve()
    enableFaultPoint('backup-after-tables', () => {
      pushed = registry.pushImage('library/a', 'v1', [bytes('config 9'), bytes('layer')])
    })
    const { copied } = await createBackup(options(registry, archive))
    await pushed
    expect(copied.damaged).toEqual([])
    const database = await open({ empty: true })
    await restoreBackup(restoreInto(registry, archive, database, composeMemoryBlobStore()))
    expect(await contentOf(database)).toEqual(before)
  })

  testOnce('names the blobs whose bytes are bad, has none of them, and a push heals what was restored', async () => {
    const folder = await newFolder()
    await using store = await composeFilesystemBlobStore({ folder })
    const registry = await fillRegistry(await open(), store)
    const bad = digestOf(bytes('layer'))
    const { location } = await registry.database.read
      .selectFrom('blob')
      .select('location')
      .where('digest', '=', bad)
      .executeTakeFirstOrThrow()
    await rm(join(folder, location))
    await writeFile(join(folder, location), 'rotte')
    await using archive = openFolderArchive(await newFolder())
    const { backup } = await createBackup(options(registry, archive))
    expect(backup.blobs.damaged.map(({ digest }) => digest)).toEqual([bad])

    const database = await open({ empty: true })
    const memory = composeMemoryBlobStore()
    const { damaged } = await restoreBackup(restoreInto(registry, archive, database, memory))
    expect(damaged).toEqual([bad])
    const restored = { ...registry, ...(await composeAgain(registry, database, memory)) }
    expect(await readBlob(restored, 'library/a', bad)).toBeUndefined()
    expect(await readBlob(restored, 'library/a', digestOf(bytes('config')))).toEqual(bytes('config'))
  })

  testOnce('is made although the scrub has put bytes aside, and names what it lacks', async () => {
    const registry = await fillRegistry(await open())
    const bad = digestOf(bytes('layer'))
    const { location } = await registry.database.read
      .selectFrom('blob')
      .select('location')
      .where('digest', '=', bad)
      .executeTakeFirstOrThrow()
    const aside = registry.store.quarantineOf(location as BlobLocation)
    await registry.database.write((tx) =>
      tx.updateTable('blob').set({ location: aside }).where('digest', '=', bad).execute(),
    )
    await using archive = openFolderArchive(await newFolder())
    const { backup } = await createBackup(options(registry, archive))
    expect(backup.blobs.damaged.map(({ digest }) => digest)).toEqual([bad])
  })

  test('that was stopped blocks no other, and what it copied is not copied again', async () => {
    const registry = await fillRegistry(await open())
    await using archive = openFolderArchive(await newFolder())
    const stopping = new AbortController()
    const stopped = createBackup({
      ...options(registry, archive),
      signal: stopping.signal,
      onCopied: () => stopping.abort(new Error('stopped by a person')),
    })
    expect(String(await stopped.catch((error: unknown) => error))).toContain('stopped by a person')
    expect(await listBackupIds(archive)).toEqual([])
    const { backup, copied } = await createBackup(options(registry, archive))
    expect(copied.newBlobs).toBeLessThan(backup.blobs.count)
  })

  test('that was finished last is the newest, whatever the ids of a second say', async () => {
    const registry = await fillRegistry(await open())
    await using archive = openFolderArchive(await newFolder())
    const first = await createBackup({ ...options(registry, archive), idTail: 'ffff' })
    registry.clock.advance(1)
    const second = await createBackup({ ...options(registry, archive), idTail: '0000' })
    expect(await listBackupIds(archive)).toEqual([second.backup.id, first.backup.id])
    expect((await getBackup(archive)).id).toBe(second.backup.id)
    registry.clock.advance(1)
    const third = await createBackup({ ...options(registry, archive), idTail: '5555', keep: 2 })
    expect(third.pruned).toEqual([first.backup.id])
  })

  test('is not made while another one is', async () => {
    const registry = await fillRegistry(await open())
    await using archive = openFolderArchive(await newFolder())
    const other = await StorageHold.take({ ...registry, id: 'other', reason: 'backup', alone: true })
    await expect(createBackup(options(registry, archive))).rejects.toMatchObject({ code: 'CONFLICT' })
    await other[Symbol.asyncDispose]()
    await createBackup(options(registry, archive))
  })

  testOnce('gives one damaged blob back to the registry that it came from', async () => {
    const registry = await fillRegistry(await open())
    await using archive = openFolderArchive(await newFolder())
    await createBackup(options(registry, archive))
    const digest = digestOf(bytes('layer'))
    const { location } = await registry.database.read
      .selectFrom('blob')
      .select('location')
      .where('digest', '=', digest)
      .executeTakeFirstOrThrow()
    await registry.store.delete([location as never])
    await healBlob({ ...options(registry, archive), store: registry.store }, digest)
    expect(await readBlob(registry, 'library/a', digest)).toEqual(bytes('layer'))
    await expect(
      healBlob({ ...options(registry, archive), store: registry.store }, digestOf(bytes('never'))),
    ).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
  })
})

function stopAt(point: FaultPoint): void {
  enableFaultPoint(point, () => {
    throw new Error('stopped')
  })
}

describeEachDatabase('a restore', (open, dialect) => {
  const testOnce: typeof test = dialect === 'sqlite' ? test : (Object.assign(() => undefined, test) as never)
  const prepare = async () => {
    const registry = await fillRegistry(await open())
    const archive = openFolderArchive(await newFolder())
    await createBackup(options(registry, archive))
    return { registry, archive }
  }

  test('refuses a database and a store that hold something', async () => {
    const { registry, archive } = await prepare()
    const empty = await open({ empty: true })
    await expect(
      restoreBackup(restoreInto(registry, archive, registry.database, composeMemoryBlobStore())),
    ).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(restoreBackup(restoreInto(registry, archive, empty, registry.store))).rejects.toMatchObject({
      code: 'CONFLICT',
    })
    const migrated = await open()
    await restoreBackup(restoreInto(registry, archive, migrated, composeMemoryBlobStore()))
  })

  for (const point of ['restore-after-blobs', 'restore-after-rows'] as const) {
    test(`that ended at ${point} is nothing to start on, and goes on where it ended`, async () => {
      const { registry, archive } = await prepare()
      const database = await open({ empty: true })
      const folder = await newFolder()
      await using store = await composeFilesystemBlobStore({ folder })
      stopAt(point)
      await expect(restoreBackup(restoreInto(registry, archive, database, store))).rejects.toThrow('stopped')
      disableFaultPoints()
      await expect(migrate(database)).rejects.toBeInstanceOf(RestoreUnfinished)
      await restoreBackup(restoreInto(registry, archive, database, store))
      expect(await contentOf(database)).toEqual(await contentOf(registry.database))
      await pulled(registry, database, store)
      const stored: string[] = []
      for await (const { location } of store.walk()) stored.push(location)
      expect(stored.length).toBe(5)
    })
  }

  testOnce('of bytes that changed in the archive keeps them away from everybody, and says which', async () => {
    const { registry, archive } = await prepare()
    const bad = digestOf(bytes('layer'))
    const path = archive.pathOf!(blobKey(bad))
    await rm(path)
    await writeFile(path, 'LAYER')
    expect((await verifyBackup({ archive })).damaged.map(({ digest }) => digest)).toEqual([bad])
    const database = await open({ empty: true })
    const { damaged } = await restoreBackup(restoreInto(registry, archive, database, composeMemoryBlobStore()))
    expect(damaged).toEqual([bad])
  })

  testOnce('of a table that changed in the archive does not begin', async () => {
    const { registry, archive } = await prepare()
    const [id] = await listBackupIds(archive)
    const path = archive.pathOf!(`backups/${id}/tables/tag.jsonl.gz`)
    const good = await readFile(path)
    for (const wrong of [good.subarray(0, 30), Buffer.from(good).fill(0, 12, 20), Buffer.alloc(0)]) {
      await writeFile(path, wrong)
      const database = await open({ empty: true })
      await expect(
        restoreBackup(restoreInto(registry, archive, database, composeMemoryBlobStore())),
      ).rejects.toMatchObject({ code: 'VALIDATION' })
    }
  })
})
