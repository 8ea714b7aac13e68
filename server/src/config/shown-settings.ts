import { withoutCredentials } from '../logging.ts'
import type { ConfigProblem } from './config-error.ts'
import { settingDescriptions, type SettingDescription } from './setting-paths.ts'
import { find, place, type Tree } from './setting-tree.ts'
import type { GatheredSettings } from './sources.ts'

/** One setting for a reader: by its public name, as one would write it, and never a secret. */
export interface ShownSetting {
  /** `http.port` */
  readonly path: string
  /** As written; the default where nobody wrote it. Undefined: it has none. */
  readonly value: unknown
  /** `BERTH_HTTP_PORT`, `--http-port`, `http.port in berth.yml`; undefined: the default. */
  readonly source: string | undefined
  /** Its value, or a part of it, is kept back. */
  readonly hidden: boolean
}

/** Whose value says something that opens a door. */
const secrets = new Set([
  'admin_password',
  'secrets.key',
  's3.secret_key',
  'acme.hmac_key',
  'backup.secret_key',
  'metrics.token',
  'audit.elasticsearch_api_key',
  'audit.elasticsearch_password',
])

const hidden = '[hidden]'

export function showSettings({ raw, sources }: Pick<GatheredSettings, 'raw' | 'sources'>): ShownSetting[] {
  return settingDescriptions.map((setting) => {
    const source = sources.get(setting.path)
    if (source === undefined)
      return {
        path: setting.path,
        value: secrets.has(setting.path) ? undefined : setting.default,
        source,
        hidden: false,
      }
    const written = typedAs(setting, find(raw, setting.path))
    const value = secrets.has(setting.path) ? hidden : withoutSecrets(written)
    return { path: setting.path, value, source, hidden: value !== written }
  })
}

/** Variables and flags are text, whatever the setting is. */
function typedAs({ kind }: SettingDescription, value: unknown): unknown {
  if (typeof value !== 'string') return value
  if (kind.startsWith('number') && /^\s*\d+\s*$/.test(value)) return Number(value)
  if (kind === 'true or false' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true'
  if (kind === 'list') return value.split(',').map((item) => item.trim())
  return value
}

/** An address may have a password in it. */
function withoutSecrets(value: unknown): unknown {
  return typeof value === 'string' ? withoutCredentials(value) : value
}

/** What was set, as a tree of public names. */
export function settingsTree(shown: readonly ShownSetting[]): Tree {
  const tree: Tree = {}
  for (const { path, value, source } of shown) if (source !== undefined) place(tree, path, value)
  return tree
}

/**
 * A file that can be pasted into berth.yml: what was set, with where it came from; defaults and what is hidden are
 * comments. Problems stand on top and beside what they are about.
 */
export function formatSettings(
  shown: readonly ShownSetting[],
  {
    file,
    problems,
    warnings,
  }: { file?: string | undefined; problems: readonly ConfigProblem[]; warnings: readonly string[] },
): string {
  const lines = [
    ...(problems.length > 0 ? ['# THIS CONFIGURATION CANNOT BE USED:'] : []),
    ...problems.map(({ setting, message }) => `#   ${setting}: ${message}`),
    ...warnings.map((warning) => `# warning: ${warning}`),
    `# ${file === undefined ? 'no file: defaults, variables and flags' : file}`,
  ]
  let section = ''
  for (const setting of shown) {
    const [group = '', leaf] = setting.path.includes('.') ? setting.path.split('.') : ['', setting.path]
    const isEmpty = setting.value === undefined || (Array.isArray(setting.value) && setting.value.length === 0)
    if (setting.source === undefined && isEmpty) continue
    if (group !== section) {
      section = group
      const isSet = shown.some(
        ({ path, source, hidden: kept }) => path.startsWith(`${group}.`) && source !== undefined && !kept,
      )
      lines.push(`${isSet ? '' : '# '}${group}:`)
    }
    lines.push(lineOf(setting, group === '' ? '' : '  ', leaf ?? setting.path, problems))
  }
  return lines.join('\n')
}

function lineOf(
  { path, value, source, hidden: kept }: ShownSetting,
  indent: string,
  leaf: string,
  problems: readonly ConfigProblem[],
): string {
  const wrong = problems.some(({ setting }) => setting === path) ? '; WRONG, see above' : ''
  const text = `${indent}${leaf}: ${scalarOf(value)}`
  if (source === undefined) return `# ${text}  # default`
  return `${kept ? '# ' : ''}${text}  # ${source}${wrong}`
}

/** JSON is YAML on one line; plain words need no quotes. */
function scalarOf(value: unknown): string {
  if (typeof value === 'string' && /^[A-Za-z/.][\w./:@%+-]*$/.test(value) && !isWord(value) && !value.endsWith(':'))
    return value
  return JSON.stringify(value)
}

/** What YAML would read as something else than text. */
const isWord = (text: string): boolean => /^(true|false|yes|no|on|off|null|y|n|\.inf|\.nan)$/i.test(text)
