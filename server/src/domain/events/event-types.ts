import { accessEvents } from './access-events.ts'
import { artifactEvents } from './artifact-events.ts'
import { certificateEvents } from './certificate-events.ts'
import type { EventKind } from './event-kind.ts'
import { jobEvents } from './job-events.ts'
import { labelEvents } from './label-events.ts'
import { policyEvents } from './policy-events.ts'
import { projectEvents, quotaEvents } from './project-events.ts'
import { registryCareEvents } from './registry-care-events.ts'
import { registryEvents } from './registry-events.ts'
import { replicationEvents } from './replication-events.ts'
import { robotEvents } from './robot-events.ts'
import { scanningEvents } from './scanning-events.ts'
import { signatureEvents } from './signature-events.ts'
import { webhookEvents } from './webhook-events.ts'

/**
 * Every event of the registry that audit, webhooks, scans or replication may want to know of. The list is closed: a new
 * type is a line in the table of its noun.
 */
const eventTable = {
  ...artifactEvents,
  ...projectEvents,
  ...accessEvents,
  ...robotEvents,
  ...labelEvents,
  ...registryEvents,
  ...quotaEvents,
  ...policyEvents,
  ...registryCareEvents,
  ...certificateEvents,
  ...jobEvents,
  ...scanningEvents,
  ...signatureEvents,
  ...webhookEvents,
  ...replicationEvents,
}

type EventTable = typeof eventTable
type FieldsOf<Kind> = Kind extends EventKind<infer Fields> ? Fields : never

export type EventType = keyof EventTable

export type BusinessEvent = { [Type in EventType]: { readonly type: Type } & FieldsOf<EventTable[Type]> }[EventType]

export const eventTypes = Object.keys(eventTable) as readonly EventType[]

/** Undefined for a type that another version of the program wrote. */
export function findEventKind(type: string): Pick<EventKind<never>, 'auditedAs'> | undefined {
  return Object.hasOwn(eventTable, type) ? eventTable[type as EventType] : undefined
}

/** The thing that an event happened to, as the audit log names it. */
export function resourceOf(event: BusinessEvent): string {
  // The table maps each type to the fields of that type, which the checker cannot follow through the union.
  const kind = eventTable[event.type] as EventKind<BusinessEvent>
  return kind.resource(event)
}
