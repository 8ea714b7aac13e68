import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { describeEachDatabase } from '../../../test/databases.ts'
import { DatabaseCorrupt, DatabaseUnavailable } from '../../database/database.ts'
import { composeSqliteDatabase } from '../../database/sqlite.ts'
import { StorageFull, StorageUnavailable } from '../../storage/blob-store.ts'
import { composeProbes } from './probes.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-probes-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function probing(probe: () => Promise<void>, facts: { draining?: boolean; timeoutMs?: number } = {}) {
  const database = composeSqliteDatabase({ file: join(folder, `${randomUUID()}.db`) })
  let now = 1_000_000
  let draining = facts.draining ?? false
  const probes = composeProbes({
    database,
    store: { probe },
    clock: { now: () => now },
    isDraining: () => draining,
    timeoutMs: facts.timeoutMs ?? 2_000,
  })
  return { database, probes, advance: (ms: number) => void (now += ms), drain: () => void (draining = true) }
}

test('ready: 200 when database and storage can be used', async () => {
  const { probes } = await probing(async () => {})
  const answer = await probes.ready()
  expect(answer.status).toBe(200)
  expect(await answer.json()).toEqual({ status: 'ok', checks: { database: 'ok', storage: 'ok' } })
})

test('ready: 503 when the storage cannot be used, and again 200 when it can', async () => {
  let broken = true
  const { probes, advance } = await probing(async () => {
    if (broken) throw new StorageUnavailable('gone')
  })
  expect((await probes.ready()).status).toBe(503)
  broken = false
  advance(1_001)
  expect((await probes.ready()).status).toBe(200)
})

test('ready: a full disk is degraded, not out of service: pulls go on', async () => {
  const { probes } = await probing(async () => {
    throw new StorageFull('full')
  })
  const answer = await probes.ready()
  expect(answer.status).toBe(200)
  expect(await answer.json()).toMatchObject({ status: 'degraded' })
})

test('ready: 503 when the database cannot be used', async () => {
  const { probes, database } = await probing(async () => {})
  await database[Symbol.asyncDispose]()
  const answer = await probes.ready()
  expect(answer.status).toBe(503)
  expect(await answer.json()).toMatchObject({ checks: { database: 'failed' } })
})

test('ready: 503 with the remedy once damaged pages were met', async () => {
  const { database } = await probing(async () => {})
  const damage = new DatabaseCorrupt('damaged: restore a backup')
  const probes = composeProbes({
    database: { ...database, read: database.read, damage: () => damage },
    ...{ store: { probe: async () => {} }, clock: { now: () => 0 }, isDraining: () => false },
  })
  const answer = await probes.ready()
  expect(answer.status).toBe(503)
  expect(await answer.json()).toMatchObject({ checks: { database: 'damaged' }, remedy: damage.message })
})

test('ready: 503 when a check does not come back', async () => {
  const { probes } = await probing(() => new Promise(() => {}), { timeoutMs: 50 })
  expect((await probes.ready()).status).toBe(503)
})

test('ready: 503 while draining, health: 200', async () => {
  const { probes, drain } = await probing(async () => {})
  drain()
  expect((await probes.ready()).status).toBe(503)
  expect(probes.health().status).toBe(200)
})

test('ready: however often it is asked, the checks run once a second and never twice at once', async () => {
  let runs = 0
  const { probes, advance } = await probing(async () => {
    runs += 1
    await Bun.sleep(20)
  })
  await Promise.all(Array.from({ length: 50 }, () => probes.ready()))
  await probes.ready()
  expect(runs).toBe(1)
  advance(1_001)
  await Promise.all([probes.ready(), probes.ready()])
  expect(runs).toBe(2)
})

describeEachDatabase('a database that a push can use', (open) => {
  const probesOf = (database: Parameters<typeof composeProbes>[0]['database']) =>
    composeProbes({ database, store: { probe: async () => {} }, clock: { now: () => 0 }, isDraining: () => false })

  test('is ready', async () => {
    expect((await probesOf(await open()).ready()).status).toBe(200)
  })

  test('is not ready when it takes reads alone, as a standby does', async () => {
    const database = await open()
    const write = async () => {
      throw new DatabaseUnavailable('the PostgreSQL server cannot be used (25006)')
    }
    const standby = { dialect: 'postgres', read: database.read, damage: () => undefined, write } as const
    expect((await probesOf(standby).ready()).status).toBe(503)
  })
})
