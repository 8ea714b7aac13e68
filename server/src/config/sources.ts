import { existsSync, readFileSync } from 'node:fs'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { translateHarborFile } from './harbor-file.ts'
import { flagOf, settingDescriptions } from './setting-paths.ts'
import { place } from './setting-tree.ts'
import { readSettingsFile, twiceIn } from './settings-file.ts'

export { flagOf }

/** Where a setting came from, in words: `berth.yml`, `BERTH_HTTP_PORT`, `--http-port`. */
export type SettingSources = ReadonlyMap<string, string>

export interface SourceOptions {
  /** The file given by name: it must exist. */
  readonly file?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** By the path of the setting (`http.port`), as text or already typed. */
  readonly flags: Readonly<Record<string, unknown>>
}

export interface GatheredSettings {
  readonly raw: Record<string, unknown>
  readonly sources: SettingSources
  readonly warnings: readonly string[]
  /** The file that was read. */
  readonly file: string | undefined
}

/** Looked for in this order when no file is named. */
const usualFiles = ['./berth.yml', '/etc/berth/berth.yml']

/** Variables of ours that are no settings. */
const otherVariables =
  /^BERTH_(CONFIG$|URL$|CONTEXT$|CONTEXTS$|USERNAME$|PASSWORD$|CA$|INSECURE$|TEST_|BENCH_|SERVICE_|PORT$|PORT_)/

/**
 * Lays file, environment and flags over each other, in rising order. Values stay unchecked.
 * @throws ConfigError when the file or a secret's file cannot be read
 */
export function gatherSettings(options: SourceOptions): GatheredSettings {
  const { env, flags } = options
  const named = options.file ?? (env['BERTH_CONFIG'] || undefined)
  const file = named ?? usualFiles.find((each) => existsSync(each))
  const written = file === undefined ? undefined : readSettingsFile(file)
  const { raw, isHarbors, warnings, origins } = translateHarborFile(written?.settings ?? {})
  const allWarnings = [...warnings]
  if (written !== undefined && written.twice.length > 0) {
    if (!isHarbors) throw twiceIn(written)
    allWarnings.push(...written.twice.map((twice) => `${twice}: the last one is used, as Harbor does`))
  }
  const sources = new Map<string, string>()
  for (const { path } of settingDescriptions) {
    if (hasValue(raw, path))
      sources.set(path, origins.has(path) ? `${origins.get(path)} in ${file}` : `${path} in ${file}`)
  }

  const problems: ConfigProblem[] = []
  const known = new Set<string>()
  for (const { path, environment } of settingDescriptions) {
    known.add(environment)
    const fromFile = `${environment}_FILE`
    const isSecretFile = !settingDescriptions.some((other) => other.environment === fromFile)
    if (isSecretFile) known.add(fromFile)
    const value = env[environment]
    const secretFile = isSecretFile ? env[fromFile] : undefined
    if (value && secretFile) {
      const message = `both ${environment} and ${fromFile} are set: keep one`
      problems.push({ code: 'SETTING_TWICE', setting: path, message })
    } else if (value) {
      place(raw, path, value)
      sources.set(path, environment)
    } else if (secretFile) {
      try {
        place(raw, path, readFileSync(secretFile, 'utf8').replace(/\r?\n$/, ''))
        sources.set(path, `${fromFile} (${secretFile})`)
      } catch (error) {
        problems.push({ code: 'FILE_UNREADABLE', setting: path, message: `${fromFile}: ${(error as Error).message}` })
      }
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  for (const variable of Object.keys(env)) {
    if (variable.startsWith('BERTH_') && !known.has(variable) && !otherVariables.test(variable)) {
      allWarnings.push(`${variable} is set, but there is no such setting`)
    }
  }

  for (const [path, value] of Object.entries(flags)) {
    if (value === undefined) continue
    place(raw, path, value)
    sources.set(path, flagOf(path))
  }
  return { raw, sources, warnings: allWarnings, file }
}

function hasValue(tree: Record<string, unknown>, path: string): boolean {
  const [key = '', ...rest] = path.split('.')
  const value = tree[key]
  if (rest.length === 0) return value !== undefined
  return typeof value === 'object' && value !== null && hasValue(value as Record<string, unknown>, rest.join('.'))
}
