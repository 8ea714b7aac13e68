import type { Generated } from 'kysely'
import type { Flag } from './columns.ts'

/** `delayed`: waits for its time, also between two attempts. The last three are final. */
export type JobStatus = 'delayed' | 'pending' | 'running' | 'succeeded' | 'failed' | 'stopped'

/** Work to be done once. */
export interface JobTable {
  id: Generated<number>
  /** Selects the code that does it. */
  kind: string
  /** JSON. */
  payload: string
  status: JobStatus
  /** Of the unfinished jobs of a kind at most one has a given key. */
  unique_key: string | null
  /** The subject of the job (`retention:12`), by which its history is listed. */
  subject: string | null
  project_id: number | null
  /** Larger goes first. */
  priority: number
  /** When it may begin. */
  run_at: number
  /** How often it was begun. */
  attempts: Generated<number>
  /** Null: as many as its kind says. */
  max_attempts: number | null
  started_by: 'manual' | 'schedule' | 'event'
  actor: string
  username: string
  /** The row's fence. It rises whenever a worker takes the job; a worker with an older one can write nothing more. */
  fence: Generated<number>
  lease_holder: string | null
  lease_expires_at: number | null
  stop_requested: Generated<Flag>
  /** JSON: from where a later attempt goes on. */
  state: string | null
  /** JSON: how far it is. */
  progress: string | null
  /** JSON. */
  result: string | null
  error: string | null
  log_lines: Generated<number>
  created_at: number
  updated_at: number
  /** Of the last attempt. */
  started_at: number | null
  finished_at: number | null
  /** It is forgotten after that; there once it is finished. */
  keep_until: number | null
}

export interface JobLogTable {
  job_id: number
  /** From 1. */
  number: number
  written_at: number
  line: string
}

/** When a kind of job comes again by itself. */
export interface JobScheduleTable {
  id: Generated<number>
  /** `purge-audit-log`, `retention:12`. */
  name: string
  kind: string
  /** JSON. */
  payload: string
  subject: string | null
  project_id: number | null
  /** The person's choice; `cron` says the same. */
  preset: 'hourly' | 'daily' | 'weekly' | 'custom'
  /** Six fields, seconds first. */
  cron: string
  /** IANA name. */
  time_zone: string
  next_run_at: number
  last_run_at: number | null
  actor: string
  username: string
  created_at: number
  updated_at: number
}

/** A kind that was paused has a row, and so has one whose workers have to count. */
export interface JobKindTable {
  kind: string
  paused: Flag
}

/** A process that does jobs. */
export interface JobWorkerTable {
  id: string
  host: string
  pid: number
  concurrency: number
  started_at: number
  heartbeat_at: number
}

/** Work that at most one process does at a time. */
export interface LeaseTable {
  name: string
  holder: string
  expires_at: number
}
