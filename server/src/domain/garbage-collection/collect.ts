import type { Database } from '../../database/database.ts'
import type { BlobSweeper } from '../../storage/blob-store.ts'
import type { Clock } from '../clock.ts'
import type { Events } from '../events/events.ts'
import { deleteUntagged, followDeletions } from '../artifacts/orphans.ts'
import { takeGoneManifests } from '../content/gone-manifests.ts'
import { expireTrash } from '../trash/trash.ts'
import { removeCondemned } from './remove-condemned.ts'
import { unlinkReviewed } from './unlink-reviewed.ts'
import { sweepBytes } from './sweep-bytes.ts'

export interface CollectorOptions {
  readonly database: Database
  readonly sweeper: Pick<BlobSweeper, 'delete'>
  readonly clock: Clock
  readonly events: Events
  /** The time that a condemned blob waits for a push or mount to revive it. */
  readonly graceMs: number
  /** The time that doomed bytes stay, for reads that looked them up before. */
  readonly lingerMs: number
  /** The time for which a deleted artifact can be restored. */
  readonly trashWindowMs: number
  /** The time that a manifest without a tag is left alone, since its index may be on its way. */
  readonly leaseMs: number
  /** Rows of one look. */
  readonly batch: number
  /** True when manifests go too that no tag, index or subject holds. */
  readonly deleteUntagged?: boolean
  /** Transactions and deletes under way at once. */
  readonly workers?: number
  /** Awaited before the first look of each step. */
  readonly onBegin?: (step: string) => Promise<void>
  /** Told of each manifest and blob that went for good. */
  readonly onGone?: (what: 'manifest' | 'blob', digest: string) => void
  /** Ends the run between two transactions. */
  readonly signal?: AbortSignal | undefined
}

export interface Collected {
  /** Entries whose time in the trash was over. */
  expired: number
  /** Manifests that belonged to deleted ones, or that nothing named. */
  manifests: number
  /** Manifests that went for good: of the trash, or because there is none. */
  goneManifests: number
  goneManifestBytes: number
  /** Links without a manifest that were taken out of their repository. */
  links: number
  condemned: number
  /** Blobs whose row went. */
  blobs: number
  /** Their bytes: nothing can read them any more. */
  blobBytes: number
  /** Bytes that the store gave back. */
  freedBytes: number
}

export const nothingCollected = (): Collected => ({
  expired: 0,
  manifests: 0,
  goneManifests: 0,
  goneManifestBytes: 0,
  links: 0,
  condemned: 0,
  blobs: 0,
  blobBytes: 0,
  freedBytes: 0,
})

/** One look of a step at its queue; returns how many rows it looked at. Fewer than `batch`: its queue is empty. */
type Step = (options: CollectorOptions, collected: Collected) => Promise<number>

const actor = { kind: 'system', name: 'garbage-collection' } as const

/**
 * The steps of a run, in their order, each with a queue of changes, so that no step walks the store. The next run goes
 * on where a run died, because a queue still has the rows that were not done.
 */
export const steps = {
  expireTrash: async ({ batch, signal, ...services }, collected) => {
    const expired = await expireTrash(services, { max: batch, signal })
    collected.expired += expired
    return expired
  },
  followDeletions: async ({ batch, signal, ...services }, collected) => {
    const { looked, deleted } = await followDeletions(services, { max: batch, signal, actor })
    collected.manifests += deleted
    return looked
  },
  deleteUntagged: async ({ batch, signal, leaseMs, ...services }, collected) => {
    if (services.deleteUntagged !== true) return 0
    const { looked, deleted } = await deleteUntagged(services, { max: batch, signal, actor, spareMs: leaseMs })
    collected.manifests += deleted
    return looked
  },
  unlinkReviewed,
  countGone: async ({ database, clock, graceMs, batch, onGone }, collected) => {
    const gone = await takeGoneManifests(database, clock.now() - graceMs, batch)
    collected.goneManifests += new Set(gone.map(({ digest }) => digest)).size
    for (const { digest, size } of gone) {
      collected.goneManifestBytes += size
      onGone?.('manifest', digest)
    }
    return gone.length
  },
  removeCondemned,
  sweepBytes,
} satisfies Record<string, Step>

export type StepName = keyof typeof steps
export const stepNames = Object.keys(steps) as readonly StepName[]

/**
 * Collects garbage: a blob goes `live → condemned → gone`, and its bytes after it, in small transactions beside pushes
 * and pulls (invariant 7). A run does every step until its queue is empty, and tells `onStep` the counts after each
 * look. Any number of runs may go on at once.
 */
export async function collectGarbage(
  options: CollectorOptions,
  onStep: (step: StepName, collected: Readonly<Collected>) => Promise<void> = async () => {},
): Promise<Collected> {
  const collected = nothingCollected()
  for (const name of stepNames) {
    const step: Step = steps[name]
    if (options.signal?.aborted !== true) await options.onBegin?.(name)
    for (let looked = options.batch; looked >= options.batch && options.signal?.aborted !== true;) {
      looked = await step(options, collected)
      await onStep(name, collected)
    }
  }
  return collected
}
