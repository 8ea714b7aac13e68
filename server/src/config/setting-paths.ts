import { z } from 'zod'
import { settings } from './settings.ts'

/** One setting, as the reference page and the sources see it. */
export interface SettingDescription {
  /** `http.port` */
  readonly path: string
  /** `BERTH_HTTP_PORT` */
  readonly environment: string
  readonly kind: string
  readonly description: string
  /** As one would write it in the file; undefined when the setting has none. */
  readonly default: unknown
}

export interface SettingGroup {
  /** '' for the settings that stand alone. */
  readonly name: string
  readonly description: string
  readonly settings: readonly SettingDescription[]
}

interface JsonSchema {
  readonly properties?: Record<string, JsonSchema>
  readonly description?: string
  readonly kind?: string
  readonly default?: unknown
}

function describe(path: string, schema: JsonSchema): SettingDescription {
  return {
    path,
    environment: `BERTH_${path.replaceAll('.', '_').toUpperCase()}`,
    kind: schema.kind ?? 'text',
    description: schema.description ?? '',
    default: schema.default,
  }
}

function listGroups(): SettingGroup[] {
  const root = z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  const alone: SettingDescription[] = []
  const groups: SettingGroup[] = []
  for (const [name, schema] of Object.entries(root.properties ?? {})) {
    if (schema.properties === undefined) {
      alone.push(describe(name, schema))
      continue
    }
    const inside = Object.entries(schema.properties).map(([leaf, each]) => describe(`${name}.${leaf}`, each))
    groups.push({ name, description: schema.description ?? '', settings: inside })
  }
  return [{ name: '', description: '', settings: alone }, ...groups]
}

/** In the order of the schema; computed once. */
export const settingGroups: readonly SettingGroup[] = listGroups()

export const settingDescriptions: readonly SettingDescription[] = settingGroups.flatMap((group) => group.settings)

/** `--garbage-collection-lease` for `garbage_collection.lease`. */
export const flagOf = (path: string): string => shortFlags[path] ?? `--${path.replaceAll(/[._]/g, '-')}`

const shortFlags: Record<string, string> = { data_folder: '--data' }

/** The end of a sentence about a setting that there is not: which one may be meant, or where all are listed. */
export function suggestSetting(path: string): string {
  const near = settingMeantBy(path)
  return near === undefined ? '; berth docs reference/configuration lists all' : `; did you mean ${near.path}?`
}

/** By its flag, by its variable, by its last word, or by a slip of a letter or two. */
function settingMeantBy(path: string): SettingDescription | undefined {
  const wanted = spelling(path)
  const last = (text: string) => text.split('.').at(-1) ?? text
  return (
    settingDescriptions.find((each) =>
      [each.path, flagOf(each.path), each.environment].map(spelling).includes(wanted),
    ) ??
    settingDescriptions.find((each) => spelling(last(each.path)) === spelling(last(path))) ??
    settingDescriptions
      .map((each) => ({ each, slips: slipsBetween(spelling(each.path), wanted) }))
      .filter(({ slips }) => slips <= Math.min(2, Math.floor(wanted.length / 4)))
      .toSorted((one, other) => one.slips - other.slips)[0]?.each
  )
}

/** One spelling for `--data-folder`, `BERTH_DATA_FOLDER`, `dataFolder` and `data folder`. */
const spelling = (text: string): string =>
  text
    .replace(/^(?:--|BERTH_)/, '')
    .replaceAll(/[\s._-]/g, '')
    .toLowerCase()

/** Letters to change, add or leave out (Levenshtein). */
function slipsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [at, letter] of [...one].entries()) {
    const next = [at + 1]
    for (const [column, another] of [...other].entries()) {
      const replaced = row[column]! + (letter === another ? 0 : 1)
      next.push(Math.min(replaced, row[column + 1]! + 1, next[column]! + 1))
    }
    row = next
  }
  return row[other.length]!
}
