import type { Command, Option } from 'commander'
import { rememberFlags } from '../as-typed.ts'
import { isHidden } from '../completion/command-tree.ts'
import { exitCodes } from '../exit-codes.ts'
import { programName } from '../program-name.ts'
import type { PageWords } from './page-words.ts'

interface Documented {
  readonly path: string
  readonly command: Command
}

/** Flags that stand on many commands are told of once. */
const shared = new Set([
  ...['--config', '--url', '--context', '--ca', '--insecure', '--output', '--help', '--yes', '--limit'],
  '--password-stdin',
])

/** docs/reference/command-line.md, from the program. */
export function commandLinePage(program: Command, words: PageWords): string {
  // Of no registry: examples stand as they are.
  rememberFlags({ locatingFlags: [] })
  const commands = program.commands.filter((command) => !isHidden(command))
  const sections = commands.map((command) => section(command, words))
  return `${[head(commands, words), ...sections].join('\n\n')}\n`
}

function head(commands: readonly Command[], words: PageWords): string {
  const contents = commands.map(
    (command) =>
      `| [\`berth ${command.name()}\`](#berth-${command.name()}) | ${words.of(command.name(), command.description())} |`,
  )
  const codes = exitCodes.map(({ code, kind, meaning }) => `| ${code} | ${kind} | ${words.exitCode(kind, meaning)} |`)
  return [
    ...[
      `# ${words.title}`,
      '<!-- Generated from the program by tools/write-reference.ts. Do not edit. -->',
      words.introduction,
    ],
    table(words.commandColumns, contents),
    `## ${words.sharedTitle}`,
    table(
      words.flagColumns,
      words.shared.map(([flag, meaning]) => `| \`${flag}\` | ${meaning} |`),
    ),
    `## ${words.environmentTitle}`,
    table(
      words.environmentColumns,
      words.environment.map(([name, meaning]) => `| \`${name}\` | ${meaning} |`),
    ),
    `## ${words.exitTitle}`,
    words.exitIntroduction,
    table(words.exitColumns, codes),
  ].join('\n\n')
}

const table = (columns: readonly string[], rows: readonly string[]): string =>
  [`| ${columns.join(' | ')} |`, `|${columns.map(() => '---').join('|')}|`, ...rows].join('\n')

function section(command: Command, words: PageWords): string {
  const name = command.name()
  const inside = documented(command, [name])
  const blocks = inside.map((each) => block(each, words))
  const aliases = command.commands.length > 0 ? aliasLine(command, words) : ''
  return [`## berth ${name}`, `${words.of(name, command.description())}${aliases}`, ...blocks].join('\n\n')
}

function documented(command: Command, path: readonly string[]): Documented[] {
  const below = command.commands
    .filter((each) => !isHidden(each))
    .flatMap((each) => documented(each, [...path, each.name()]))
  const acts = command.commands.length === 0 || command.options.length > 0
  return acts ? [{ path: path.join(' '), command }, ...below] : below
}

function block({ path, command }: Documented, words: PageWords): string {
  const args = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`
    return argument.required ? `<${name}>` : `[${name}]`
  })
  const isAlone = !path.includes(' ')
  const flags = command.options.filter((option) => !option.hidden && !shared.has(option.long ?? ''))
  const lines = [
    ...(isAlone ? [] : [`### berth ${path}`, `${words.of(path, command.description())}${aliasLine(command, words)}`]),
    `\`\`\`\nberth ${[path, ...args].join(' ')}\n\`\`\``,
    ...(flags.length === 0
      ? []
      : [
          table(
            words.flagColumns,
            flags.map((flag) => flagRow(flag, words)),
          ),
        ]),
    ...exampleOf(command, words),
  ]
  return lines.join('\n\n')
}

function aliasLine(command: Command, words: PageWords): string {
  const aliases = command.aliases()
  return aliases.length === 0 ? '' : ` ${words.alias(aliases.map((alias) => `\`${alias}\``).join(', '))}`
}

function flagRow({ flags, description, defaultValue, mandatory }: Option, words: PageWords): string {
  const isPlain = typeof defaultValue === 'string' || typeof defaultValue === 'number'
  const standard = isPlain && defaultValue !== '' ? ` ${words.standard(String(defaultValue))}` : ''
  return `| \`${flags}\`${mandatory ? ` ${words.required}` : ''} | ${words.flag(description).replaceAll('|', '\\|')}${standard} |`
}

/** What stands behind "Example:" in --help. */
function exampleOf(command: Command, words: PageWords): string[] {
  const text = helpBehind(command)
  const found = /^Examples?:\n([^]*)$/m.exec(text)?.[1]
  if (found === undefined) return []
  const example = found
    .split('\n')
    .map((line) => line.replace(/^ {2}/, ''))
    .join('\n')
    .trim()
  return [`${words.example}\n\n\`\`\`sh\n${example}\n\`\`\``]
}

function helpBehind(command: Command): string {
  let text = ''
  const emitter = command as unknown as { emit(event: string, context: unknown): void }
  emitter.emit('afterHelp', { error: false, command, write: (piece: string) => void (text += piece) })
  // On the page the program is called as it is installed.
  return text.replaceAll(programName, 'berth')
}
