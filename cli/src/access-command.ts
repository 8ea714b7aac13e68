import { Option, type Command } from 'commander'
import { ContractError } from '#contract/contract-error.ts'
import { DomainError, type DomainErrorCode } from '#server/domain/errors.ts'
import { asTyped } from './as-typed.ts'
import type { AccessServices, OpenAccessServices } from './access-services.ts'
import { CommandError } from './command-error.ts'
import { addSettingFlags } from './setting-flags.ts'

/** The output of a command that is done: a line or lines for people, and the same for programs. */
export interface Outcome {
  readonly text: string
  readonly json: unknown
}

export interface AccessCommand {
  /** Name and arguments as commander writes them: `add <username>`. */
  readonly usage: string
  readonly description: string
  readonly example: string
  readonly alias?: string
  /** The remedy for a refusal. */
  readonly advice?: Readonly<Partial<Record<DomainErrorCode, string>>>
  /** Adds the command's own flags. */
  readonly configure?: (command: Command) => void
  readonly run: (
    services: AccessServices,
    args: readonly string[],
    flags: Readonly<Record<string, unknown>>,
  ) => Promise<Outcome>
}

/** Puts a command that works on users or projects under `parent`: flags, opening, closing, output, advice. */
export function addAccessCommand(parent: Command, open: OpenAccessServices, definition: AccessCommand): void {
  const command = addSettingFlags(parent.command(definition.usage), { showAll: false })
    .description(definition.description)
    .addOption(new Option('--output <format>', 'how to print the outcome').choices(['text', 'json']).default('text'))
    .addHelpText('after', () => asTyped(`\nExample:\n  ${definition.example}`))
  if (definition.alias !== undefined) command.alias(definition.alias)
  definition.configure?.(command)
  command.action(async () => {
    const flags = command.opts<Record<string, unknown>>()
    await using services = await open(command)
    const outcome = await definition.run(services, command.args, flags).catch((error: unknown) => {
      throw withAdvice(error, definition)
    })
    if (flags['output'] === 'json') console.log(JSON.stringify(outcome.json, null, 2))
    else if (outcome.text !== '') console.log(asTyped(outcome.text))
  })
}

function withAdvice(error: unknown, { advice, example }: AccessCommand): unknown {
  if (error instanceof ContractError)
    return new CommandError(error.message, { next: `for example: ${example}`, cause: error })
  if (!(error instanceof DomainError)) return error
  const next = advice?.[error.code] ?? generalAdvice[error.code]
  return new CommandError(error.message, { ...(next === undefined ? {} : { next }), cause: error })
}

const generalAdvice: Readonly<Partial<Record<DomainErrorCode, string>>> = {
  USER_UNKNOWN: 'see who there is: berth user list',
  PROJECT_UNKNOWN: 'see which there are: berth project list',
  MEMBER_UNKNOWN: 'see who is: berth project member list <project>',
}

/** Columns as wide as their longest entry; the first row is the heading. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Every page of a list, one after the other. */
export async function collectPages<Item>(
  page: (after: string | undefined) => Promise<{ items: readonly Item[]; next?: string | undefined }>,
): Promise<Item[]> {
  const all: Item[] = []
  let after: string | undefined
  do {
    const { items, next } = await page(after)
    all.push(...items)
    after = next
  } while (after !== undefined)
  return all
}
