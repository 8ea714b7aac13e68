import { resolve } from 'node:path'
import type { Command } from 'commander'
import { openTransfer } from '#server/compose/transfer.ts'
import { OciLayoutSource } from '#server/storage/foreign/oci-layout.ts'
import { CommandError } from '../../command-error.ts'
import { addSettingFlags, loadConfigFor } from '../../setting-flags.ts'
import { addImportFlags, importOptionsOf, type ImportFlags } from './import-flags.ts'
import { addReportFlags, printReport, runImport, type ReportFlags } from './run-import.ts'

interface Flags extends ImportFlags, ReportFlags {
  readonly from: string
  readonly as?: string
}

/** `berth import oci`: bundles that came over the air gap. */
export function registerImportOci(parent: Command): void {
  const command = addSettingFlags(parent.command('oci'), { showAll: false })
    .description('take in OCI image layouts: what berth export, skopeo, oras, crane and podman write')
    .requiredOption('--from <folder>', 'a layout, or a folder with layouts in it, each called as its path there')
    .option('--as <repository>', 'what to call the one whose layout the folder itself is')
  addReportFlags(addImportFlags(command)).addHelpText(
    'after',
    `
Examples:
  berth import oci --from /media/usb/images
  berth import oci --from ./nginx --as library/nginx`,
  )
  command.action(async (flags: Flags) => {
    const { config } = loadConfigFor(command)
    await using source = new OciLayoutSource(resolve(flags.from), flags.as)
    if ((await source.isLayout()) && flags.as === undefined) {
      throw new CommandError(`${flags.from} is one layout, and its repository has no name`, {
        next: 'name it: --as library/name',
      })
    }
    await using services = await openTransfer(config, { begin: true })
    const report = await runImport(services, source, importOptionsOf(flags, config), flags)
    if (report.repositories.taken + report.repositories.notTaken === 0) {
      throw new CommandError(`there is no layout in ${flags.from}`, {
        next: 'a layout has the files oci-layout and index.json',
      })
    }
    printReport(report, flags)
  })
}
