import type { Digest } from '#contract/digest.ts'
import type { CopyItem } from './copy-repository.ts'
import type { Filters } from './filters.ts'
import type { AccessoryName, ListedDestination, ReplicationDestination, ReplicationSource } from './sides.ts'

/** The difference between a repository and what replication made of it. */
export interface Difference {
  /** What the other side lacks. */
  readonly missing: CopyItem[]
  /** What it has under another digest. */
  readonly different: CopyItem[]
  /** Names that only the destination has. */
  readonly extra: string[]
  /** Names and manifests that both have. */
  same: number
}

export interface Compared {
  readonly source: ReplicationSource
  readonly destination: ReplicationDestination
  readonly from: string
  readonly to: string
  readonly filters: Filters
  readonly signal: AbortSignal
}

const asksAtOnce = 8

/**
 * Compares by digests. One list of each side says it all where they list digests; a destination that lists only names is
 * asked for each that both have, as only that tells whether it moved.
 */
export async function compareRepository(compared: Compared): Promise<Difference> {
  const { source, destination, from, to, filters, signal } = compared
  const there = await destination.list(to)
  const found: Difference = { missing: [], different: [], extra: [], same: 0 }
  const seen = new Set<string>()
  const asked: (() => Promise<void>)[] = []
  const compare = (item: CopyItem, known: Digest | undefined | 'ask') => {
    const judge = (digest: Digest | undefined) => {
      if (digest === undefined) found.missing.push(item)
      else if (digest === item.digest) found.same++
      else found.different.push(item)
    }
    if (known !== 'ask') return judge(known)
    asked.push(async () => judge(await destination.findDigest(to, item.tag ?? item.digest)))
  }
  for await (const artifact of source.walkArtifacts(from, filters)) {
    signal.throwIfAborted()
    const selected = filters.select(artifact)
    const { digest } = artifact
    for (const tag of selected.tags) {
      seen.add(tag)
      compare({ tag, digest }, knownTag(there, tag))
    }
    if (selected.untagged) compare({ tag: undefined, digest }, knownDigest(there, digest))
    if (selected.tags.length === 0 && !selected.untagged) continue
    for (const accessory of artifact.accessories ?? []) {
      if (accessory.tag !== undefined) seen.add(accessory.tag)
      compare(accessory, knownAccessory(there, accessory))
    }
    if (asked.length >= asksAtOnce) await all(asked)
  }
  await all(asked)
  for (const tag of there.tags.keys()) if (!seen.has(tag) && filters.wantsTag(tag)) found.extra.push(tag)
  return found
}

/** Listed with their digests where tags are; a name of cosign's tells more than nothing. */
function knownAccessory(there: ListedDestination, { digest, tag }: AccessoryName): Digest | undefined | 'ask' {
  return tag !== undefined && there.digests === undefined ? knownTag(there, tag) : knownDigest(there, digest)
}

function knownTag({ tags, digests }: ListedDestination, tag: string): Digest | undefined | 'ask' {
  if (!tags.has(tag)) return undefined
  return digests === undefined ? 'ask' : tags.get(tag)
}

const knownDigest = ({ digests }: ListedDestination, digest: Digest): Digest | undefined | 'ask' =>
  digests === undefined ? 'ask' : digests.has(digest) ? digest : undefined

async function all(asked: (() => Promise<void>)[]): Promise<void> {
  while (asked.length > 0) await Promise.all(asked.splice(0, asksAtOnce).map((ask) => ask()))
}
