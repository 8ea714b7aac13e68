import type { Digest } from '#contract/digest.ts'
import { isImageConfigMediaType, isIndexMediaType, isManifestMediaType } from '#contract/media-types.ts'
import type { Reader } from '../../database/database.ts'
import { kindOfBytes } from '../artifacts/what-runs.ts'
import { DomainError } from '../errors.ts'

/** An image within an artifact. */
export interface Leaf {
  readonly digest: Digest
  /** Whether it can be scanned. What cannot is counted, so that an index with it is never called whole. */
  readonly isSupported: boolean
  readonly mediaType: string
}

/** Harbor's sentence for an artifact without an image in it. */
export function notScannable(scanner: { readonly name: string }, target: { readonly mediaType: string }): DomainError {
  return new DomainError(
    'BAD_REQUEST',
    `the configured scanner ${scanner.name} does not support scanning artifact with mime type ${target.mediaType}`,
  )
}

/** Of one artifact, however its indexes are nested. */
const maxLeaves = 1_000

/** By what a list knows of an artifact: whether a scan could be asked for. */
export function isScannable(artifact: { readonly mediaType: string; readonly artifactType: string }): boolean {
  const { mediaType, artifactType } = artifact
  return isIndexMediaType(mediaType) || (isManifestMediaType(mediaType) && isImageConfigMediaType(artifactType))
}

interface Node {
  readonly id: number
  readonly digest: string
  readonly media_type: string
  readonly artifact_type: string
}

/**
 * The images of an artifact: itself, or those of an index, each once. Attestations that builders put beside images are none. What a
 * runtime would run can be scanned, whatever it calls itself: policies hold it back until it was. More than a thousand are not looked for.
 */
export async function listLeaves(reader: Reader, artifactId: number): Promise<readonly Leaf[]> {
  const leaves = new Map<string, Leaf>()
  let level = [artifactId]
  const seen = new Set<number>()
  while (level.length > 0 && leaves.size < maxLeaves) {
    const nodes = await nodesOf(reader, level)
    const next: number[] = []
    for (const node of nodes) {
      seen.add(node.id)
      if (isIndexMediaType(node.media_type)) next.push(...(await childrenOf(reader, node.id)))
      else {
        const kind = await kindOf(reader, node)
        if (kind === undefined || kind === 'attestation') continue
        leaves.set(node.digest, {
          digest: node.digest as Digest,
          isSupported: kind === 'image',
          mediaType: node.media_type,
        })
      }
    }
    level = next.filter((id) => !seen.has(id)).slice(0, maxLeaves)
  }
  return [...leaves.values()]
}

async function nodesOf(reader: Reader, ids: readonly number[]): Promise<readonly Node[]> {
  return await reader
    .selectFrom('artifact')
    .select(['id', 'digest', 'media_type', 'artifact_type'])
    .where('id', 'in', ids)
    .orderBy('id')
    .execute()
}

async function childrenOf(reader: Reader, parent: number): Promise<readonly number[]> {
  const rows = await reader
    .selectFrom('artifact_child')
    .select('child_id')
    .where('parent_id', '=', parent)
    .orderBy('child_id')
    .limit(maxLeaves)
    .execute()
  return rows.map(({ child_id: id }) => id)
}

/** Undefined when it is gone meanwhile. Reads one manifest at a time: a thousand of them may have gigabytes. */
async function kindOf(reader: Reader, node: Node) {
  if (!isManifestMediaType(node.media_type)) return 'data'
  const row = await reader
    .selectFrom('artifact_payload')
    .select('bytes')
    .where('artifact_id', '=', node.id)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return kindOfBytes(row.bytes, node.media_type)
}
