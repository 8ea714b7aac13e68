import { createReadStream, existsSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Command } from 'commander'
import { openExistingDatabase } from '#server/compose/database.ts'
import { composeEvents } from '#server/compose/events.ts'
import { composeAdvisories } from '#server/compose/scanning.ts'
import type { Config } from '#server/config/config.ts'
import { systemClock } from '#server/domain/clock.ts'
import { AdvisoryFileWriter } from '#server/domain/scanning/data/advisory-file.ts'
import { copyLayer, dataLayerOf } from '#server/domain/scanning/data/data-artifact.ts'
import { importAdvisories, NothingToImport, type ImportResult } from '#server/domain/scanning/data/import-advisories.ts'
import { chooseTarget, openRegistry } from '../../api/choose-registry.ts'
import { cliActor } from '../../archive-command.ts'
import { CommandError } from '../../command-error.ts'
import { printOutcome, type Format, type Outcome } from '../../output.ts'
import { declareCommand, type Flags } from '../../registry-command.ts'
import { parseImageReference, type ImageReference } from '../../scan/image-reference.ts'
import { openNamedRegistry, withAdvice } from '../../scan/registry-address.ts'
import { loadConfigFor } from '../../setting-flags.ts'
import { addFollowFlag, startedJob } from '../job.ts'
import { dayOf } from './data.ts'

export function registerImportCommand(parent: Command): void {
  const command = declareCommand(parent, {
    usage: 'import <source>',
    description: 'bring vulnerability data into a registry: trivy-db, OSV, Alpine secdb, Debian tracker, KEV, EPSS',
    example: 'berth db import trivy-db.tar.gz\n  berth db import mirror.example.com/aquasecurity/trivy-db:2',
    configure: (each) => {
      each
        .option('--debian-release <number>', 'of a list of one release that does not say which')
        .option('--data-time <time>', 'when it was published, where it does not say so itself (2026-01-31)')
      addFollowFlag(each)
    },
  })
  command.action(async (source: string) => {
    const flags = command.opts<Record<string, unknown>>()
    const { config } = loadConfigFor(command)
    await using owned = new AsyncDisposableStack()
    const given = await openSource(config, source, flags, owned)
    const options = optionsOf(flags)
    const outcome =
      chooseTarget(command).kind === 'local'
        ? await importHere(config, given, options)
        : await upload(command, given, options, flags)
    if (outcome !== undefined) printOutcome(outcome, flags['output'] as Format)
  })
}

interface Source {
  readonly path: string
  /** For people. */
  readonly origin: string
}

interface ImportOptions {
  readonly debianRelease?: string
  readonly dataTime?: string
}

function optionsOf(flags: Flags): ImportOptions {
  const time = flags['dataTime'] === undefined ? undefined : Date.parse(String(flags['dataTime']))
  if (time !== undefined && Number.isNaN(time)) {
    throw new CommandError('--data-time is a day or a time: 2026-01-31', { kind: 'usage' })
  }
  return {
    ...(flags['debianRelease'] === undefined ? {} : { debianRelease: String(flags['debianRelease']) }),
    ...(time === undefined ? {} : { dataTime: new Date(time).toISOString() }),
  }
}

/** A file or a folder, or an artifact of a registry, which is fetched. */
async function openSource(config: Config, source: string, flags: Flags, owned: AsyncDisposableStack): Promise<Source> {
  if (existsSync(source)) return { path: source, origin: basename(source) }
  const reference = parseImageReference(source)
  if (reference === undefined)
    throw new CommandError(`${source} is not there, and no artifact in a registry`, {
      kind: 'not-found',
      next: 'name a file, a folder, or an artifact: mirror.example.com/aquasecurity/trivy-db:2',
    })
  const folder = await mkdtemp(join(tmpdir(), 'berth-db-'))
  owned.defer(() => rm(folder, { recursive: true, force: true }))
  return await fetchArtifact(config, source, withStandardTag(source, reference), { flags, folder })
}

