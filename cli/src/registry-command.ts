import { InvalidArgumentError, type Command } from 'commander'
import type { InputOf } from '#web/api/client.ts'
import { addRegistryFlags, openRegistry } from './api/choose-registry.ts'
import type { Operation, RegistryApi, RowOf } from './api/registry-api.ts'
import { asTyped } from './as-typed.ts'
import { addOutputFlag, printOutcome, tableOf, type Columns, type Format, type Outcome } from './output.ts'
import { addSettingFlags } from './setting-flags.ts'

export type Flags = Readonly<Record<string, unknown>>

/** What stands on the command line, and in its help, for work on a registry: of this machine, or elsewhere. */
export interface CommandWords {
  /** Name and arguments as commander writes them: `list <project>`. */
  readonly usage: string
  readonly description: string
  readonly example: string
  readonly aliases?: readonly string[]
  /** Adds the command's own flags. */
  readonly configure?: (command: Command) => void
}

/** A command on the API of a registry. */
export interface RegistryCommand extends CommandWords {
  /** What it says on success; undefined when it has written by itself. */
  readonly run: (api: RegistryApi, args: readonly string[], flags: Flags) => Promise<Outcome | undefined>
  /** Undefined where these flags need a registry; else no registry is opened. */
  readonly runAlone?: (flags: Flags) => Promise<Outcome> | undefined
}

/** A noun with its verbs; a capability adds its commands by an entry here. */
export interface CommandGroup {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly description: string
  readonly commands: readonly RegistryCommand[]
}

export function addCommandGroup(
  program: Command,
  { name, aliases = [], description, commands }: CommandGroup,
): Command {
  const group = findOrMake(program, name)
    .description(description)
    .aliases([...aliases])
  for (const command of commands) addRegistryCommand(group, command)
  return group
}

const findOrMake = (program: Command, name: string): Command =>
  program.commands.find((each) => each.name() === name) ?? program.command(name)

/** Puts the words under `parent`, with the flags that name a registry and the form of the output. */
export function declareCommand(
  parent: Command,
  { usage, description, example, aliases, configure }: CommandWords,
): Command {
  const command = addSettingFlags(parent.command(usage), { showAll: false }).description(description)
  addOutputFlag(addRegistryFlags(command))
  command.addHelpText('after', () => asTyped(`\nExample:\n  ${example}`))
  command.aliases([...(aliases ?? usualAliases[command.name()] ?? [])])
  configure?.(command)
  return command
}

export function addRegistryCommand(parent: Command, definition: RegistryCommand): Command {
  const command = declareCommand(parent, definition)
  command.action(async () => {
    const flags = command.opts<Record<string, unknown>>()
    const alone = await definition.runAlone?.(flags)
    if (alone !== undefined) return printOutcome(alone, flags['output'] as Format)
    await using api = await openRegistry(command)
    const outcome = await definition.run(api, command.args, flags)
    if (outcome !== undefined) printOutcome(outcome, flags['output'] as Format)
  })
  return command
}

/** One verb for each meaning; what people type from habit means the same. */
export const usualAliases: Readonly<Record<string, readonly string[]>> = {
  list: ['ls'],
  create: ['add'],
  add: ['create'],
  delete: ['rm', 'remove'],
  remove: ['rm', 'delete'],
  show: ['get'],
  logs: ['log'],
}

const standardLimit = 1_000

export function addLimitFlag(command: Command, limit = standardLimit): void {
  command.option('--limit <number>', 'how many at the most; 0 is all', parseCount, limit)
}

export function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a whole number.')
}

/** A command that lists what an operation lists. */
export interface ListCommand<Op extends Operation> extends CommandWords {
  readonly operation: Op
  readonly columns: Columns<RowOf<Op>>
  /** May ask the API first: for the id that stands behind a name. */
  readonly input?: (args: readonly string[], flags: Flags, api: RegistryApi) => InputOf<Op> | Promise<InputOf<Op>>
  /** What a reader of the table must know besides; undefined: nothing. */
  readonly remark?: (api: RegistryApi) => Promise<string | undefined>
}

export function listCommand<Op extends Operation>({
  operation,
  columns,
  input,
  remark,
  configure,
  ...rest
}: ListCommand<Op>): RegistryCommand {
  return {
    ...rest,
    configure: (command) => {
      addLimitFlag(command)
      configure?.(command)
    },
    run: async (api, args, flags) => {
      const given = (await input?.(args, flags, api)) ?? ({} as InputOf<Op>)
      const { rows, more } = await api.list(operation, given, flags['limit'] as number)
      return withRemark(tableOf(rows, columns, more), await remark?.(api))
    },
  }
}

const withRemark = ({ text, wide, json }: Outcome, remark: string | undefined): Outcome =>
  remark === undefined
    ? { text, json, ...(wide === undefined ? {} : { wide }) }
    : { text: `${text}\n\n${remark}`, json, wide: `${wide ?? text}\n\n${remark}` }

/** The outcome of a change: a sentence, and what it was about. */
export const done = (text: string, json: unknown): Outcome => ({ text, json })
