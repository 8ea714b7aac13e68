import { z } from 'zod'
import {
  collectGarbage,
  nothingCollected,
  type Collected,
  type CollectorOptions,
} from '../domain/garbage-collection/collect.ts'
import { collectGarbageJob, type CollectGarbagePayload } from '../domain/garbage-collection/collect-job.ts'
import { estimateGarbage } from '../domain/garbage-collection/estimate.ts'
import type { RegistrySettings } from '../domain/policies/gates.ts'
import { isReadOnly } from '../domain/settings/read-only.ts'
import { Interrupted, type JobKind } from './job-kind.ts'

const stateSchema = z.record(z.string(), z.number())

/** The progress of each step, in words. */
const tell: Readonly<Record<string, (collected: Readonly<Collected>) => string>> = {
  expireTrash: ({ expired }) => `${expired} entries of the trash whose time was over`,
  followDeletions: ({ manifests }) => `${manifests} manifests of deleted ones`,
  deleteUntagged: ({ manifests }) => `${manifests} manifests so far, with untagged ones`,
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
      if (deleteUntagged !== job.payload.deleteUntagged)
        job.log(`untagged manifests stay: ${readOnly ? 'the registry is read only' : 'deleting is switched off'}`)
      const options = { ...collector, graceMs: 0, deleteUntagged, workers, signal: job.signal }
      if (dryRun) {
        job.progress({ step: 'estimate' })
        const { expired, manifests, blobs, bytes } = await estimateGarbage(options)
        job.signal.throwIfAborted()
        job.log(`dry run: ${expired} entries of the trash would be forgotten, and ${manifests} manifests deleted`)
        job.log(`dry run: ${blobs} blobs would go, ${bytes} bytes with those that wait to be deleted`)
        return { expired, manifests, blobs, bytes }
      }
      const before = { ...nothingCollected(), ...stateSchema.safeParse(job.state).data }
      if (job.attempt > 1) job.log('going on after an interruption')
      let current: string | undefined
      let total = before
      let last = nothingCollected()
      await collectGarbage(options, async (step, collected) => {
        if (current !== undefined && current !== step) job.log(`${current}: ${tell[current]!(last)}`)
        current = step
        last = { ...collected }
        total = sum(before, last)
        job.progress({ step, ...total })
        await job.checkpoint({ ...total })
      })
      if (current !== undefined) job.log(`${current}: ${tell[current]!(last)}`)
      const result = { manifests: total.manifests, blobs: total.blobs, bytes: total.blobBytes, expired: total.expired }
      if (job.signal.aborted) throw new Interrupted(result)
      job.log(
        `done: ${total.manifests} manifests, ${total.blobs} blobs, ${total.blobBytes} bytes; ` +
          'the store gives the bytes of blobs that went back some minutes later, when no download can still read them',
      )
      return result
    },
  }
}

function sum(one: Collected, other: Collected): Collected {
  const keys = Object.keys(other) as (keyof Collected)[]
  return Object.fromEntries(keys.map((key) => [key, one[key] + other[key]])) as unknown as Collected
}
