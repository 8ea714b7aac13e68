import { closeSync, constants, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import type { Config } from '#server/config/config.ts'
import type { Logger } from '#server/logging.ts'
import { lockFile, tryLockFile } from '#server/runtime/file-lock.ts'
import { CommandError } from './command-error.ts'

/** Lies beside data that one registry alone may serve, and names that registry. */
const claimName = 'berth.lock'

/**
 * Claims the SQLite file and the folder of blobs for this registry, for as long as the process lives. With PostgreSQL
 * nothing is claimed: replicas share what they serve.
 * @throws CommandError when another registry has it
 */
export function claimData(config: Config, logger: Pick<Logger, 'warn'>): Disposable {
  const held: number[] = []
  const release = () => {
    for (const descriptor of held.splice(0)) closeSync(descriptor)
  }
  try {
    for (const [folder, mode] of claimedFolders(config)) {
      const descriptor = claimFolder(folder, mode, logger)
      if (descriptor !== undefined) held.push(descriptor)
    }
  } catch (error) {
    release()
    throw error
  }
  return { [Symbol.dispose]: release }
}

/** With the mode of one that has to be made. */
function claimedFolders({ database, storage }: Config): Map<string, number> {
  if (database.kind !== 'sqlite') return new Map()
  const folders = new Map([[dirname(database.file), 0o700]])
  if (storage.kind === 'filesystem' && !folders.has(storage.folder)) folders.set(storage.folder, 0o750)
  return folders
}

function claimFolder(folder: string, mode: number, logger: Pick<Logger, 'warn'>): number | undefined {
  const file = join(folder, claimName)
  let claim: { readonly descriptor: number; readonly isHeld: boolean }
  try {
    mkdirSync(folder, { recursive: true, mode })
    claim = openLocked(file)
  } catch (error) {
    // A full or read-only disk: pulls may go on there, and what cannot be used says so itself.
    logger.warn({ error, file }, 'the data cannot be claimed: a second registry on it would not be noticed')
    return undefined
  }
  const { descriptor, isHeld } = claim
  if (isHeld) {
    const holder = readFileSync(file, 'utf8').trim()
    closeSync(descriptor)
    throw new CommandError(`another Berth serves ${folder}${holder === '' ? '' : ` (${holder})`}`, {
      next: 'stop it first, or serve another folder: berth serve --data <folder>\none registry uses every processor by itself: the setting workers',
    })
  }
  try {
    writeFileSync(file, `process ${process.pid} on ${hostname()}\n`)
  } catch (error) {
    logger.warn({ error, file }, 'the claim of the data says nothing about its holder')
  }
  return descriptor
}

/**
 * A descriptor for reading keeps nobody from making the disk read-only while the registry runs. NFS locks only what is
 * open for writing.
 */
function openLocked(file: string): { readonly descriptor: number; readonly isHeld: boolean } {
  const reading = openSync(file, constants.O_RDONLY | constants.O_CREAT, 0o600)
  const outcome = tryLockFile(reading)
  if (outcome !== 'unsupported') return { descriptor: reading, isHeld: outcome === 'held' }
  closeSync(reading)
  const writing = openSync(file, 'a+', 0o600)
  return { descriptor: writing, isHeld: !lockFile(writing) }
}
