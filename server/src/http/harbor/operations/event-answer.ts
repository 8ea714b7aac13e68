import { z } from 'zod'
import { formatCursor } from '../../../domain/events/event-cursor.ts'
import type { LoggedEvent } from '../../../domain/events/event-log.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'

export const eventAnswer = z.object({
  cursor: z.string().describe('Goes on behind this event.'),
  type: z.string().describe('push_artifact, delete_project, login_user…'),
  time: timeAnswer,
  actor: z.string().describe('A name for programs: user:3, robot:7, system:retention, anonymous.'),
  username: z.string(),
  project_id: z.number().int().optional(),
  resource: z.string().describe('What it happened to, as the audit log names it: library/app:v1.'),
  succeeded: z.boolean(),
  client_address: z.string().optional(),
  details: z.record(z.string(), z.unknown()).describe('Fields of the type.'),
})

export function presentEvent(event: LoggedEvent): z.output<typeof eventAnswer> {
  return {
    cursor: formatCursor(event.cursor),
    type: event.type,
    time: timeOf(event.occurredAt),
    actor: event.actor,
    username: event.username,
    ...(event.projectId === undefined ? {} : { project_id: event.projectId }),
    resource: event.resource,
    succeeded: event.succeeded,
    ...(event.clientAddress === '' ? {} : { client_address: event.clientAddress }),
    details: event.fields,
  }
}
