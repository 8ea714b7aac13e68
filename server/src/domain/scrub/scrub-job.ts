import { z } from 'zod'
import { defineJob } from '../jobs/job-definition.ts'

/** A small part of a disk's speed, and yet a terabyte and a half in a day. */
export const gentleBytesPerSecond = 20_000_000

/** One pass over all bytes. Its kind is the name of its schedule too. */
export const scrubJob = defineJob('scrub', z.object({ bytesPerSecond: z.number().int().min(100_000).max(1e12) }))
export type ScrubPayload = ReturnType<typeof scrubJob.parse>