/** Trivy publishes its data under the number of its schema. */
const withStandardTag = (source: string, reference: ImageReference): ImageReference =>
  reference.reference === 'latest' && !source.endsWith(':latest') ? { ...reference, reference: '2' } : reference

async function fetchArtifact(
  config: Config,
  source: string,
  reference: ImageReference,
  { flags, folder }: { readonly flags: Flags; readonly folder: string },
): Promise<Source> {
  const trust = { ca: flags['ca'] as string | undefined, insecure: flags['insecure'] === true }
  const { client: opened, url } = openNamedRegistry(config, reference, trust)
  using client = opened
  try {
    const manifest = await client.manifests.find(reference.repository, reference.reference)
    if (manifest === undefined) throw new CommandError(`${source} is not there`, { kind: 'not-found' })
    const artifact = {
      ...manifest,
      openBlob: async (...[digest, sizeBytes]: Parameters<Parameters<typeof copyLayer>[0]['openBlob']>) => {
        const blob = await client.blobs.open(reference.repository, digest, { sizeBytes })
        if (blob === undefined) throw new CommandError(`${url} has no blob ${digest}`, { kind: 'not-found' })
        return blob.bytes as AsyncIterable<Uint8Array>
      },
    }
    const layer = dataLayerOf(artifact)
    const path = join(folder, layer.name.replaceAll(/[^\w.+-]/g, '_') || 'data')
    console.error(`berth: fetching ${layer.size} bytes of ${source}`)
    await copyLayer(artifact, layer, path, new AbortController().signal)
    return { path, origin: `${reference.host}/${reference.repository}:${reference.reference}@${manifest.digest}` }
  } catch (error) {
    throw withAdvice(error, url)
  }
}

/** In this process: a registry need not run for it. */
async function importHere(config: Config, { path: from, origin }: Source, options: ImportOptions): Promise<Outcome> {
  await using database = await openExistingDatabase(config)
  using generations = composeAdvisories(config, { database, clock: systemClock, events: composeEvents(systemClock) })
  const { result, generation } = await generations
    .replace(
      cliActor,
      async ({ path, folder }) => {
        using writer = new AdvisoryFileWriter(path)
        return await importAdvisories(from, writer, { ...options, temporaryFolder: folder })
      },
      { origin },
    )
    .catch((error: unknown) => {
      throw error instanceof NothingToImport ? new CommandError(error.message, { kind: 'usage' }) : error
    })
  return { text: presentImport(result, generation.number), json: { generation: generation.number, ...result } }
}

async function upload(command: Command, { path, origin }: Source, options: ImportOptions, flags: Flags) {
  const { size, isFolder } = await stat(path).then((found) => ({ size: found.size, isFolder: found.isDirectory() }))
  if (isFolder) throw new CommandError('a folder cannot be uploaded; pack it, for example with zip', { kind: 'usage' })
  await using api = await openRegistry(command)
  const file = { sizeBytes: size, bytes: createReadStream(path) as AsyncIterable<Uint8Array> }
  const id = await api.upload('POST /system/vulnerability-data', file, {
    query: {
      name: origin.includes('@') ? basename(path) : origin,
      ...(options.debianRelease === undefined ? {} : { debian_release: options.debianRelease }),
      ...(options.dataTime === undefined ? {} : { data_time: options.dataTime }),
    },
  })
  return await startedJob(api, id, `importing ${origin} into ${api.name}`, flags)
}

function presentImport({ sources, refused, examples, passedOver }: ImportResult, generation: number): string {
  return [
    ...sources.map(
      ({ name, advisories, dataTime }) => `${name}: ${advisories} advisories, published ${dayOf(dataTime)}`,
    ),
    ...(passedOver.length === 0 ? [] : [`left out, because Berth does not scan for it: ${passedOver.join(', ')}`]),
    ...(refused === 0 ? [] : [`${refused} entries could not be read, among them ${examples.slice(0, 3).join(', ')}`]),
    `scans use vulnerability data ${generation} from now on`,
  ].join('\n')
}
