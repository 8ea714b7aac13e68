import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { packTar } from 'modern-tar/fs'
import { parseDoublestar } from '#contract/doublestar.ts'
import { parseProjectName, parseRepositoryName } from '#contract/repository-name.ts'
import { openTransfer, type TransferServices } from '#server/compose/transfer.ts'
import { listCatalog } from '#server/domain/artifacts/catalog.ts'
import { exportRepository, type Exported, type ExportOptions } from '#server/domain/transfer/export-repository.ts'
import { layoutFolderOf, OciLayoutWriter } from '#server/storage/foreign/oci-layout.ts'
import { withDuration } from '../archive-command.ts'
import { CommandError } from '../command-error.ts'
import { collect } from '../flag-values.ts'
import { sayWhenInterrupted } from '../interruption.ts'
import { showProgress } from '../progress.ts'
import { addOutputFlag, printOutcome, type Format } from '../output.ts'
import { addSettingFlags, loadConfigFor } from '../setting-flags.ts'

interface Flags {
  readonly to: string
  readonly project: readonly string[]
  readonly repository: readonly string[]
  readonly tag: readonly string[]
  readonly untagged: boolean
  readonly link: boolean
  readonly output: Format
}

const actor = { kind: 'system', name: 'berth:export' } as const
const catalogPage = 500

/** `berth export`: everything back out, in the format that every tool reads. */
export function registerExportCommand(program: Command): void {
  const command = addSettingFlags(program.command('export'), { showAll: false })
    .description('give repositories back as OCI image layouts, which skopeo, oras, crane and podman read')
    .requiredOption('--to <place>', 'a folder, or a file ending in .tar')
    .option(
      '--repository <name>',
      'only this repository; alone, the folder itself is its layout; repeatable',
      collect,
      [],
    )
    .option('--project <name>', 'only this project; repeatable', collect, [])
    .option('--tag <pattern>', 'only these tags: v1.*; repeatable', collect, [])
    .option('--untagged', 'artifacts without a tag, too', false)
    .option('--link', 'hard links where bytes cannot be cloned: read-only for whoever uses them', false)
  addOutputFlag(command).addHelpText(
    'after',
    `
Without --repository every repository becomes a layout in a folder of its name. Signatures and other referrers come along.

Examples:
  berth export --to /backup/images
  berth export --repository library/nginx --to nginx.tar
  skopeo copy oci:/backup/images/library/nginx:v1 docker://other.example.org/nginx:v1`,
  )
  command.action(async (flags: Flags) => {
    const { config } = loadConfigFor(command)
    const startedAt = performance.now()
    using _said = sayWhenInterrupted('what was written stays; the same command writes it again')
    await using services = await openTransfer(config, { begin: false })
    const total = flags.to.endsWith('.tar')
      ? await exportToTar(services, flags)
      : await exportTo(services, resolve(flags.to), flags)
    printOutcome(withDuration({ text: describeTotal(total, flags.to), json: total }, startedAt), flags.output)
  })
}

const describeTotal = ({ repositories, tags, manifests, blobs, bytes }: Total, to: string): string =>
  `${repositories} repositories, ${tags} tags, ${manifests} manifests and ${blobs} blobs (${bytes} bytes) in ${to}`

type Total = Exported & { repositories: number }

async function exportToTar(services: TransferServices, flags: Flags): Promise<Total> {
  const file = resolve(flags.to)
  const folder = await mkdtemp(join(dirname(file), '.berth-export-'))
  try {
    // Read once more and thrown away: a second name does as well as a copy.
    const total = await exportTo(services, folder, { ...flags, link: true })
    await pipeline(packTar(folder), createWriteStream(file))
    return total
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function exportTo(services: TransferServices, folder: string, flags: Flags): Promise<Total> {
  const patterns = flags.tag.map(parseDoublestar)
  const options: ExportOptions = {
    isWanted: (tag) => patterns.length === 0 || patterns.some((matches) => matches(tag)),
    untagged: flags.untagged,
    link: flags.link,
  }
  const isAlone = flags.repository.length === 1 && flags.project.length === 0
  const show = showProgress('repositories')
  const total: Total = { repositories: 0, tags: 0, manifests: 0, blobs: 0, bytes: 0 }
  for await (const name of repositoriesOf(services, flags)) {
    const admission = await services.admit(actor, 'pull', parseRepositoryName(name))
    if (admission.repositoryId === undefined) {
      throw new CommandError(`there is no repository ${name}`, { next: 'names have the form project/rest' })
    }
    const layout = await OciLayoutWriter.create(isAlone ? folder : join(folder, layoutFolderOf(name)))
    const exported = await exportRepository(services, admission, layout, options)
    await layout.finish()
    total.repositories++
    for (const key of ['tags', 'manifests', 'blobs', 'bytes'] as const) total[key] += exported[key]
    show({ count: total.repositories, bytes: total.bytes })
  }
  return total
}

async function* repositoriesOf({ database }: TransferServices, flags: Flags): AsyncGenerator<string> {
  yield* flags.repository
  if (flags.repository.length > 0 && flags.project.length === 0) return
  const projects = new Set(flags.project.map(parseProjectName))
  let last: string | undefined
  do {
    const { repositories, next } = await listCatalog(database, { size: catalogPage, last })
    yield* repositories.filter((name) => projects.size === 0 || projects.has(name.slice(0, name.indexOf('/'))))
    last = next
  } while (last !== undefined)
}
