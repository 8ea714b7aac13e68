import type { Command } from 'commander'
import { sampleFile } from '#server/config/reference-page.ts'
import { formatSettings, settingsTree } from '#server/config/shown-settings.ts'
import type { DescribedConfig } from '#server/config/load-config.ts'
import { addRegistryFlags, chooseTarget, openRegistry } from '../api/choose-registry.ts'
import { exitCodeOf } from '../exit-codes.ts'
import { addOutputFlag, isStructured, printOutcome, type Format, type Outcome } from '../output.ts'
import { addSettingFlags, describeConfigFor } from '../setting-flags.ts'
import { print } from '../standard-output.ts'

export function registerConfigCommands(program: Command): void {
  const config = program.command('config').description('look at the configuration')
  registerShow(config)
  registerCheck(config)
  config
    .command('sample')
    .description('print a sample file with every setting and its default')
    .action(() => print(sampleFile().trimEnd()))
}

function registerShow(config: Command): void {
  addOutputFlag(addRegistryFlags(addSettingFlags(config.command('show'), { showAll: false })))
    .description(
      'print the configuration that berth serve would use, as a file with where each setting comes from; with --url that of a running registry',
    )
    .action(async ({ output }: { output: Format }, command: Command) => {
      const target = chooseTarget(command)
      // What berth serve would use is a question about this machine, unless another one is named.
      const isElsewhere = target.kind === 'remote' && !target.implied
      const described = isElsewhere ? await askRunning(command) : describeConfigFor(command)
      for (const warning of isElsewhere ? [] : described.warnings) console.error(`warning: ${warning}`)
      if (described.problems.length > 0) process.exitCode = exitCodeOf('configuration')
      // The file is YAML; with comments it says more than the bare one would.
      printOutcome(presentConfig(described), output === 'yaml' ? 'table' : output)
    })
}

async function askRunning(command: Command): Promise<DescribedConfig> {
  await using api = await openRegistry(command)
  const { settings } = await api.call('GET /system/configuration')
  return {
    file: `the configuration of ${api.name}`,
    problems: [],
    warnings: [],
    settings: settings.map(({ path, value, source, hidden }) => ({ path, value, source, hidden })),
  }
}

function presentConfig(described: DescribedConfig): Outcome {
  const { file, problems, warnings, settings } = described
  const set = settings.flatMap(({ path, source }) => (source === undefined ? [] : [[path, source] as const]))
  return {
    text: formatSettings(settings, described),
    json: {
      file: file ?? null,
      problems,
      warnings,
      set: Object.fromEntries(set),
      config: settingsTree(settings),
      settings,
    },
  }
}

function registerCheck(config: Command): void {
  addOutputFlag(addSettingFlags(config.command('check'), { showAll: false }))
    .description('check the configuration; exit code 78 when it cannot be used')
    .option('--strict', 'warnings count, too: names that nobody knows, settings without effect')
    .action(({ strict, output }: { strict?: true; output: Format }, command: Command) => {
      const { file, problems, warnings } = describeConfigFor(command)
      const good = problems.length === 0 && (strict !== true || warnings.length === 0)
      if (!good) process.exitCode = exitCodeOf('configuration')
      const place = file === undefined ? 'no file: defaults, variables and flags' : file
      const lines = [
        ...(good ? [] : [`the configuration ${problems.length > 0 ? 'cannot be used' : 'has warnings'} (${place}):`]),
        ...problems.map(({ setting, message }) => `${setting}: ${message}`),
        ...warnings.map((warning) => `warning: ${warning}`),
        ...(good ? [`the configuration is good (${place})`] : []),
      ]
      const outcome = { text: lines.join('\n'), json: { good, file: file ?? null, problems, warnings } }
      // What is wrong is said where errors are said, unless a program reads the outcome.
      if (good || isStructured(output)) printOutcome(outcome, output)
      else console.error(`berth: ${outcome.text.replaceAll('\n', '\n  ')}`)
    })
}
