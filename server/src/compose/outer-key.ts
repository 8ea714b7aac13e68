import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { link, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigError, type ConfigProblem } from '../config/config-error.ts'
import type { Config, OuterKeyConfig } from '../config/config.ts'
import type { Database } from '../database/database.ts'
import type { Clock } from '../domain/clock.ts'
import type { Events } from '../domain/events/events.ts'
import { listLost } from '../domain/key-rotation/reset-secrets.ts'
import { sealExisting } from '../domain/key-rotation/seal-existing.ts'
import { newOuterKey, OuterKeyMalformed, parseOuterKeys, type OuterKeys } from '../domain/secrets/outer-keys.ts'
import { Secrets } from '../domain/secrets/secrets.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import type { Logger } from '../logging.ts'
import { CommandFailed, runCommand } from '../runtime/run-command.ts'

interface OuterKeyServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly logger?: Pick<Logger, 'info' | 'warn'> | undefined
  readonly metrics?: Pick<Metrics, 'add'> | undefined
}

/** In words, for people. */
export function placeOfOuterKey(key: OuterKeyConfig): string {
  if (key.kind === 'file') return key.file
  return key.kind === 'value' ? 'the setting secrets.key' : 'the command secrets.key_command'
}

/** The setting that a person changes to bring another one. */
const settingOf = ({ kind }: OuterKeyConfig): string =>
  kind === 'file' ? 'secrets.key_file' : kind === 'value' ? 'secrets.key' : 'secrets.key_command'

/**
 * The outer keys where the settings say; none where a file is not there.
 * @throws ConfigError for a command that fails, a file that cannot be read, and what is no key
 */
export async function readOuterKeys(key: OuterKeyConfig): Promise<OuterKeys> {
  try {
    const text = await readText(key)
    return text === undefined ? [] : parseOuterKeys(text)
  } catch (error) {
    if (!(error instanceof OuterKeyMalformed || error instanceof CommandFailed || isFileError(error))) throw error
    throw problem(
      key,
      'OUTER_KEY_UNREADABLE',
      `the outer key of the secrets cannot be read from ${placeOfOuterKey(key)}: ${error.message}`,
    )
  }
}

const isFileError = (error: unknown): error is Error => error instanceof Error && 'syscall' in error

