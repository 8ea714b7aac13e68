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

/** The end of a sentence about a setting that there is not: which one may be meant, or where all are listed. */
export function suggestSetting(path: string): string {
  const wanted = path.toLowerCase().replaceAll(/[-\s]/g, '_')
  const last = (text: string) => text.split('.').at(-1)
  const near = settingDescriptions.find((each) => each.path === wanted || last(each.path) === last(wanted))
  return near === undefined ? '; berth docs reference/configuration lists all' : `; did you mean ${near.path}?`
}
