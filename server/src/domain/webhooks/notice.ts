import { z } from 'zod'
import { webhookEventTypes } from './event-words.ts'

/** What happened, as receivers are told: made in the transaction of the event, when everything that it names is still there. */
export const noticeSchema = z.object({
  type: z.enum(webhookEventTypes),
  /** Milliseconds since the epoch. */
  occurredAt: z.number(),
  /** Empty for who came without an account. */
  operator: z.string(),
  projectId: z.number(),
  project: z.string(),
  isPublic: z.boolean(),
  /** Full name, `project/rest`. */
  repository: z.string().optional(),
  repositoryCreatedAt: z.number().optional(),
  artifacts: z.array(z.object({ digest: z.string(), tag: z.string().optional() })).optional(),
  /** In words, of events about room. */
  details: z.string().optional(),
  scan: z.enum(['vulnerability', 'sbom']).optional(),
  retention: z
    .object({
      policyId: z.number(),
      total: z.number(),
      retained: z.number(),
      deleted: z.array(z.string()),
    })
    .optional(),
  /** Nothing happened: somebody tries the target. */
  isTest: z.boolean().optional(),
})

export type Notice = z.output<typeof noticeSchema>

/** The order in which receivers hear of things holds within a repository. */
export const sequenceOf = ({ repository }: Notice): string => repository ?? ''
