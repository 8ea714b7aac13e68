import { z } from 'zod'
import {
  collectGarbage,
  nothingCollected,
  type Collected,
  type CollectorOptions,
} from '../domain/garbage-collection/collect.ts'
import { collectGarbageJob, type CollectGarbagePayload } from '../domain/garbage-collection/collect-job.ts'
import { estimateGarbage } from '../domain/garbage-collection/estimate.ts'
import { countEligible, type Eligible } from '../domain/garbage-collection/eligible.ts'
import type { RegistrySettings } from '../domain/policies/gates.ts'
import type { Json } from '../domain/jobs/job.ts'
import { isReadOnly } from '../domain/settings/read-only.ts'
import { binarySizeOf } from './binary-size.ts'
import { Interrupted, type JobKind, type RunningJob } from './job-kind.ts'

const stateSchema = z.record(z.string(), z.number())

/** The progress of each step, in words. */
const tell: Readonly<Record<string, (collected: Readonly<Collected>) => string>> = {
  expireTrash: ({ expired }) => `${expired} entries of the trash whose time was over`,
  followDeletions: ({ manifests }) => `${manifests} manifests of deleted ones`,
  deleteUntagged: ({ manifests }) => `${manifests} manifests so far, with untagged ones`,
  countGone: ({ goneManifests }) => `${goneManifests} manifests are gone for good`,
  unlinkReviewed: ({ links, condemned }) => `${links} links taken out of repositories, ${condemned} blobs condemned`,
  removeCondemned: ({ blobs, blobBytes }) => `${blobs} blobs of ${blobBytes} bytes are gone`,
  sweepBytes: ({ freedBytes }) => `${freedBytes} bytes given back by the store`,
}

/**
 * The manual run. It ignores the grace period; the background run does not. A run that was interrupted goes on from its
 * queues.
 */
export function composeCollectGarbage(
  collector: CollectorOptions,
  settings: RegistrySettings,
): JobKind<CollectGarbagePayload> {
  return {
    name: collectGarbageJob.kind,
    concurrency: { registry: 1 },
    maxAttempts: 5,
    parse: collectGarbageJob.parse,
    async run(job) {
      const { dryRun, workers } = job.payload
      // A schedule may be older than the setting.
      const readOnly = settings.readOnly || (await isReadOnly(collector.database.read))
      const deleteUntagged = job.payload.deleteUntagged && settings.deleteEnabled && !readOnly
      // The sentences in Harbor's words are looked for by scripts.
      job.log(
        `Garbage Collection parameters: [delete_untagged: ${deleteUntagged}, dry_run: ${dryRun}, workers: ${workers}]`,
      )
      if (deleteUntagged !== job.payload.deleteUntagged)
        job.log(`untagged manifests stay: ${readOnly ? 'the registry is read only' : 'deleting is switched off'}`)
      const options = { ...collector, graceMs: 0, deleteUntagged, workers, signal: job.signal }
      return dryRun ? await estimate(job, options) : await collect(job, options)
    },
  }
}

async function estimate(job: RunningJob<CollectGarbagePayload>, options: CollectorOptions): Promise<Json> {
  job.progress({ step: 'estimate' })
  const { expired, manifests, blobs, bytes } = await estimateGarbage(options)
  job.signal.throwIfAborted()
  tellEligible(job, { blobs, manifests, bytes })
  job.log(`dry run: ${expired} entries of the trash would be forgotten, and nothing was changed`)
  return { expired, manifests, blobs, bytes }
}

async function collect(job: RunningJob<CollectGarbagePayload>, options: CollectorOptions): Promise<Json> {
  const before = { ...nothingCollected(), ...stateSchema.safeParse(job.state).data }
  if (job.attempt > 1) job.log('going on after an interruption')
  let current: string | undefined
  let total = before
  let last = nothingCollected()
  const telling: CollectorOptions = {
    ...options,
    onGone: tellGone(job),
    onBegin: async (step) => {
      if (step === 'countGone') tellEligible(job, await countEligible(options.database, options.clock.now()))
    },
  }
  await collectGarbage(telling, async (step, collected) => {
    if (current !== undefined && current !== step) job.log(`${current}: ${tell[current]!(last)}`)
    current = step
    last = { ...collected }
    total = sum(before, last)
    job.progress({ step, ...total })
    await job.checkpoint({ ...total })
  })
  if (current !== undefined) job.log(`${current}: ${tell[current]!(last)}`)
  // Where there is a trash, manifests that this run deleted lie in it, and are counted as gone when they leave it.
  const manifests = total.goneManifests + (options.trashWindowMs > 0 ? total.manifests : 0)
  const bytes = total.blobBytes + total.goneManifestBytes
  const result = { manifests, blobs: total.blobs, bytes, expired: total.expired }
  if (job.signal.aborted) throw new Interrupted(result)
  job.log(`${total.blobs} blobs and ${manifests} manifests are actually deleted`)
  job.log(`The GC job actual frees up ${binarySizeOf(bytes)} space.`)
  job.log('the store gives the bytes back some minutes later, when no download can still read them')
  return result
}

function tellEligible({ log }: RunningJob<CollectGarbagePayload>, { blobs, manifests, bytes }: Eligible): void {
  log(`${blobs} blobs and ${manifests} manifests eligible for deletion`)
  log(`The GC could free up ${binarySizeOf(bytes)} space, the size is a rough estimation.`)
}

/** A log ends somewhere, and what a run came to is said at its end. */
const maxDigestsTold = 10_000

function tellGone({ log }: RunningJob<CollectGarbagePayload>): NonNullable<CollectorOptions['onGone']> {
  let told = 0
  return (what, digest) => {
    told += 1
    if (told <= maxDigestsTold) log(`delete ${what} from storage: ${digest}`)
    if (told === maxDigestsTold) log('digests of further deletions are not listed')
  }
}

function sum(one: Collected, other: Collected): Collected {
  const keys = Object.keys(other) as (keyof Collected)[]
  return Object.fromEntries(keys.map((key) => [key, one[key] + other[key]])) as unknown as Collected
}
