import { z } from 'zod'
import { defineJob } from '../jobs/job-definition.ts'

/** A purge of the audit log. */
export const purgeAuditLogJob = defineJob(
  'purge-audit-log',
  z.object({
    /** Records younger than this stay. */
    retentionHours: z.number().int().min(1).max(240_000),
    /** By the names under which Harbor lists types of events: `create_artifact`. None: nothing goes. */
    eventTypes: z.array(z.string()),
    /** What was asked for by the older name, verbs of operations: a client that declares it finds it again as it was. */
    operations: z.string().max(1_000).optional(),
    dryRun: z.boolean(),
  }),
)
export type PurgeAuditLogPayload = ReturnType<typeof purgeAuditLogJob.parse>
