import { InvalidArgumentError, Option, type Command } from 'commander'
import { stringify } from 'yaml'
import { asTyped } from './as-typed.ts'
import { print } from './standard-output.ts'

export const formats = ['table', 'wide', 'json', 'yaml'] as const
export type Format = (typeof formats)[number]

/** The output of a command that is done: a line or lines for people, and the same for programs. */
export interface Outcome {
  readonly text: string
  /** With the columns that a narrow terminal has no room for; the same as `text` where there are none. */
  readonly wide?: string
  readonly json: unknown
}

export function addOutputFlag(command: Command): Command {
  return command.addOption(
    new Option('-o, --output <format>', `how to print the outcome: ${formats.join(', ')}`)
      .argParser(parseFormat)
      .default('table'),
  )
}

/** `text` is the former name of `table`. */
function parseFormat(text: string): Format {
  const found = text === 'text' ? 'table' : formats.find((format) => format === text)
  if (found === undefined) throw new InvalidArgumentError(`It is one of ${formats.join(', ')}.`)
  return found
}

/** What programs read: the form that a command line asks for errors too. */
export type Structured = Extract<Format, 'json' | 'yaml'>

export const isStructured = (format: unknown): format is Structured => format === 'json' || format === 'yaml'

/** Before anything is parsed: an error in the command line has the form as well. */
export function structuredIn(args: readonly string[]): Structured | undefined {
  const end = args.indexOf('--')
  const own = end < 0 ? args : args.slice(0, end)
  for (const [at, arg] of own.entries()) {
    const [, together] = /^(?:--output=|-o=?)(json|yaml)$/.exec(arg) ?? []
    const value = together ?? (arg === '-o' || arg === '--output' ? own[at + 1] : undefined)
    if (isStructured(value)) return value
  }
  return undefined
}

/** Without aliases: a reader pastes parts of it elsewhere. */
export const formatYaml = (value: unknown): string =>
  stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 }).trimEnd()

export const formatStructured = (value: unknown, format: Structured): string =>
  format === 'json' ? JSON.stringify(value, null, 2) : formatYaml(value)

export function printOutcome({ text, wide = text, json }: Outcome, format: Format): void {
  if (isStructured(format)) return print(formatStructured(json, format))
  const shown = format === 'wide' ? wide : text
  if (shown !== '') print(asTyped(shown))
}

/** Columns as wide as their longest entry; the first row is the heading. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Han and the like take two columns of a terminal. */
const wideLetters =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60]/gu
const widthOf = (text: string): number => [...text].length + (text.match(wideLetters)?.length ?? 0)

export type Cell = string | number | boolean | null | undefined

/** A column for each title; with `*` in front of the title only in the wide form. */
export type Columns<Row> = Readonly<Record<string, (row: Row) => Cell>>

/** A list as an outcome: a line for each row, and the rows as they are for programs. */
export function tableOf<Row>(rows: readonly Row[], columns: Columns<Row>, more = false): Outcome {
  const all = Object.entries(columns).map(([title, of]) => ({
    title: title.replace(/^\*/, ''),
    isWide: title.startsWith('*'),
    of,
  }))
  const draw = (shown: typeof all) =>
    formatTable([shown.map(({ title }) => title), ...rows.map((row) => shown.map(({ of }) => cellOf(of(row))))])
  const note = more ? '\n… there are more: --limit 0 shows all' : ''
  return { text: draw(all.filter(({ isWide }) => !isWide)) + note, wide: draw(all) + note, json: rows }
}

/** One thing as an outcome: a line for each of its facts. */
export function factsOf(facts: readonly (readonly [name: string, value: unknown])[], json: unknown): Outcome {
  const shown = facts.filter(([, value]) => value !== undefined && value !== null && value !== '')
  return { text: formatTable(shown.map(([name, value]) => [name, cellOf(value)])), json }
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.join(', ')
  return withoutControls(typeof value === 'object' ? JSON.stringify(value) : String(value as string))
}

/** A name that somebody pushed may not move the cursor of who reads it. */
// oxlint-disable-next-line no-control-regex
export const withoutControls = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
