import { Command, CommanderError } from 'commander'
import { ConfigError } from '#server/config/config-error.ts'
import { DomainError } from '#server/domain/errors.ts'
import { registerBackupCommands } from './commands/backup/backup.ts'
import { registerConfigCommands } from './commands/config.ts'
import { registerDoctorCommand } from './commands/doctor.ts'
import { registerExportCommand } from './commands/export.ts'
import { registerHealthCommand } from './commands/health.ts'
import { registerImportCommands } from './commands/import/import.ts'
import { registerProjectCommands } from './commands/project/project.ts'
import { registerRestoreCommand } from './commands/restore.ts'
import { registerServeCommand } from './commands/serve.ts'
import { registerUserCommands } from './commands/user/user.ts'
import { registerVerifyCommand } from './commands/verify.ts'
import { registerVersionCommand } from './commands/version.ts'
import { CommandError } from './command-error.ts'
import { version } from '#server/version.ts'

/** Exit codes: 0 done, 1 it failed, 2 the command line is wrong, 3 an import left something out, 78 the configuration is (EX_CONFIG). */
const exitCodes = { failed: 1, usage: 2, configuration: 78 } as const

export function composeProgram(): Command {
  const program = new Command('berth')
    .description('A container registry: docker login, push, pull; one process, one command.')
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .showHelpAfterError('(berth --help lists the commands, berth <command> --help their flags)')
    .exitOverride()
    // A flag belongs to the command that it stands behind: `backup` and `backup list` have some of the same name.
    .enablePositionalOptions()
  registerServeCommand(program)
  registerConfigCommands(program)
  registerDoctorCommand(program)
  registerUserCommands(program)
  registerProjectCommands(program)
  registerImportCommands(program)
  registerBackupCommands(program)
  registerRestoreCommand(program)
  registerVerifyCommand(program)
  registerExportCommand(program)
  registerHealthCommand(program)
  registerVersionCommand(program)
  return program
}

/** Runs one command line and returns its exit code; what is wrong is said on standard error. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    await composeProgram().parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    return explain(error)
  }
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage
  if (error instanceof ConfigError) {
    console.error('berth: the configuration cannot be used:')
    for (const { setting, message } of error.problems) console.error(`  ${setting}: ${message}`)
    return exitCodes.configuration
  }
  if (error instanceof CommandError) {
    console.error(`berth: ${error.message}`)
    if (error.next !== undefined) console.error(error.next.replace(/^/gm, '  '))
    return error.exitCode ?? exitCodes.failed
  }
  if (error instanceof DomainError) {
    console.error(`berth: ${error.message}`)
    return exitCodes.failed
  }
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) }
  console.error(`berth: ${name}: ${message}`)
  return exitCodes.failed
}
