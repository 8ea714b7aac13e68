import type { Digest } from '#contract/digest.ts'
import type { Reader } from '../../database/database.ts'
import type { CopyItem } from './copy-repository.ts'
import type { ReplicationPolicy } from './replication-policies.ts'
import type { ReplicationDestination, ReplicationSource } from './sides.ts'

export interface DeletionOptions {
  readonly source: ReplicationSource
  readonly destination: ReplicationDestination
  readonly from: string
  readonly to: string
  readonly signal: AbortSignal
  readonly log: (line: string) => void
}

/** Names that go, and whole artifacts; nothing more than the source lost. */
export interface PlannedDeletions {
  readonly tags: readonly CopyItem[]
  readonly artifacts: readonly Digest[]
}

/**
 * What a deletion still has to take away, by what both sides have now: what is there again at the source stays, what
 * moved at the destination stays, and an artifact goes only when none but the deleted names are left on it.
 */
export async function planDeletions(
  { source, destination, from, to }: DeletionOptions,
  operation: 'deletion' | 'tag deletion',
  items: readonly CopyItem[],
): Promise<PlannedDeletions> {
  const tags: CopyItem[] = []
  const artifacts = new Set<Digest>()
  for (const item of items) {
    const { tag, digest } = item
    if (tag === undefined) {
      const isGone = (await source.getManifest(from, digest)) === undefined
      if (isGone && (await destination.findDigest(to, digest)) !== undefined) artifacts.add(digest)
      continue
    }
    if ((await source.findTag(from, tag)) !== undefined) continue
    const there = await destination.findDigest(to, tag)
    if (there === undefined) continue
    if (operation === 'tag deletion' || there === digest) tags.push({ tag, digest: there })
    if (operation === 'deletion' && there === digest) artifacts.add(digest)
  }
  return { tags, artifacts: [...artifacts] }
}

/** Returns how many names and artifacts went. */
export async function carryOutDeletions(
  { destination, to, signal, log }: DeletionOptions,
  { tags, artifacts }: PlannedDeletions,
): Promise<number> {
  const there = artifacts.length === 0 ? undefined : await destination.list(to)
  const gone = new Set<Digest>()
  for (const digest of artifacts) {
    signal.throwIfAborted()
    const going = new Set(tags.filter((each) => each.digest === digest).map(({ tag }) => tag))
    const others = [...(there?.tags ?? [])].filter(([tag, of]) => of === digest && !going.has(tag)).map(([tag]) => tag)
    if (others.length > 0) {
      log(`${to}@${digest} stays: the destination has it as ${others.slice(0, 5).join(', ')} too`)
      continue
    }
    log((await destination.deleteManifest(to, digest)) ? `deleted ${to}@${digest}` : `${to}@${digest} is not there`)
    gone.add(digest)
  }
  const left = tags.filter(({ digest }) => !gone.has(digest))
  for (const { tag } of left) {
    signal.throwIfAborted()
    const done = await destination.untag(to, tag!)
    log(done ? `deleted the tag ${to}:${tag}` : `the tag ${to}:${tag} is not there`)
  }
  return gone.size + left.length
}

/** Everything that a repository has at the destination, for the deletion of the whole. */
export async function everythingIn({ destination, to }: DeletionOptions): Promise<CopyItem[]> {
  const { tags, digests } = await destination.list(to)
  const items: CopyItem[] = []
  const named = new Set<Digest>()
  for (const [tag, known] of tags) {
    const digest = known ?? (await destination.findDigest(to, tag))
    if (digest === undefined) continue
    named.add(digest)
    items.push({ tag, digest })
  }
  for (const digest of digests ?? []) if (!named.has(digest)) items.push({ tag: undefined, digest })
  return items
}

const windowMs = 10 * 60_000
const maxDeletions = 100
const maxShare = 0.05
/** A share of a few names says nothing. */
const minShared = 20

/**
 * Whether a rule is about to delete so much that a person should look first: more than 100 names within ten minutes, or
 * more than a twentieth of what the source has left.
 */
export async function isTooMuch(
  reader: Reader,
  { id, deletionsUntil }: Pick<ReplicationPolicy, 'id' | 'deletionsUntil'>,
  { deletions, now }: { readonly deletions: number; readonly now: number },
): Promise<boolean> {
  if (deletionsUntil !== undefined && now < deletionsUntil) return false
  const { count } = await reader
    .selectFrom('replication_task')
    .select((eb) => eb.fn.sum<number | string | null>('item_count').as('count'))
    .where('policy_id', '=', id)
    .where('operation', '!=', 'copy')
    .where('occurred_at', '>', now - windowMs)
    .where('status', '=', 'succeeded')
    .executeTakeFirstOrThrow()
  const together = Number(count ?? 0) + deletions
  if (together > maxDeletions) return true
  if (together < minShared) return false
  const { tags } = await reader
    .selectFrom('tag')
    .select((eb) => eb.fn.countAll<number | string>().as('tags'))
    .executeTakeFirstOrThrow()
  return together > maxShare * (Number(tags) + together)
}
