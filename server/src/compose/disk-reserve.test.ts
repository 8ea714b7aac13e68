import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageFull } from '../storage/blob-store.ts'
import { giveUpReserve, watchDisks } from './disk-reserve.ts'

const folders: string[] = []
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })))

function setting() {
  const folder = mkdtempSync(join(tmpdir(), 'berth-reserve-'))
  folders.push(folder)
  const state = { freeBytes: 1e9, storeIsFull: false }
  const said: string[] = []
  const gauges = new Map<string, () => number>()
  const say = (level: string) => (_: unknown, message: string) => void said.push(`${level}: ${message}`)
  const logger = { warn: say('warn'), error: say('error'), info: say('info') } as unknown as Parameters<
    typeof giveUpReserve
  >[1]
  const config = {
    database: { kind: 'sqlite', file: join(folder, 'berth.db'), copyBeforeMigration: true, acquireTimeoutMs: 1 },
  } as const
  const look = async () => ({ totalBytes: 1e9, freeBytes: state.freeBytes })
  const watch = watchDisks(config, {
    store: {
      async probe() {
        if (state.storeIsFull) throw new StorageFull('full')
      },
    },
    metrics: { gauge: (name, _, read) => void gauges.set(name, read) },
    ...{ logger, leads: true, look },
  })
  return {
    state,
    said,
    gauges,
    watch,
    reserve: join(folder, 'berth.reserve'),
    start: () => giveUpReserve(config, logger, look),
  }
}

test('the reserve is kept while there is plenty, given up at a start on a full disk, and taken again', async () => {
  const { state, said, watch, reserve, start } = setting()
  await watch.run()
  expect(statSync(reserve).size).toBe(2 << 20)
  await start()
  expect(existsSync(reserve)).toBe(true)
  state.freeBytes = 0
  await watch.run()
  expect(existsSync(reserve)).toBe(true)
  await start()
  expect(existsSync(reserve)).toBe(false)
  expect(said.at(-1)).toStartWith('warn: the disk is full: the reserve was given up')
  state.freeBytes = 1e9
  await watch.run()
  expect(existsSync(reserve)).toBe(true)
})

test('a store that becomes full is said once, and so is its room', async () => {
  const { state, said, gauges, watch } = setting()
  const full = gauges.get('storage_full')!
  await watch.run()
  expect(full()).toBe(0)
  state.storeIsFull = true
  await watch.run()
  await watch.run()
  expect(full()).toBe(1)
  state.storeIsFull = false
  await watch.run()
  expect(full()).toBe(0)
  expect(said.map((line) => line.slice(0, line.indexOf(':')))).toEqual(['error', 'info'])
})
