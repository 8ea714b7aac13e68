import { z } from 'zod'
import { auditedTypes, harborEventType, wordsOf } from '../../../domain/audit/audit-records.ts'
import { whyTooShort } from '../../../domain/audit/keep-at-least.ts'
import { purgeAuditLogJob, type PurgeAuditLogPayload } from '../../../domain/audit/purge-job.ts'
import { DomainError } from '../../../domain/errors.ts'
import { eventTypes } from '../../../domain/events/event-types.ts'
import type { Json } from '../../../domain/jobs/job.ts'
import { composeRunRoutes } from './run-routes.ts'

const parameters = z.object({
  audit_retention_hour: z.coerce
    .number('is a number of hours')
    .int()
    .min(1, 'is one hour at least')
    .max(240_000, 'is 240000 hours at the most'),
  dry_run: z.union([z.boolean(), z.stringbool()]).default(false),
  include_event_types: z.string().max(10_000).nullish(),
  include_operations: z.string().max(1_000).nullish(),
})

export const purgeRoutes = composeRunRoutes({
  job: purgeAuditLogJob,
  tag: 'purge',
  path: '/system/purgeaudit',
  id: 'purge_id',
  resource: 'purge-audit',
  operations: {
    list: ['getPurgeHistory', 'Purges of the audit log, the newest first.'],
    getSchedule: ['getPurgeSchedule', 'When the audit log is purged by itself; empty when it is not.'],
    createSchedule: ['createPurgeSchedule', 'Purges the audit log now (Manual), or sets when it is purged by itself.'],
    updateSchedule: ['updatePurgeSchedule', 'Changes when the audit log is purged by itself; None: it is not.'],
    get: ['getPurgeJob', 'One purge of the audit log.'],
    stop: ['stopPurge', 'Stops a purge; what is gone stays gone.'],
    log: ['getPurgeJobLog', 'The log of a purge, as text.'],
  },
  parameters,
  payloadOf: ({ audit_retention_hour, dry_run, ...names }, { system }) => {
    const tooShort = whyTooShort(audit_retention_hour * 3_600_000, system.keepAuditMs)
    if (tooShort !== undefined) throw new DomainError('BAD_REQUEST', tooShort)
    return {
      retentionHours: audit_retention_hour,
      dryRun: dry_run,
      eventTypes: typesOf(names),
      ...(names.include_event_types || !names.include_operations ? {} : { operations: names.include_operations }),
    }
  },
  parametersOf,
  warningsOf: ({ eventTypes }) =>
    eventTypes.length > 0
      ? []
      : ['nothing is purged: include_event_types names no event, for example create_artifact,pull_artifact'],
})

/** The newer name lists types of events, the older one their verbs; both are words of Harbor. */
function typesOf(names: Pick<z.output<typeof parameters>, 'include_event_types' | 'include_operations'>): string[] {
  if (names.include_event_types) return wordsIn(names.include_event_types).filter((name) => auditedTypes.includes(name))
  const operations = wordsIn(names.include_operations ?? '')
  return eventTypes.filter((type) => operations.includes(wordsOf(type).operation)).map(harborEventType)
}

const wordsIn = (text: string): string[] =>
  text
    .split(',')
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== '')

function parametersOf(payload: Partial<PurgeAuditLogPayload>, result: Json | undefined): Json {
  const { retentionHours, dryRun, eventTypes = [], operations } = payload
  const purged = (result as { purged?: number } | null | undefined)?.purged
  return {
    audit_retention_hour: retentionHours,
    dry_run: dryRun,
    include_event_types: eventTypes.join(','),
    ...(operations === undefined ? {} : { include_operations: operations }),
    ...(purged === undefined ? {} : { purged_count: purged }),
  }
}
