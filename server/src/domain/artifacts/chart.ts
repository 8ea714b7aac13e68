import { createGunzip } from 'node:zlib'
import { budgets } from '#contract/budget.ts'
import { ContractError } from '#contract/contract-error.ts'
import { parseManifest } from '#contract/manifest.ts'
import { ParserBusy, parseForeignYaml } from '../../runtime/yaml-thread.ts'
import type { Admission, Reading } from '../access/admission.ts'
import type { Blobs } from '../content/blobs.ts'
import { DomainError } from '../errors.ts'
import { readConfigFields } from './image-config.ts'
import type { StoredManifest } from './pull.ts'
import { readTarFiles, type TarFile } from './tar-files.ts'

export interface ChartDependency {
  readonly name: string
  readonly version: string
  readonly repository: string
}

export const chartConfigMediaType = 'application/vnd.cncf.helm.config.v1+json'
const chartContentMediaType = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'

/** Charts have kilobytes; what is larger is not unpacked for a page. */
const maxPackedBytes = 8 << 20
const maxUnpackedBytes = 64 << 20
const maxFileBytes = 1 << 20

/**
 * A text file of a Helm chart: `README.md`, `values.yaml`; '' where the chart has none, undefined for an artifact that
 * is no chart.
 * @throws DomainError BAD_REQUEST when it is too large or not what it says it is, BLOB_UNKNOWN
 */
export async function readChartText(chart: ChartSource, file: string): Promise<string | undefined> {
  const files = await readFiles(chart, [file])
  return files === undefined ? undefined : (files.get(file) ?? '')
}

/**
 * The charts that a Helm chart needs; undefined for an artifact that is no chart.
 * @throws DomainError BAD_REQUEST when they cannot be read, UNAVAILABLE while many others are read, BLOB_UNKNOWN
 */
export async function readChartDependencies(chart: ChartSource): Promise<readonly ChartDependency[] | undefined> {
  const places = ['Chart.yaml', 'requirements.yaml']
  const files = await readFiles(chart, places)
  if (files === undefined) return undefined
  for (const place of places) {
    const found = await dependenciesIn(place, files.get(place))
    if (found !== undefined) return found
  }
  return []
}

/**
 * What `Chart.yaml` says of a chart, as helm puts it into the config: version, maintainers, keywords and so on. Undefined
 * for an artifact that is no chart.
 * @throws DomainError BAD_REQUEST when it is too large or no JSON, BLOB_UNKNOWN
 */
export async function readChartMetadata({
  blobs,
  admission,
  manifest,
}: ChartSource): Promise<Record<string, unknown> | undefined> {
  const { config } = parseManifest(manifest.bytes, manifest.mediaType)
  if (config?.mediaType !== chartConfigMediaType) return undefined
  return await readConfigFields(blobs, admission, config)
}

/** Where a chart's files come from. */
export interface ChartSource {
  readonly blobs: Blobs
  readonly admission: Admission<Reading>
  readonly manifest: Pick<StoredManifest, 'bytes' | 'mediaType'>
}

async function readFiles(
  { blobs, admission, manifest }: ChartSource,
  wanted: readonly string[],
): Promise<ReadonlyMap<string, string> | undefined> {
  const { config, layers } = parseManifest(manifest.bytes, manifest.mediaType)
  const layer = layers.find((each) => each.mediaType === chartContentMediaType)
  if (config?.mediaType !== chartConfigMediaType || layer === undefined) return undefined
  const blob = await blobs.getBlob(admission, layer.digest)
  if (blob.size > maxPackedBytes) throw refused(`it has ${blob.size} bytes`)
  const packed = new Uint8Array(await new Response((await blobs.openBlob(admission, blob)) as BodyInit).arrayBuffer())
  return await unpack(packed, new Set(wanted))
}

/** The wanted files of the chart itself, not of charts within it. Bytes are counted as they come, not as a header says. */
async function unpack(packed: Uint8Array, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const gunzip = createGunzip()
  gunzip.end(packed)
  const isWanted = ({ name, size }: TarFile): boolean => {
    const place = placeIn(name)
    if (!wanted.has(place)) return false
    if (size > maxFileBytes) throw refused(`its ${place} has ${size} bytes`)
    return true
  }
  try {
    const files = await readTarFiles(counted(gunzip), isWanted)
    return new Map([...files].map(([name, bytes]) => [placeIn(name), new TextDecoder().decode(bytes)]))
  } catch (cause) {
    if (cause instanceof DomainError) throw cause
    throw refused(`it cannot be unpacked: ${(cause as Error).message.slice(0, 200)}`)
  }
}

/** What a file is called within the folder of the chart; '' for what lies deeper, or beside that. */
function placeIn(name: string): string {
  const [, place = '', ...below] = name.replace(/^\.\//, '').split('/')
  return below.length === 0 ? place : ''
}

async function* counted(unpacked: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let unpackedBytes = 0
  for await (const chunk of unpacked) {
    unpackedBytes += chunk.byteLength
    if (unpackedBytes > maxUnpackedBytes) throw refused('it is too large when unpacked')
    yield chunk
  }
}

async function dependenciesIn(file: string, text: string | undefined): Promise<readonly ChartDependency[] | undefined> {
  if (text === undefined) return undefined
  const document = await parsed(file, text)
  const listed = (document as { dependencies?: unknown } | null | undefined)?.dependencies
  if (!Array.isArray(listed)) return undefined
  return listed.map((each: Record<string, unknown> | null) => ({
    name: textOf(each?.['name']),
    version: textOf(each?.['version']),
    repository: textOf(each?.['repository']),
  }))
}

async function parsed(file: string, text: string): Promise<unknown> {
  try {
    return await parseForeignYaml(text, { ...budgets.chartFile, subject: `its ${file}` })
  } catch (cause) {
    if (cause instanceof ContractError) throw refused(cause.message)
    if (!(cause instanceof ParserBusy)) throw cause
    throw new DomainError('UNAVAILABLE', 'many charts are read at this moment; try again', { retryAfterSeconds: 5 })
  }
}

/** YAML makes a number of an unquoted version; anything else is no text. */
const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

function refused(why: string): DomainError {
  return new DomainError('BAD_REQUEST', `this chart cannot be shown: ${why}`)
}
