import { Option, type Command } from 'commander'
import { describeConfig, loadConfig, type DescribedConfig, type LoadedConfig } from '#server/config/load-config.ts'
import { settingDescriptions, type SettingDescription } from '#server/config/setting-paths.ts'
import { flagOf } from '#server/config/sources.ts'
import { rememberFlags } from './as-typed.ts'

/** Shorter names of the flags one types most. */
const aliases: Readonly<Record<string, string>> = { '--port': 'http.port', '--host': 'http.host' }

/** Shown by --help; all others are in docs/reference/configuration.md. */
const shown = new Set([
  'data_folder',
  'http.port',
  'http.host',
  'https.port',
  'https.certificate',
  'https.private_key',
  'hostname',
  'external_url',
  'open',
  'force_open',
  'database.url',
  'log.level',
  'log.format',
])

/** Gives a command `--config` and one flag for each setting, as the reference page promises. */
export function addSettingFlags(command: Command, options: { showAll: boolean }): Command {
  command.option('-c, --config <file>', 'configuration file (default: ./berth.yml, then /etc/berth/berth.yml)')
  for (const setting of settingDescriptions) {
    const option = new Option(`${flagOf(setting.path)} ${placeholder(setting)}`, setting.description)
    command.addOption(option.hideHelp(!options.showAll || !shown.has(setting.path)))
  }
  for (const [flag, path] of Object.entries(aliases)) {
    command.addOption(new Option(`${flag} <value>`, `the same as ${flagOf(path)}`).hideHelp(!options.showAll))
  }
  return command.addHelpText('after', '\nEvery setting has a flag and a variable: berth docs reference/configuration')
}

/** The configuration that file, environment and the flags of this command line make. */
export function loadConfigFor(command: Command): LoadedConfig {
  const loaded = loadConfig(sourcesOf(command))
  rememberFlags(loaded.config)
  return loaded
}

/** The same for a reader, also of one that cannot be used. */
export const describeConfigFor = (command: Command): DescribedConfig => describeConfig(sourcesOf(command))

function sourcesOf(command: Command) {
  const given = command.opts<Record<string, string | true | undefined>>()
  const flags: Record<string, string | true> = {}
  for (const [alias, path] of Object.entries(aliases)) {
    const value = given[attributeOf(alias)]
    if (value !== undefined) flags[path] = value
  }
  for (const { path } of settingDescriptions) {
    const value = given[attributeOf(flagOf(path))]
    if (value !== undefined) flags[path] = value
  }
  return { file: given['config'] as string | undefined, flags }
}

/** Whether this command line names a registry of this machine, or a setting of it. */
export function hasSettingFlags(command: Command): boolean {
  const given = command.opts<Record<string, unknown>>()
  const flags = ['--config', ...Object.keys(aliases), ...settingDescriptions.map(({ path }) => flagOf(path))]
  return flags.some((flag) => given[attributeOf(flag)] !== undefined)
}

const isSwitch = (setting: SettingDescription): boolean => setting.kind === 'true or false'
const placeholder = (setting: SettingDescription): string => (isSwitch(setting) ? '[value]' : '<value>')
const attributeOf = (flag: string): string => new Option(flag).attributeName()
