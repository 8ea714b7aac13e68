import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { composeBlobStore } from '#server/compose/blob-store.ts'
import { composeDatabase, hasDatabaseFile, openExistingDatabase } from '#server/compose/database.ts'
import { openArchive } from '#server/compose/backup.ts'
import type { Config } from '#server/config/config.ts'
import { requestedFaultPoint } from '#server/config/fault-point.ts'
import type { Database } from '#server/database/database.ts'
import { composeSqliteDatabase } from '#server/database/sqlite.ts'
import type { Actor } from '#server/domain/access/actor.ts'
import { DomainError } from '#server/domain/errors.ts'
import type { Archive } from '#server/storage/archive/archive.ts'
import type { BlobStore } from '#server/storage/blob-store.ts'
import { enableFaultPoint } from '#server/runtime/fault-points.ts'
import { composeMemoryBlobStore } from '#server/storage/memory.ts'
import { asTyped } from './as-typed.ts'
import { CommandError } from './command-error.ts'
import { addOutputFlag, printOutcome, type Format, type Outcome } from './output.ts'
import { formatDuration } from './progress.ts'
import { addSettingFlags, loadConfigFor } from './setting-flags.ts'

export const cliActor: Actor = { kind: 'system', name: 'cli' }

/** The exit of a command that did its work and found damage. */
export interface JudgedOutcome extends Outcome {
  readonly good: boolean
}

/** The services of commands about backups and verification, opened on demand and closed afterwards. */
export interface ArchiveServices {
  readonly config: Config
  archive(): Promise<Archive>
  /** Of a registry that exists: nothing is made, and nothing migrated. */
  database(): Promise<Database>
  /** The blobs of a registry that exists. */
  store(): Promise<BlobStore>
  /** Made where there is none: what a restore fills. */
  emptyPlace(): Promise<RestorePlace>
  /** The same for a look beforehand: what is not there is stood in for, so that nothing is made. */
  emptyPlaceUnmade(): Promise<RestorePlace>
}

export interface RestorePlace {
  readonly database: Database
  readonly store: BlobStore
}

export interface ArchiveCommand {
  readonly description: string
  readonly example: string
  /** The flag that says where the archive is: it is written to, or read from. */
  readonly archive?: '--to' | '--from'
  readonly configure?: (command: Command) => void
  /** How long it took is said at the end. */
  readonly timed?: true
  readonly run: (
    services: ArchiveServices,
    flags: Readonly<Record<string, unknown>>,
    args: readonly string[],
  ) => Promise<JudgedOutcome>
}

/** Makes `command` report its result in text or JSON; exit code 1 when something is wrong. */
export function setArchiveCommand(command: Command, definition: ArchiveCommand): void {
  addOutputFlag(addSettingFlags(command, { showAll: false }))
    .description(definition.description)
    .addHelpText('after', () => asTyped(`\nExample:\n  ${definition.example}`))
  if (definition.archive !== undefined) {
    command.option(`${definition.archive} <place>`, 'a folder, or s3://bucket/prefix (default: the setting backup.to)')
  }
  definition.configure?.(command)
  command.action(async () => {
    const flags = command.opts<Record<string, unknown>>()
    const { config } = loadConfigFor(command)
    const faultPoint = requestedFaultPoint()
    if (faultPoint !== undefined) enableFaultPoint(faultPoint)
    await using owned = new AsyncDisposableStack()
    const startedAt = performance.now()
    const outcome = await definition
      .run(services(config, definition, flags, owned), flags, command.args)
      .catch((error) => {
        throw explained(error, definition)
      })
    const timed = definition.timed === true ? withDuration(outcome, startedAt) : outcome
    printOutcome(timed, flags['output'] as Format)
    process.exitCode = outcome.good ? 0 : 1
  })
}

/** For people as a last line, for programs as `seconds`. */
export function withDuration({ text, json }: Outcome, startedAt: number): Outcome {
  const seconds = (performance.now() - startedAt) / 1_000
  return {
    text: `${text}\ntook ${formatDuration(seconds)}`,
    json: { ...(json as object), seconds: Math.round(seconds * 1_000) / 1_000 },
  }
}

function services(
  config: Config,
  { archive: flag }: ArchiveCommand,
  flags: Readonly<Record<string, unknown>>,
  owned: AsyncDisposableStack,
): ArchiveServices {
  return {
    config,
    async archive() {
      const address = (flags['to'] ?? flags['from'] ?? config.backup.to) as string | undefined
      if (address === undefined) {
        throw new CommandError('the place of the backups is missing', {
          next: `${flag} /mnt/backups, ${flag} s3://bucket/prefix, or the setting backup.to`,
          kind: 'usage',
        })
      }
      return owned.use(await openArchive(config, address))
    },
    database: async () => owned.use(await openExistingDatabase(config)),
    store: async () => owned.use(await composeBlobStore(config)),
    emptyPlace: async () => ({
      database: owned.use(composeDatabase(config)),
      store: owned.use(await composeBlobStore(config)),
    }),
    emptyPlaceUnmade: () => openUnmade(config, owned),
  }
}

async function openUnmade(config: Config, owned: AsyncDisposableStack): Promise<RestorePlace> {
  const { storage } = config
  const hasStore = storage.kind === 's3' || existsSync(storage.folder)
  return {
    database: owned.use(hasDatabaseFile(config) ? composeDatabase(config, { existing: true }) : emptyDatabase(owned)),
    store: owned.use(hasStore ? await composeBlobStore(config) : composeMemoryBlobStore()),
  }
}

function emptyDatabase(owned: AsyncDisposableStack): Database {
  const folder = mkdtempSync(join(tmpdir(), 'berth-dry-run-'))
  owned.defer(() => rmSync(folder, { recursive: true, force: true }))
  return composeSqliteDatabase({ file: join(folder, 'empty.db') })
}

function explained(error: unknown, { example }: ArchiveCommand): unknown {
  if (!(error instanceof DomainError) || error.code !== 'BAD_REQUEST') return error
  return new CommandError(error.message, { next: `for example: ${example}`, cause: error })
}
