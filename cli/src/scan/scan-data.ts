import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { composeEvents } from '#server/compose/events.ts'
import { openExistingDatabase, hasDatabaseFile } from '#server/compose/database.ts'
import { composeAdvisories } from '#server/compose/scanning.ts'
import type { Config } from '#server/config/config.ts'
import { systemClock } from '#server/domain/clock.ts'
import type { AdvisorySource } from '#server/domain/scanning/advisories.ts'
import { AdvisoryFile, AdvisoryFileWriter } from '#server/domain/scanning/data/advisory-file.ts'
import { importAdvisories, NothingToImport } from '#server/domain/scanning/data/import-advisories.ts'
import { CommandError } from '../command-error.ts'

const howToGetData =
  'berth db import FILE brings data into the registry of this machine; --db FILE takes it from a file for this scan'

export const noDataReason = 'NO_VULNERABILITY_DATA'

/** No data, or none that can be relied on: a scan without it says nothing, so it is none. */
export const noData = (message: string, next = howToGetData): CommandError =>
  new CommandError(message, { kind: 'not-found', reason: noDataReason, next })

/** The data that was named, else that of the registry of this machine. @throws CommandError */
export async function openScanData(
  config: Config,
  file: string | undefined,
  owned: AsyncDisposableStack,
): Promise<AdvisorySource> {
  if (file !== undefined) return owned.use(await openDataFile(file, owned))
  if (!hasDatabaseFile(config))
    throw noData('there is no vulnerability data, and no registry on this machine that has some')
  const database = owned.use(await openExistingDatabase(config))
  const generations = owned.use(
    composeAdvisories(config, { database, clock: systemClock, events: composeEvents(systemClock) }),
  )
  const current = await generations.current()
  if (current === undefined) throw noData('the registry of this machine has no vulnerability data yet')
  return current
}

async function openDataFile(file: string, owned: AsyncDisposableStack): Promise<AdvisoryFile> {
  if (!existsSync(file)) throw noData(`${file} is not there`)
  if (await isAdvisoryFile(file)) return openGeneration(file)
  const folder = await cacheFolder()
  if (folder === undefined || (await stat(file)).isDirectory()) {
    const own = await mkdtemp(join(tmpdir(), 'berth-scan-'))
    owned.defer(() => rm(own, { recursive: true, force: true }))
    return openGeneration(await importInto(file, join(own, 'advisories.db')))
  }
  const { size, mtimeMs } = await stat(file)
  const key = createHash('sha256')
    .update(JSON.stringify([resolve(file), size, mtimeMs]))
    .digest('hex')
  const cached = join(folder, `${key}.db`)
  if (!existsSync(cached)) {
    const aside = join(folder, `${key}.${process.pid}`)
    try {
      await rename(await importInto(file, aside), cached)
    } finally {
      await rm(aside, { force: true })
    }
  }
  return openGeneration(cached)
}

/** One that this command made: what somebody else laid there is not believed. Undefined where there can be none. */
async function cacheFolder(): Promise<string | undefined> {
  const uid = process.getuid?.()
  if (uid === undefined) return undefined
  const folder = join(tmpdir(), `berth-vulnerability-data-${uid}`)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const found = await stat(folder)
  return found.uid === uid && (found.mode & 0o077) === 0 ? folder : undefined
}

async function importInto(file: string, path: string): Promise<string> {
  console.error(`berth: reading vulnerability data from ${file}`)
  using writer = new AdvisoryFileWriter(path)
  await importAdvisories(file, writer).catch((error: unknown) => {
    throw error instanceof NothingToImport ? noData(`${file}: ${error.message}`) : error
  })
  return path
}

function openGeneration(path: string): AdvisoryFile {
  try {
    return new AdvisoryFile(path, { number: 0, importTime: new Date(systemClock.now()).toISOString() })
  } catch (error) {
    throw noData(`${path}: ${(error as Error).message}`)
  }
}

async function isAdvisoryFile(file: string): Promise<boolean> {
  if ((await stat(file)).isDirectory()) return false
  const head = new Uint8Array(15)
  await using handle = await open(file, 'r')
  await handle.read(head, 0, head.length, 0)
  return Buffer.from(head).toString('latin1') === 'SQLite format 3'
}

/** @throws CommandError when the data is older than allowed, or does not say how old it is */
export function assertFresh(time: string, maxAgeDays: number | undefined, now: number): void {
  if (maxAgeDays === undefined) return
  if (time === '')
    throw noData('the vulnerability data does not say how old it is', 'berth db import --data-time 2026-01-31 says so')
  const days = Math.floor((now - Date.parse(time)) / (24 * 60 * 60_000))
  if (days > maxAgeDays) {
    throw noData(
      `the vulnerability data is ${days} days old, and --max-data-age allows ${maxAgeDays}`,
      'import newer data: berth db import FILE',
    )
  }
}
