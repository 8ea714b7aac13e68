import type { Database } from '../database/database.ts'
import type { Clock } from '../domain/clock.ts'
import type { Events } from '../domain/events/events.ts'
import { ByteThrottle } from '../domain/scrub/byte-throttle.ts'
import { judgeBlob } from '../domain/scrub/check-blob.ts'
import { finishQuarantine, quarantineBlob } from '../domain/scrub/quarantine-blob.ts'
import { scrubJob, type ScrubPayload } from '../domain/scrub/scrub-job.ts'
import { findProgress, listNextBlobs, saveProgress, shareDone } from '../domain/scrub/scrub-progress.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { faultPoint } from '../runtime/fault-points.ts'
import { Interrupted, type JobKind } from './job-kind.ts'

/** Checked blobs that are stored together: an interrupted pass reads at most so many small ones again. */
const blobsPerStep = 50
const bytesPerStep = 256 << 20

/**
 * One pass over all bytes. It reads each blob slowly and compares it with its digest; damaged blobs go to quarantine.
 * Another job can go on with an unfinished pass.
 */
export function composeScrub(services: {
  readonly database: Database
  readonly store: BlobStore
  readonly clock: Clock
  readonly events: Events
}): JobKind<ScrubPayload> {
  const { database, store, clock } = services
  return {
    name: scrubJob.kind,
    concurrency: { registry: 1 },
    maxAttempts: 20,
    parse: scrubJob.parse,
    async run(job) {
      await finishQuarantine(services)
      const throttle = new ByteThrottle(job.payload.bytesPerSecond)
      const last = await findProgress(database.read)
      const fresh = { position: '', started_at: clock.now(), blobs: 0, bytes: 0, damaged: 0, finished_at: null }
      let progress = last === undefined || last.finished_at !== null ? fresh : last
      if (progress !== fresh) job.log(`going on after ${progress.blobs} blobs, at ${progress.position}`)
      const result = () => ({ blobs: progress.blobs, bytes: progress.bytes, damaged: progress.damaged })
      const save = () => job.transact((tx) => saveProgress(tx, progress))
      try {
        for (let left = true; left;) {
          const blobs = await listNextBlobs(database, progress.position, blobsPerStep)
          left = blobs.length === blobsPerStep
          let unsaved = 0
          for (const blob of blobs) {
            const judgement = await judgeBlob(store, blob, throttle, job.signal)
            const bad =
              judgement !== 'good' && (await quarantineBlob({ ...services, actor: job.actor }, blob, judgement))
            if (bad) job.log(`${blob.digest}: ${judgement}; not served any more, push it again or restore it`)
            progress = {
              ...progress,
              position: blob.digest,
              blobs: progress.blobs + 1,
              bytes: progress.bytes + blob.size,
              damaged: progress.damaged + (bad ? 1 : 0),
            }
            job.progress({ step: 'read', done: Math.floor(shareDone(progress) * 1000), total: 1000, ...result() })
            unsaved += blob.size
            if (unsaved < bytesPerStep) continue
            await save()
            unsaved = 0
          }
          faultPoint('scrub-before-save')
          await save()
        }
      } catch (error) {
        if (!job.signal.aborted) throw error
        if (job.signal.reason !== 'lease-lost') await save()
        throw new Interrupted(result())
      }
      progress = { ...progress, finished_at: clock.now() }
      await save()
      return result()
    },
  }
}
