import { afterAll, beforeAll, expect, test } from 'bun:test'
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '#server/config/config.ts'
import { CommandError } from './command-error.ts'
import { claimData } from './data-claim.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-claim-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const configOf = (name: string, blobs = name, kind: 'sqlite' | 'postgres' = 'sqlite') =>
  ({
    database: { kind, file: join(folder, name, 'berth.db') },
    storage: { kind: 'filesystem', folder: join(folder, blobs) },
  }) as unknown as Config
const silent = { warn: () => undefined }

test('a second registry on the same database, or the same blobs, is refused and told who is there', () => {
  using _claim = claimData(configOf('a', 'blobs'), silent)
  for (const config of [configOf('a'), configOf('b', 'blobs')]) {
    expect(() => claimData(config, silent)).toThrow(CommandError)
    expect(() => claimData(config, silent)).toThrow(`process ${process.pid} on `)
  }
})

test('a claim ends with its holder, and one that was refused keeps nothing', () => {
  claimData(configOf('c', 'taken'), silent)[Symbol.dispose]()
  using _claim = claimData(configOf('c', 'taken'), silent)
  expect(() => claimData(configOf('d', 'taken'), silent)).toThrow(CommandError)
  claimData(configOf('d', 'free'), silent)[Symbol.dispose]()
})

test('replicas on one PostgreSQL claim nothing', () => {
  using _first = claimData(configOf('e', 'shared', 'postgres'), silent)
  using _second = claimData(configOf('e', 'shared', 'postgres'), silent)
})

test('the claim holds no file open for writing, and nobody else reads it', () => {
  using _claim = claimData(configOf('f'), silent)
  const file = join(folder, 'f', 'berth.lock')
  expect(readFileSync(file, 'utf8')).toStartWith(`process ${process.pid} on `)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  if (process.platform !== 'linux') return
  const descriptors = readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === file
    } catch {
      return false // closed meanwhile: that of the listing itself
    }
  })
  expect(descriptors).toHaveLength(1)
  // The owner's bits of the link are how the file is open.
  expect(lstatSync(`/proc/self/fd/${descriptors[0]}`).mode & 0o200).toBe(0)
})
