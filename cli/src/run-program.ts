import { Command, CommanderError } from 'commander'
import { ConfigError, type ConfigProblem } from '#server/config/config-error.ts'
import { version } from '#server/version.ts'
import { asTyped } from './as-typed.ts'
import { EndedWith } from './command-error.ts'
import { exitCodeOf, type ExitKind } from './exit-codes.ts'
import { explained } from './explained.ts'
import { formatStructured, structuredIn, type Structured } from './output.ts'

/** The form that this command line wishes errors in; a process has one. */
let structured: Structured | undefined

/** `berth` without a command. */
export function composeBareProgram(): Command {
  return (
    new Command('berth')
      .description('A container registry: docker login, push, pull; one process, one command.')
      .version(version, '-v, --version', 'print the version')
      .helpOption('-h, --help', 'print this')
      .showHelpAfterError('(berth --help lists the commands, berth <command> --help their flags)')
      // A program that reads errors hears commander's as it hears all others.
      .configureOutput({
        writeErr: (text) => {
          if (structured === undefined) process.stderr.write(text)
        },
      })
      .exitOverride()
      // A flag belongs to the command that it stands behind: `backup` and `backup list` have some of the same name.
      .enablePositionalOptions()
  )
}

/** Runs one command line and returns its exit code; what is wrong is said on standard error. */
export async function runProgram(program: Command, args: readonly string[]): Promise<number> {
  structured = structuredIn(args)
  try {
    await program.parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    return explain(error)
  }
}

interface Failure {
  readonly kind: ExitKind
  readonly message: string
  readonly reason?: string | undefined
  readonly next?: string | undefined
  readonly problems?: readonly ConfigProblem[]
}

function explain(error: unknown): number {
  if (error instanceof EndedWith) return error.exitCode
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodeOf('done')
    if (structured !== undefined) sayStructured({ kind: 'usage', message: error.message.replace(/^error: /, '') })
    return exitCodeOf('usage')
  }
  const failure = failureOf(error)
  if (structured !== undefined) sayStructured(failure)
  else say(failure)
  return exitCodeOf(failure.kind)
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof ConfigError)) return explained(error)
  const next = 'all settings: berth docs reference/configuration'
  return { kind: 'configuration', message: 'the configuration cannot be used', problems: error.problems, next }
}

function say({ message, next, problems = [] }: Failure): void {
  console.error(`berth: ${asTyped(message)}${problems.length > 0 ? ':' : ''}`)
  for (const { setting, message: wrong } of problems) console.error(`  ${setting}: ${wrong}`)
  if (next !== undefined) console.error(asTyped(next).replace(/^/gm, '  '))
}

function sayStructured({ kind, message, reason, next, problems }: Failure): void {
  const error = {
    kind,
    exit_code: exitCodeOf(kind),
    ...(reason === undefined ? {} : { reason }),
    message: asTyped(message),
    ...(next === undefined ? {} : { next: asTyped(next).split('\n') }),
    ...(problems === undefined ? {} : { problems }),
  }
  console.error(formatStructured({ error }, structured ?? 'json'))
}
