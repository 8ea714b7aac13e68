import { z } from 'zod'
import type { Label } from '../../../domain/labels/labels.ts'
import { timeOf } from '../frame/answers.ts'

export const labelAnswer = z.object({
  id: z.number().int(),
  name: z.string(),
  description: z.string(),
  color: z.string(),
  scope: z.string(),
  project_id: z.number().int(),
  creation_time: z.string(),
  update_time: z.string(),
})

export function presentLabel(label: Label): z.output<typeof labelAnswer> {
  return {
    id: label.id,
    name: label.name,
    description: label.description,
    color: label.color,
    scope: label.projectId === undefined ? 'g' : 'p',
    project_id: label.projectId ?? 0,
    creation_time: timeOf(label.createdAt),
    update_time: timeOf(label.updatedAt),
  }
}
