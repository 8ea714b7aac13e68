import type { Command } from 'commander'
import { stringify } from 'yaml'
import type { Config } from '#server/config/config.ts'
import type { LoadedConfig } from '#server/config/load-config.ts'
import { sampleFile } from '#server/config/reference-page.ts'
import { withoutCredentials } from '#server/logging.ts'
import { addSettingFlags, loadConfigFor } from '../setting-flags.ts'

export function registerConfigCommands(program: Command): void {
  const config = program.command('config').description('look at the configuration')

  addSettingFlags(config.command('show'), { showAll: false })
    .description('print the configuration that berth serve would use, and where each setting comes from')
    .option('--output <format>', 'text or json', 'text')
    .action((options: { output: string }, command: Command) => {
      const facts = presentConfig(loadConfigFor(command))
      console.log(options.output === 'json' ? JSON.stringify(facts, null, 2) : stringify(facts).trimEnd())
    })

  addSettingFlags(config.command('check'), { showAll: false })
    .description('check the configuration; exit code 78 when it cannot be used')
    .action((_options: unknown, command: Command) => {
      const { warnings, file } = loadConfigFor(command)
      for (const warning of warnings) console.log(`warning: ${warning}`)
      console.log(
        `the configuration is good${file === undefined ? ' (no file: defaults, variables and flags)' : ` (${file})`}`,
      )
    })

  config
    .command('sample')
    .description('print a sample file with every setting and its default')
    .action(() => console.log(sampleFile().trimEnd()))
}

function presentConfig({ config, sources, file, warnings }: LoadedConfig): Record<string, unknown> {
  const { locatingFlags: _, beginNew: __, ...settings } = config
  const { database, storage } = settings
  return {
    file: file ?? null,
    warnings,
    set: Object.fromEntries(sources),
    config: {
      ...settings,
      initialAdminPassword: '[hidden]',
      metrics: { ...config.metrics, token: config.metrics.token === undefined ? undefined : '[hidden]' },
      storage: storage.kind === 's3' ? withHiddenSecret(storage) : storage,
      backup: { ...config.backup, s3: withHiddenSecret(config.backup.s3) },
      database: database.kind === 'postgres' ? { ...database, url: withoutCredentials(database.url) } : database,
    },
  }
}

function withHiddenSecret<Reach extends Config['backup']['s3']>(reach: Reach): Reach {
  const { credentials } = reach
  return credentials?.kind !== 'key'
    ? reach
    : { ...reach, credentials: { ...credentials, secretAccessKey: '[hidden]' } }
}
