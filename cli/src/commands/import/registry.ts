import type { Command } from 'commander'
import { openDistributionStore, openTransfer } from '#server/compose/transfer.ts'
import { requestedFaultPoint } from '#server/config/fault-point.ts'
import { enableFaultPoint } from '#server/runtime/fault-points.ts'
import { CommandError } from '../../command-error.ts'
import { addSettingFlags, loadConfigFor } from '../../setting-flags.ts'
import { addImportFlags, importOptionsOf, type ImportFlags } from './import-flags.ts'
import { addReportFlags, printReport, runImport, type ReportFlags } from './run-import.ts'

interface Flags extends ImportFlags, ReportFlags {
  readonly from: string
  readonly fromEndpoint?: string
  readonly fromRegion?: string
  readonly fromPathStyle?: boolean
}

/** `berth import registry`: the store of a Distribution registry, without a push. */
export function registerImportRegistry(parent: Command): void {
  const command = addSettingFlags(parent.command('registry'), { showAll: false })
    .description('take over the store of a Docker Distribution registry (registry:2, registry:3, Harbor’s)')
    .requiredOption('--from <place>', 'its folder (rootdirectory), or s3://bucket/prefix')
    .option('--from-endpoint <url>', 'of that bucket, where it is not the one of the configuration')
    .option('--from-region <region>', 'of that bucket')
    .option('--from-path-style', 'host/bucket/key, for that endpoint')
  addReportFlags(addImportFlags(command)).addHelpText(
    'after',
    `
Both registries may serve meanwhile. Run it again at any time: what is here is not taken twice, and what was pushed to
the old registry since comes along. Ends with 3 when something could not be taken, and says what and why.

Examples:
  berth import registry --from /var/lib/registry
  berth import registry --from s3://images/old --in-place --verify sizes
  berth import registry --from /var/lib/registry --map team/web=shop --repository 'team/**' --report left-out.jsonl`,
  )
  command.action(async (flags: Flags) => {
    const { config } = loadConfigFor(command)
    await using source = await openDistributionStore(config, flags.from, {
      endpoint: flags.fromEndpoint,
      region: flags.fromRegion,
      pathStyle: flags.fromPathStyle,
    })
    if (!(await source.isThere())) {
      throw new CommandError(`there is no registry’s store in ${flags.from}`, {
        next: 'name the folder or prefix that has docker/registry/v2 in it: rootdirectory in the old registry’s configuration',
      })
    }
    await using services = await openTransfer(config)
    const faultPoint = requestedFaultPoint()
    if (faultPoint !== undefined) enableFaultPoint(faultPoint)
    printReport(await runImport(services, source, importOptionsOf(flags, config), flags), flags)
  })
}
