import { createWriteStream, readFileSync } from 'node:fs'
import { finished } from 'node:stream/promises'
import type { Command } from 'commander'
import { HarborClient, HarborRefused, type HarborClientOptions } from '#server/clients/harbor-client.ts'
import { HarborContent } from '#server/clients/harbor-content.ts'
import { HarborDatabase } from '#server/clients/harbor-database.ts'
import type { RegistryClient } from '#server/clients/registry/registry-client.ts'
import { RegistryFailure } from '#server/clients/registry/registry-failure.ts'
import { openTypedRegistry } from '#server/compose/remote-registries.ts'
import { openDistributionStore, openHarborImport, openTransfer } from '#server/compose/transfer.ts'
import type { Config } from '#server/config/config.ts'
import { importer } from '#server/domain/transfer/import-services.ts'
import { HarborReport } from '#server/http/harbor-import/harbor-report.ts'
import { importHarbor } from '#server/http/harbor-import/import-harbor.ts'
import { importMarks } from '#server/http/harbor-import/import-marks.ts'
import { parseDoublestar } from '#contract/doublestar.ts'
import { withoutTrailing } from '#contract/trailing.ts'
import { CommandError } from '../../command-error.ts'
import { printOutcome } from '../../output.ts'
import { readPassword } from '../../secret-input.ts'
import { addSettingFlags, loadConfigFor } from '../../setting-flags.ts'
import { addImportFlags, importOptionsOf, type ImportFlags } from './import-flags.ts'
import { addReportFlags, describeReport, exitIncomplete, runImport, type ReportFlags } from './run-import.ts'

interface Flags extends ImportFlags, ReportFlags {
  readonly from: string
  readonly username: string
  readonly passwordStdin?: boolean
  readonly insecure?: boolean
  readonly ca?: string
  readonly harborDatabase?: string
  readonly storage?: string
  readonly fromEndpoint?: string
  readonly content: boolean
}

/** `berth import harbor`: a Friday evening. */
export function registerImportHarbor(parent: Command): void {
  const command = addSettingFlags(parent.command('harbor'), { showAll: false })
    .description('take over a Harbor: projects, people, robots, policies and all content')
    .requiredOption('--from <url>', 'its address: https://harbor.example.org')
    .option('--username <name>', 'a system administrator there', 'admin')
    .option('--password-stdin', 'read their password from standard input instead of asking for it')
    .option('--insecure', 'take any certificate of it')
    .option('--ca <file>', 'PEM file of the authority that signed its certificate')
    .option('--harbor-database <url>', 'postgres://… of its database: passwords and robots’ secrets come along')
    .option('--storage <place>', 'take content from its registry’s storage: a folder, or s3://bucket/prefix')
    .option('--from-endpoint <url>', 'of that bucket, where it is not the one of the configuration')
    .option('--no-content', 'only projects, people, robots and policies')
  addReportFlags(addImportFlags(command)).addHelpText(
    'after',
    `
Both may serve meanwhile. Run it again at any time: what is here stays as it is. Ends with 3 when something could not be
taken, and says what and why. Projects keep their names: --map and --project are for berth import registry.

Example:
  berth import harbor --from https://harbor.example.org --harbor-database postgres://postgres@127.0.0.1/registry \\
    --storage /data/registry --report left-out.jsonl`,
  )
  command.action(async (flags: Flags) => {
    const { config } = loadConfigFor(command)
    const password = await readPassword({ passwordStdin: flags.passwordStdin }, flags.username)
    const address = addressOf(flags, password)
    await using owned = new AsyncDisposableStack()
    const client = owned.use(new HarborClient(address))
    const services = owned.use(await openTransfer(config, { begin: true }))
    const secrets =
      flags.harborDatabase === undefined ? undefined : owned.use(await HarborDatabase.open(flags.harborDatabase))
    const { own, accounts } = await openHarborImport(config, services, (error) => console.error('berth:', error))
    const lines = flags.report === undefined ? undefined : createWriteStream(`${flags.report}.settings`)
    const report = new HarborReport((entry) => void lines?.write(`${JSON.stringify(entry)}\n`))
    const only = flags.repository.map(parseDoublestar)
    const context = {
      ...{ source: client, secrets, own, report, actor: importer, ...accounts },
      ...{ database: services.database, clock: services.clock, events: services.events },
      isWantedProject: (name: string) =>
        only.length === 0 || only.some((matches) => matches(name) || matches(`${name}/x`)),
    }
    try {
      const projects = await importHarbor(context)
      const content = flags.content
        ? await runImport(
            services,
            flags.storage === undefined
              ? new HarborContent(client, owned.use(registryOf(config, address)), projects)
              : owned.use(
                  await openDistributionStore(config, flags.storage, {
                    ...{ endpoint: flags.fromEndpoint, region: undefined, pathStyle: undefined },
                  }),
                ),
            {
              ...importOptionsOf(flags, config),
              mapping: {
                ...{ project: undefined, rules: [] },
                only: [(name: string) => projects.includes(name.slice(0, name.indexOf('/')))],
              },
            },
            flags,
          )
        : undefined
      if (flags.content) for (const project of projects) await importMarks(context, project)
      const text = [describeSettings(report), ...(content === undefined ? [] : ['', describeReport(content)])].join(
        '\n',
      )
      printOutcome({ text, json: { settings: report, content } }, flags.output)
      if (report.notTakenCount > 0 || content?.isComplete === false) process.exitCode = exitIncomplete
    } catch (error) {
      if (!(error instanceof RegistryFailure) && !(error instanceof HarborRefused)) throw error
      throw new CommandError(error.message, { next: nextFor(error), cause: error })
    } finally {
      if (lines !== undefined) {
        lines.end()
        await finished(lines)
      }
    }
  })
}

function addressOf(flags: Flags, password: string): HarborClientOptions {
  return {
    url: withoutTrailing(flags.from, '/'),
    username: flags.username,
    password,
    insecure: flags.insecure === true,
    authority: flags.ca === undefined ? undefined : readFileSync(flags.ca, 'utf8'),
  }
}

/** Its `/v2`, with the same password. */
function registryOf(config: Config, { username, password, ...address }: HarborClientOptions): RegistryClient {
  return openTypedRegistry(config, { ...address, credential: { accessKey: username, accessSecret: password } })
}

const shown = 20

function describeSettings({ taken, alreadyHere, notTaken, notTakenCount }: HarborReport): string {
  const counts = (of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(', ') || 'nothing'
  const lines = [`taken: ${counts(taken)}`, `were here already: ${counts(alreadyHere)}`]
  if (notTakenCount === 0) return lines.join('\n')
  lines.push('', `NOT TAKEN (${notTakenCount}):`)
  for (const { kind, name, message } of notTaken.slice(0, shown)) lines.push(`  ${kind} ${name}: ${message}`)
  if (notTakenCount > shown) lines.push('  … all of them: --report FILE writes FILE.settings, or --output json')
  return lines.join('\n')
}

function nextFor(error: RegistryFailure | HarborRefused): string {
  if (!(error instanceof HarborRefused))
    return 'is the address right? --ca names the authority of a private certificate'
  if (error.status === 401 || error.status === 403)
    return 'it takes the password of a system administrator there: --username'
  return 'run the same command again: it goes on where it stopped'
}
