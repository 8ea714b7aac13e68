import { z } from 'zod'
import { defineJob } from '../jobs/job-definition.ts'

/** A backup to the place of the settings. Its kind is the name of its schedule too. */
export const backupJob = defineJob('backup', z.object({}))
export type BackupPayload = ReturnType<typeof backupJob.parse>
