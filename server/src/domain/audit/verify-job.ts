import { z } from 'zod'
import { defineJob } from '../jobs/job-definition.ts'

/** Looks at the whole chain of the audit log. */
export const verifyAuditLogJob = defineJob('verify-audit-log', z.object({}))
