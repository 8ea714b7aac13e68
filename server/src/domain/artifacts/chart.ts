import { createGunzip } from 'node:zlib'
import { createTarDecoder } from 'modern-tar'
import { parse as parseYaml } from 'yaml'
import { parseManifest } from '#contract/manifest.ts'
import type { Admission } from '../access/admission.ts'
import type { Blobs } from '../content/blobs.ts'
import { DomainError } from '../errors.ts'
import type { StoredManifest } from './pull.ts'

/** What people look for in a Helm chart. */
export interface ChartFiles {
  readonly readme: string | undefined
  readonly values: string | undefined
  readonly dependencies: readonly ChartDependency[]
}

export interface ChartDependency {
  readonly name: string
  readonly version: string
  readonly repository: string
}

export const chartConfigMediaType = 'application/vnd.cncf.helm.config.v1+json'
const chartContentMediaType = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'

/** Charts have kilobytes; what is larger is not unpacked for a page. */
const mostPackedBytes = 8 << 20
const mostUnpackedBytes = 64 << 20
const mostFileBytes = 1 << 20

/**
 * The files of a Helm chart that tell about it; undefined for an artifact that is none.
 * @throws DomainError BAD_REQUEST when it is too large or not what it says it is, BLOB_UNKNOWN
 */
export async function readChartFiles(
  blobs: Blobs,
  admission: Admission<'pull'>,
  { bytes, mediaType }: Pick<StoredManifest, 'bytes' | 'mediaType'>,
): Promise<ChartFiles | undefined> {
  const { config, layers } = parseManifest(bytes, mediaType)
  const layer = layers.find((each) => each.mediaType === chartContentMediaType)
  if (config?.mediaType !== chartConfigMediaType || layer === undefined) return undefined
  const blob = await blobs.getBlob(admission, layer.digest)
  if (blob.size > mostPackedBytes) throw refused(`it has ${blob.size} bytes`)
  const packed = new Uint8Array(await new Response((await blobs.openBlob(admission, blob)) as BodyInit).arrayBuffer())
  const files = await unpack(packed, new Set(['README.md', 'values.yaml', 'Chart.yaml', 'requirements.yaml']))
  return {
    readme: files.get('README.md'),
    values: files.get('values.yaml'),
    dependencies: dependenciesIn(files.get('Chart.yaml')) ?? dependenciesIn(files.get('requirements.yaml')) ?? [],
  }
}

/** The wanted files of the chart itself, not of charts within it. Bytes are counted as they come, not as a header says. */
async function unpack(packed: Uint8Array, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>()
  let unpackedBytes = 0
  const gunzip = createGunzip()
  gunzip.end(packed)
  const unpacked = new ReadableStream<Uint8Array>({
    async start(controller) {
      try {
        for await (const chunk of gunzip as AsyncIterable<Uint8Array>) {
          unpackedBytes += chunk.byteLength
          if (unpackedBytes > mostUnpackedBytes) throw refused('it is too large when unpacked')
          controller.enqueue(chunk)
        }
        controller.close()
      } catch (error) {
        controller.error(error)
      }
    },
  })
  try {
    for await (const { header, body } of unpacked.pipeThrough(createTarDecoder())) {
      const [, name = '', ...below] = header.name.replace(/^\.\//, '').split('/')
      if (header.type === 'file' && below.length === 0 && wanted.has(name)) {
        if (header.size > mostFileBytes) throw refused(`its ${name} has ${header.size} bytes`)
        files.set(name, await new Response(body).text())
      } else await body.cancel()
    }
  } catch (cause) {
    if (cause instanceof DomainError) throw cause
    throw refused(`it cannot be unpacked: ${(cause as Error).message.slice(0, 200)}`)
  }
  return files
}

function dependenciesIn(text: string | undefined): readonly ChartDependency[] | undefined {
  if (text === undefined) return undefined
  let document: unknown
  try {
    // Aliases that multiply are an attack on who reads: none is followed.
    document = parseYaml(text, { maxAliasCount: 0 })
  } catch (cause) {
    throw refused(`its Chart.yaml is no YAML: ${(cause as Error).message.slice(0, 200)}`)
  }
  const listed = (document as { dependencies?: unknown } | null)?.dependencies
  if (!Array.isArray(listed)) return undefined
  return listed.map((each: Record<string, unknown> | null) => ({
    name: String(each?.['name'] ?? ''),
    version: String(each?.['version'] ?? ''),
    repository: String(each?.['repository'] ?? ''),
  }))
}

function refused(why: string): DomainError {
  return new DomainError('BAD_REQUEST', `this chart cannot be shown: ${why}`)
}
