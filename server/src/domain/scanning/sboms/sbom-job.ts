import { z } from 'zod'
import { defineJob } from '../../jobs/job-definition.ts'
import { sbomFormats } from './sbom-format.ts'

/** Makes a bill of materials for one image of a repository, and stores it there. */
export const generateSbomJob = defineJob(
  'generate-sbom',
  z.object({
    digest: z.string(),
    projectId: z.number().int(),
    repository: z.string(),
    format: z.enum(sbomFormats),
    reportId: z.string(),
    /** By which it was asked for; what others are told of it names it. */
    tag: z.string().optional(),
  }),
)

export type GenerateSbomPayload = ReturnType<typeof generateSbomJob.parse>

/** Of makings for an artifact, in the history of jobs. */
export const sbomSubject = (digest: string): string => `sbom:${digest}`
