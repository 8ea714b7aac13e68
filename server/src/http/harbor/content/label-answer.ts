import { z } from 'zod'
import type { Label } from '../../../domain/labels/labels.ts'
import { orAbsent, timeAnswer, timeOf } from '../frame/answers.ts'

export const labelAnswer = z.object({
  id: z.number().int(),
  name: z.string(),
  description: z.string().optional(),
  color: z.string().optional(),
  scope: z.string(),
  project_id: z.number().int().optional(),
  creation_time: timeAnswer,
  update_time: timeAnswer,
})

export function presentLabel(label: Label): z.output<typeof labelAnswer> {
  return {
    id: label.id,
    name: label.name,
    description: orAbsent(label.description),
    color: orAbsent(label.color),
    scope: label.projectId === undefined ? 'g' : 'p',
    project_id: label.projectId,
    creation_time: timeOf(label.createdAt),
    update_time: timeOf(label.updatedAt),
  }
}
