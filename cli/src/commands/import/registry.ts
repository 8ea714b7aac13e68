import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { withoutTrailing } from '#contract/trailing.ts'
import { RegistryContent } from '#server/clients/registry/registry-content.ts'
import { RegistryFailure } from '#server/clients/registry/registry-failure.ts'
import { openTypedRegistry } from '#server/compose/remote-registries.ts'
import { openDistributionStore, openTransfer } from '#server/compose/transfer.ts'
import type { Config } from '#server/config/config.ts'
import { requestedFaultPoint } from '#server/config/fault-point.ts'
import type { ContentSource } from '#server/domain/transfer/content-source.ts'
import { enableFaultPoint } from '#server/runtime/fault-points.ts'
import { CommandError } from '../../command-error.ts'
import { readPassword } from '../../secret-input.ts'
import { addSettingFlags, loadConfigFor } from '../../setting-flags.ts'
import { addImportFlags, importOptionsOf, type ImportFlags } from './import-flags.ts'
import { addReportFlags, printReport, runImport, type ReportFlags } from './run-import.ts'

interface Flags extends ImportFlags, ReportFlags {
  readonly from: string
  readonly fromEndpoint?: string
  readonly fromRegion?: string
  readonly fromPathStyle?: boolean
  readonly username?: string
  readonly passwordStdin?: boolean
  readonly insecure?: boolean
  readonly ca?: string
}

/** `berth import registry`: the store of a Distribution registry, without a push, or any registry over its `/v2`. */
export function registerImportRegistry(parent: Command): void {
  const command = addSettingFlags(parent.command('registry'), { showAll: false })
    .description(
      'take over a registry: the store of a Docker Distribution (registry:2, registry:3, Harbor’s), or any by its URL',
    )
    .requiredOption(
      '--from <place>',
      'the folder (rootdirectory) or s3://bucket/prefix of a store, or https://registry',
    )
    .option('--from-endpoint <url>', 'of that bucket, where it is not the one of the configuration')
    .option('--from-region <region>', 'of that bucket')
    .option('--from-path-style', 'host/bucket/key, for that endpoint')
    .option('--username <name>', 'account at that URL; its password is asked for')
    .option('--password-stdin', 'read the password from standard input instead of asking for it')
    .option('--insecure', 'take any certificate of that URL')
    .option('--ca <file>', 'PEM file of the authority that signed its certificate')
  addReportFlags(addImportFlags(command)).addHelpText(
    'after',
    `
Both registries may serve meanwhile. Run it again at any time: what is here is not taken twice, and what was pushed to
the old registry since comes along. Ends with 3 when something could not be taken, and says what and why. A store gives
everything; a URL gives what has a tag, and what refers to that. A registry that does not list its repositories is told
them: --repository team/app, without a pattern.

Examples:
  berth import registry --from /var/lib/registry
  berth import registry --from s3://images/old --in-place --verify sizes
  berth import registry --from https://registry.example.org --username ada --map =old
  berth import registry --from /var/lib/registry --map team/web=shop --repository 'team/**' --report left-out.jsonl`,
  )
  command.action(async (flags: Flags) => {
    const { config } = loadConfigFor(command)
    await using owned = new AsyncDisposableStack()
    const source = isUrl(flags.from) ? await openRemote(config, flags, owned) : await openStore(config, flags, owned)
    const services = owned.use(await openTransfer(config, { begin: true }))
    const faultPoint = requestedFaultPoint()
    if (faultPoint !== undefined) enableFaultPoint(faultPoint)
    try {
      printReport(await runImport(services, source, importOptionsOf(flags, config), flags), flags)
    } catch (error) {
      if (!(error instanceof RegistryFailure)) throw error
      throw new CommandError(error.message, { next: nextFor(error), cause: error })
    }
  })
}

const isUrl = (place: string): boolean => /^https?:\/\//i.test(place)

async function openStore(config: Config, flags: Flags, owned: AsyncDisposableStack): Promise<ContentSource> {
  const store = owned.use(
    await openDistributionStore(config, flags.from, {
      endpoint: flags.fromEndpoint,
      region: flags.fromRegion,
      pathStyle: flags.fromPathStyle,
    }),
  )
  if (await store.isThere()) return store
  throw new CommandError(`there is no registry’s store in ${flags.from}`, {
    next: 'name the folder or prefix that has docker/registry/v2 in it: rootdirectory in the old registry’s configuration',
  })
}

async function openRemote(config: Config, flags: Flags, owned: AsyncDisposableStack): Promise<ContentSource> {
  const { username } = flags
  const credential =
    username === undefined
      ? undefined
      : { accessKey: username, accessSecret: await readPassword({ passwordStdin: flags.passwordStdin }, username) }
  const client = owned.use(
    openTypedRegistry(config, {
      url: withoutTrailing(flags.from, '/'),
      credential,
      insecure: flags.insecure === true,
      authority: flags.ca === undefined ? undefined : readFileSync(flags.ca, 'utf8'),
    }),
  )
  const isNamed = flags.repository.length > 0 && flags.repository.every((name) => !/[*?[\]{}]/.test(name))
  return new RegistryContent(client, isNamed ? flags.repository : undefined)
}

function nextFor({ code }: RegistryFailure): string {
  if (code === 'UNAUTHORIZED' || code === 'DENIED')
    return 'name an account that may read it: --username; a registry that lists its repositories to nobody is told them: --repository team/app'
  if (code === 'UNREACHABLE') return 'is the address right? --ca names the authority of a private certificate'
  if (code === 'TOKEN_SERVICE_NOT_TRUSTED') return 'set outbound.token_hosts, or BERTH_OUTBOUND_TOKEN_HOSTS'
  return 'run the same command again: it goes on where it stopped'
}
