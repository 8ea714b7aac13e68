import type { Database } from '../database/database.ts'
import type { Clock } from '../domain/clock.ts'
import type { Admit } from '../domain/policies/admit.ts'
import { jobKind, type JobKind } from './job-kind.ts'
import { composePurgeAuditLog } from './purge-audit-log.ts'
import { composeApplyRetention, composeRetainRepository } from './retention.ts'

export interface JobServices {
  readonly database: Database
  readonly clock: Clock
  readonly admit: Admit
  readonly trashWindowMs: number
}

/** Every kind of job there is. A new one adds a line here. */
export function composeJobKinds(services: JobServices): readonly JobKind[] {
  return [
    jobKind(composePurgeAuditLog(services)),
    jobKind(composeApplyRetention(services)),
    jobKind(composeRetainRepository(services)),
  ]
}