async function readText(key: OuterKeyConfig): Promise<string | undefined> {
  if (key.kind === 'value') return key.text
  if (key.kind === 'command') return (await runCommand(key.command)).toString('utf8')
  try {
    return readFileSync(key.file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes a new key where there is none, whole or not at all; one that another process was quicker to write stays. */
async function makeKeyFile(file: string): Promise<boolean> {
  const folder = dirname(file)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const unfinished = `${file}.${process.pid}`
  try {
    await writeDurably(unfinished, `${newOuterKey()}\n`)
    await link(unfinished, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(unfinished, { force: true })
  }
  await syncFolder(folder)
  return true
}

async function writeDurably(file: string, text: string): Promise<void> {
  await using handle = await open(file, 'w', 0o600)
  await handle.writeFile(text)
  await handle.sync()
}

/** Replaces the text of a key file in one step. */
export async function replaceKeyFile(file: string, change: (before: string) => string): Promise<void> {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : ''
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const unfinished = `${file}.${process.pid}`
  await writeDurably(unfinished, change(before))
  await rename(unfinished, file)
  await syncFolder(dirname(file))
}

async function syncFolder(folder: string): Promise<void> {
  await using opened = await open(folder, 'r')
  await opened.sync()
}

/**
 * The secrets of a registry, ready to be used: its outer key is here and opens the keys of the database; what an older version
 * stored as it was is sealed.
 * @throws ConfigError that says what is lost and what to do, when the outer key is missing or is another one
 */
export async function openSecrets(config: Config, services: OuterKeyServices): Promise<Secrets> {
  const { outerKey } = config
  const { database, logger } = services
  const outerKeys = await bringOuterKeys(config, services)
  const secrets = composeSecrets(config, services, outerKeys)
  // At the start rather than with the first secret: replicas with different outer keys find out here.
  if (outerKeys.length > 0) await database.write((tx) => secrets.ensureDataKey(tx))
  await assertSameKey(outerKey, database, secrets)
  const sealed = await sealExisting({ ...services, secrets })
  if (sealed > 0) logger?.info({ secrets: sealed }, 'secrets that were stored readable are sealed now')
  warnOfReaders(outerKey, logger)
  return secrets
}

/** Without looking whether the outer key is the right one: for commands that say so themselves. */
export function composeSecrets(
  { outerKey }: Config,
  { database, clock, metrics }: Omit<OuterKeyServices, 'events'>,
  outerKeys: OuterKeys,
): Secrets {
  metrics?.add('secrets_unreadable', 0, 'Secrets of the database that could not be opened when they were needed.')
  return new Secrets({
    ...{ dialect: database.dialect, clock, outerKeys },
    readOuterKeys: () => readOuterKeys(outerKey),
    onUnreadable: () => metrics?.add('secrets_unreadable', 1),
  })
}

/**
 * The outer keys. The first start makes one where it may; so does a reset after the loss of the one there was.
 * @throws ConfigError when there is none, and nothing is sealed yet
 */
export async function bringOuterKeys(
  { outerKey }: Config,
  { database, logger }: OuterKeyServices,
  { evenIfLost = false }: { readonly evenIfLost?: boolean } = {},
): Promise<OuterKeys> {
  const found = await readOuterKeys(outerKey)
  if (found.length > 0) return found
  const isNew = evenIfLost || (await listDataKeys(database)).length === 0
  if (isNew && outerKey.kind === 'file' && outerKey.make) {
    if (await makeKeyFile(outerKey.file))
      logger?.info(
        { file: outerKey.file },
        'the outer key of the secrets was made: keep a copy of it apart from the backups, which cannot be read without it',
      )
    return await readOuterKeys(outerKey)
  }
  if (!isNew) return []
  throw problem(
    outerKey,
    'OUTER_KEY_MISSING',
    outerKey.kind === 'file' && outerKey.make === false
      ? `there is no outer key for the secrets of the database, and none is made on a disk that keeps neither the database nor the blobs: make one (berth secrets new-key) and give it to every process, in ${outerKey.file} or by secrets.key_file, secrets.key or secrets.key_command`
      : `there is no outer key in ${placeOfOuterKey(outerKey)}`,
  )
}

const listDataKeys = async ({ read }: Database) =>
  await read.selectFrom('secret_key').select(['id', 'outer_key_id', 'wrapped']).orderBy('created_at').execute()

/** @throws ConfigError when a key of the database does not open */
async function assertSameKey(outerKey: OuterKeyConfig, database: Database, secrets: Secrets): Promise<void> {
  const wanted = [...new Set((await listDataKeys(database)).map(({ outer_key_id: id }) => id))]
  const here = secrets.outerKeys.map(({ id }) => id)
  const missing = wanted.filter((id) => !here.includes(id))
  if (missing.length === 0) return
  const lost = (await listLost(database.read, secrets)).map(({ holds, secrets: count }) => `${count} (${holds})`)
  const place = placeOfOuterKey(outerKey)
  throw problem(
    outerKey,
    here.length === 0 ? 'OUTER_KEY_MISSING' : 'OUTER_KEY_DIFFERS',
    `the secrets of this database are sealed with the outer key ${missing.join(', ')}, and ${here.length === 0 ? `there is no key in ${place}` : `${place} has ${here.join(', ')}`}. ` +
      `Put the key back that was used until now: every replica has the same one, and a copy was kept apart from the backups. ` +
      `Without it these secrets are lost: ${lost.join('; ') || 'none'}. To give them up and enter them anew: berth secrets reset --yes`,
  )
}

/** A key that others on the machine can read protects little. */
function warnOfReaders(outerKey: OuterKeyConfig, logger: OuterKeyServices['logger']): void {
  if (outerKey.kind !== 'file' || !outerKey.make) return
  const mode = statSync(outerKey.file).mode & 0o077
  if (mode !== 0)
    logger?.warn(
      { file: outerKey.file },
      `the outer key can be read by others on this machine: chmod 600 ${outerKey.file}`,
    )
}

function problem(key: OuterKeyConfig, code: ConfigProblem['code'], message: string): ConfigError {
  return new ConfigError([{ code, setting: settingOf(key), message }])
}
