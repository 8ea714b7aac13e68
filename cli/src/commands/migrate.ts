import { counted } from '../counted.ts'
import type { Command } from 'commander'
import { hasDatabaseFile, absenceOf, composeDatabase, migrateDatabase } from '#server/compose/database.ts'
import { readSchemaState } from '#server/database/migrate.ts'
import { systemClock } from '#server/domain/clock.ts'
import { createLogging } from '#server/logging.ts'
import { asTyped } from '../as-typed.ts'
import { claimData } from '../data-claim.ts'
import { addSettingFlags, loadConfigFor } from '../setting-flags.ts'
import { print } from '../standard-output.ts'

interface Flags {
  readonly dryRun?: true
  readonly iHaveABackup?: true
}

/** `berth migrate`: what the start of a newer version does to the database, without the start. */
export function registerMigrateCommand(program: Command): void {
  addSettingFlags(program.command('migrate'), { showAll: false })
    .description('bring the database to the schema of this version, as berth serve does at its start')
    .option('--dry-run', 'only say which steps would be made')
    .option(
      '--i-have-a-backup',
      'make steps that take something away from a database that Berth does not copy by itself (PostgreSQL)',
    )
    .action(async (flags: Flags, command: Command) => {
      const { config } = loadConfigFor(command)
      if (!hasDatabaseFile(config)) throw await absenceOf(config)
      const logging = createLogging(config.log)
      using _claim = flags.dryRun === true ? undefined : claimData(config, logging.logger)
      await using database = composeDatabase(config, { existing: true })
      const { newest, pending, takingAway } = await readSchemaState(database)
      if (newest === undefined) throw await absenceOf(config)
      if (pending.length === 0) print(`the database is at ${newest}: nothing to do`)
      else if (flags.dryRun === true) print(describe(newest, pending, takingAway))
      else {
        const isSaved = flags.iHaveABackup === true
        await migrateDatabase(database, config, { clock: systemClock, logger: logging.logger, isSaved })
        await logging.close()
        print(asTyped(`the database is at ${pending.at(-1)}; start the registry: berth serve`))
      }
    })
}

function describe(newest: string, pending: readonly string[], takingAway: readonly string[]): string {
  const heading = `the database is at ${newest}; ${counted(pending.length, 'step')} would be made, in one transaction:`
  const lines = pending.map((step) => `  ${step}${takingAway.includes(step) ? '   takes something away' : ''}`)
  return [heading, ...lines, 'nothing was changed'].join('\n')
}
