import type { Database } from '../database/database.ts'
import type { Clock } from '../domain/clock.ts'
import { jobKind, type JobKind } from './job-kind.ts'
import { composePurgeAuditLog } from './purge-audit-log.ts'

export interface JobServices {
  readonly database: Database
  readonly clock: Clock
}

/** Every kind of job there is. A new one adds a line here. */
export function composeJobKinds(services: JobServices): readonly JobKind[] {
  return [jobKind(composePurgeAuditLog(services))]
}
