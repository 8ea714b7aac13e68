import type { Reader, Writer } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import type { EventServices } from '../events/events.ts'
import { findSchedule, setSchedule } from '../jobs/schedules.ts'
import { gentleBytesPerSecond, scrubJob } from './scrub-job.ts'

/** The scrub of a new registry. Registries from before keep what they have, and are told. */
export async function scheduleWeeklyScrub(tx: Writer, services: EventServices, actor: Actor): Promise<void> {
  const { kind, payload } = scrubJob.of({ bytesPerSecond: gentleBytesPerSecond })
  await setSchedule(tx, services, actor, { name: kind, kind, payload, timing: { preset: 'weekly' } })
}

export async function isScrubScheduled(reader: Reader): Promise<boolean> {
  return (await findSchedule(reader, scrubJob.kind)) !== undefined
}
