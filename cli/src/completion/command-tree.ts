import type { Command, Option } from 'commander'

/** One command as a shell completes it. */
export interface CompletedCommand {
  /** Its words: `project member add`; '' is the program itself. */
  readonly path: string
  /** The same with other words for the last one. */
  readonly aliases: readonly string[]
  readonly description: string
  readonly below: readonly { readonly name: string; readonly description: string }[]
  readonly flags: readonly CompletedFlag[]
}

export interface CompletedFlag {
  readonly names: readonly string[]
  readonly description: string
  readonly value: 'none' | 'file' | 'format' | 'text'
}

/** What people see in --help, and nothing that is hidden there. */
export function listCompleted(program: Command): CompletedCommand[] {
  const found: CompletedCommand[] = []
  const walk = (command: Command, words: readonly string[]) => {
    const visible = command.commands.filter((each) => !isHidden(each))
    found.push({
      path: words.join(' '),
      aliases: words.length === 0 ? [] : command.aliases().map((alias) => [...words.slice(0, -1), alias].join(' ')),
      description: command.description(),
      below: visible.map((each) => ({ name: each.name(), description: each.description() })),
      flags: [...command.options.filter(({ hidden }) => !hidden).map(flagOf), help],
    })
    for (const each of visible) walk(each, [...words, each.name()])
  }
  walk(program, [])
  return found
}

const help: CompletedFlag = { names: ['--help'], description: 'print this', value: 'none' }

/** Not in --help; commander keeps that to itself. */
export const isHidden = (command: Command): boolean =>
  (command as unknown as { readonly _hidden?: boolean })._hidden === true

function flagOf({ long, short, description, flags, required, optional }: Option): CompletedFlag {
  const names = [long, short].filter((name) => name !== undefined && name !== null)
  return { names, description, value: valueOf(flags, required || optional) }
}

function valueOf(flags: string, takesValue: boolean): CompletedFlag['value'] {
  if (!takesValue) return 'none'
  if (flags.includes('<format>')) return 'format'
  return /<(?:file|folder|place)>/.test(flags) || flags.startsWith('--data ') ? 'file' : 'text'
}

/** Names of all flags that take such a value, wherever they stand. */
export const flagsTaking = (commands: readonly CompletedCommand[], value: CompletedFlag['value']): string[] => [
  ...new Set(
    commands.flatMap(({ flags }) => flags.filter((flag) => flag.value === value).flatMap(({ names }) => names)),
  ),
]
