import { sql } from 'kysely'
import { parseManifest } from '#contract/manifest.ts'
import type { Reader } from '../../../database/database.ts'

/** Findings that go away when one image is built again on newer packages. */
export interface Rebuild {
  /** The image to build again, when it is in the registry. */
  readonly base: StoredImage | undefined
  /** What the images say that they are built on; undefined when they say nothing. */
  readonly baseName: string | undefined
  readonly layers: readonly string[]
  readonly images: number
  /** Findings in all these images together. */
  readonly fixable: number
  readonly exploited: number
  readonly recentlyPulled: number
  /** Some of the images. */
  readonly examples: readonly StoredImage[]
}

export interface StoredImage {
  readonly artifactId: number
  readonly projectId: number
  readonly repository: string
  readonly digest: string
}

const layersLookedAt = 30
const imagesLookedAt = 16
/** A larger manifest is not read for a list. */
const maxManifestBytes = 32 << 10
const mostCounted = 1_000
const examplesShown = 3

interface Candidate extends StoredImage {
  readonly layers: readonly string[]
  readonly says: string | undefined
}

interface Group extends Omit<Rebuild, 'recentlyPulled' | 'layers'> {
  readonly layers: string[]
}

/**
 * Where building again helps most. The layers with most findings that a newer version mends are looked at, and some images of
 * each: the image whose layers all the others begin with is what they are built on.
 */
export async function listRebuilds(
  reader: Reader,
  scannerId: string,
  { pulledSince, limit }: { readonly pulledSince: number; readonly limit: number },
): Promise<readonly Rebuild[]> {
  const totals = await reader
    .selectFrom('layer_total')
    .select(['layer', 'images', 'fixable', 'exploited'])
    .where('scanner_id', '=', scannerId)
    // What one image alone has is its own, and no base of others.
    .where('images', '>', 1)
    .where('fixable', '>', 0)
    .orderBy('fixable', 'desc')
    .orderBy('layer')
    .limit(layersLookedAt)
    .execute()
  const groups = new Map<string, Group>()
  for (const { layer, images, fixable, exploited } of totals) {
    const candidates = await candidatesOf(reader, scannerId, layer)
    if (candidates.length === 0) continue
    const base = baseOf(candidates)
    const baseName = candidates.find(({ says }) => says !== undefined)?.says
    const key = base?.digest ?? baseName ?? layer
    const known = groups.get(key)
    groups.set(key, {
      base,
      baseName,
      layers: [...(known?.layers ?? []), layer],
      images: Math.max(images, known?.images ?? 0),
      fixable: fixable + (known?.fixable ?? 0),
      exploited: exploited + (known?.exploited ?? 0),
      examples: known?.examples ?? candidates.filter(({ digest }) => digest !== base?.digest).slice(0, examplesShown),
    })
  }
  const worst = [...groups.values()]
    .toSorted((one, other) => Number(other.exploited > 0) - Number(one.exploited > 0) || other.fixable - one.fixable)
    .slice(0, limit)
  const found: Rebuild[] = []
  for (const group of worst)
    found.push({ ...group, recentlyPulled: await countPulled(reader, scannerId, group.layers[0]!, pulledSince) })
  return found
}

/** Some images with the layer, each once. */
async function candidatesOf(reader: Reader, scannerId: string, layer: string): Promise<readonly Candidate[]> {
  const rows = await reader
    .selectFrom('scan_layer')
    .innerJoin('artifact', 'artifact.digest', 'scan_layer.digest')
    .innerJoin('artifact_payload', 'artifact_payload.artifact_id', 'artifact.id')
    .innerJoin('repository', 'repository.id', 'artifact.repository_id')
    .select(['artifact.id', 'artifact.digest', 'artifact.media_type', 'artifact_payload.bytes'])
    .select(['repository.name', 'repository.project_id'])
    .where('scan_layer.scanner_id', '=', scannerId)
    .where('scan_layer.layer', '=', layer)
    .where('artifact.manifest_size', '<=', maxManifestBytes)
    .orderBy('scan_layer.digest')
    .orderBy('artifact.id')
    .limit(imagesLookedAt)
    .execute()
  const byDigest = new Map(rows.toReversed().map((row) => [row.digest, row]))
  return [...byDigest.values()].map((row) => {
    const { layers, annotations = {} } = parseManifest(row.bytes, row.media_type)
    return {
      artifactId: row.id,
      projectId: row.project_id,
      repository: row.name,
      digest: row.digest,
      layers: layers.map(({ digest }) => digest),
      says: annotations['org.opencontainers.image.base.name'],
    }
  })
}

/** The image with the fewest layers that another one begins with. */
function baseOf(candidates: readonly Candidate[]): Candidate | undefined {
  return candidates
    .toSorted((one, other) => one.layers.length - other.layers.length)
    .find((base) => candidates.some((other) => isBuiltOn(other, base)))
}

const isBuiltOn = (image: Candidate, base: Candidate): boolean =>
  image.layers.length > base.layers.length && base.layers.every((layer, index) => image.layers[index] === layer)

/** Artifacts that have the layer and were pulled of late. */
async function countPulled(reader: Reader, scannerId: string, layer: string, since: number): Promise<number> {
  const some = reader
    .selectFrom('scan_layer')
    .select('digest')
    .where('scanner_id', '=', scannerId)
    .where('layer', '=', layer)
    .limit(mostCounted)
  const { count } = await reader
    .selectFrom(some.as('some'))
    .innerJoin('artifact', 'artifact.digest', 'some.digest')
    .select(sql<number | string>`count(*)`.as('count'))
    .where('artifact.pulled_at', '>=', since)
    .executeTakeFirstOrThrow()
  return Number(count)
}
