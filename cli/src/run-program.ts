import { Command, CommanderError } from 'commander'
import { ConfigError } from '#server/config/config-error.ts'
import { version } from '#server/version.ts'
import { asTyped } from './as-typed.ts'
import { EndedWith } from './command-error.ts'
import { explained } from './explained.ts'

/** Exit codes: 0 done, 1 it failed, 2 the command line is wrong, 3 an import left something out, 78 the configuration is (EX_CONFIG). */
const exitCodes = { failed: 1, usage: 2, configuration: 78 } as const

/** `berth` without a command. */
export function composeBareProgram(): Command {
  return (
    new Command('berth')
      .description('A container registry: docker login, push, pull; one process, one command.')
      .version(version, '-v, --version', 'print the version')
      .helpOption('-h, --help', 'print this')
      .showHelpAfterError('(berth --help lists the commands, berth <command> --help their flags)')
      .exitOverride()
      // A flag belongs to the command that it stands behind: `backup` and `backup list` have some of the same name.
      .enablePositionalOptions()
  )
}

/** Runs one command line and returns its exit code; what is wrong is said on standard error. */
export async function runProgram(program: Command, args: readonly string[]): Promise<number> {
  try {
    await program.parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    return explain(error)
  }
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage
  if (error instanceof EndedWith) return error.exitCode
  if (error instanceof ConfigError) {
    console.error('berth: the configuration cannot be used:')
    for (const { setting, message } of error.problems) console.error(`  ${setting}: ${message}`)
    return exitCodes.configuration
  }
  const { message, next, exitCode } = explained(error)
  console.error(`berth: ${asTyped(message)}`)
  if (next !== undefined) console.error(asTyped(next).replace(/^/gm, '  '))
  return exitCode ?? exitCodes.failed
}
