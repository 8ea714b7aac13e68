import { existsSync, readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { place, translateHarborFile } from './harbor-file.ts'
import { settingDescriptions } from './setting-paths.ts'

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
const otherVariables = /^BERTH_(CONFIG$|TEST_|BENCH_|SERVICE_|PORT$|PORT_)/

/**
 * Lays file, environment and flags over each other, in rising order. Values stay unchecked.
 * @throws ConfigError when the file or a secret's file cannot be read
 */
export function gatherSettings(options: SourceOptions): GatheredSettings {
  const { env, flags } = options
  const named = options.file ?? (env['BERTH_CONFIG'] || undefined)
  const file = named ?? usualFiles.find((each) => existsSync(each))
  const { raw, warnings, origins } = translateHarborFile(file === undefined ? {} : readFile(file))
  const allWarnings = [...warnings]
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

/** `--garbage-collection-lease` for `garbage_collection.lease`. */
export const flagOf = (path: string): string => shortFlags[path] ?? `--${path.replaceAll(/[._]/g, '-')}`

const shortFlags: Record<string, string> = { data_folder: '--data' }

function readFile(file: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError([{ code: 'FILE_UNREADABLE', setting: file, message: (error as Error).message }])
  }
  const document = parseDocument(text, { prettyErrors: true })
  const [error] = document.errors
  const invalid = (message: string) => new ConfigError([{ code: 'FILE_INVALID', setting: file, message }])
  // The first line says what is wrong and where. The rest quotes the file, which may hold passwords.
  if (error !== undefined) throw invalid(`is not valid YAML: ${error.message.split('\n')[0]?.replace(/:$/, '')}`)
  const raw: unknown = document.toJS({ maxAliasCount: 20 })
  if (raw === null || raw === undefined) return {}
  if (typeof raw !== 'object' || Array.isArray(raw))
    throw invalid('must be a list of settings, such as `data_folder: /srv/berth`')
  return dropEmpty(raw as Record<string, unknown>)
}

/** A key without a value, as harbor.yml has them (`external_url:`), sets nothing. */
function dropEmpty(tree: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(tree).flatMap(([key, value]): [string, unknown][] => {
    if (value === null || value === undefined) return []
    return [
      [key, typeof value === 'object' && !Array.isArray(value) ? dropEmpty(value as Record<string, unknown>) : value],
    ]
  })
  return Object.fromEntries(entries)
}

function hasValue(tree: Record<string, unknown>, path: string): boolean {
  const [key = '', ...rest] = path.split('.')
  const value = tree[key]
  if (rest.length === 0) return value !== undefined
  return typeof value === 'object' && value !== null && hasValue(value as Record<string, unknown>, rest.join('.'))
}
