import { eventKind, type PerhapsInProject } from './event-kind.ts'

interface OnJob extends PerhapsInProject {
  readonly jobId: number
  readonly kind: string
}

interface OnSchedule extends PerhapsInProject {
  readonly schedule: string
  readonly cron: string
}

const job = ({ kind, jobId }: OnJob): string => `${kind} ${jobId}`
const queue = ({ kind }: { readonly kind: string }): string => kind
const schedule = (fields: OnSchedule): string => fields.schedule

/** Jobs that a person started or stopped, queues, schedules. */
export const jobEvents = {
  start_job: eventKind<OnJob>(job),
  stop_job: eventKind<OnJob>(job),
  pause_job_queue: eventKind<{ readonly kind: string }>(queue),
  resume_job_queue: eventKind<{ readonly kind: string }>(queue),
  create_schedule: eventKind<OnSchedule>(schedule),
  update_schedule: eventKind<OnSchedule>(schedule),
  delete_schedule: eventKind<OnSchedule>(schedule),
}
