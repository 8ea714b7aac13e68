import { eventTypes, findEventKind, type EventType } from '../events/event-types.ts'

/** A line of the audit log: an actor, an operation, its object, its time, its origin, and its outcome. */
export interface AuditRecord {
  readonly id: number
  readonly type: string
  readonly occurredAt: number
  readonly username: string
  readonly resource: string
  readonly clientAddress: string
  readonly succeeded: boolean
  readonly payload: Readonly<Record<string, unknown>>
}

/** Harbor's two words for an event; it calls a push the creation of an artifact. */
export interface AuditWords {
  readonly operation: string
  readonly resourceType: string
}

export function wordsOf(type: string): AuditWords {
  const split = type.indexOf('_')
  const operation = findEventKind(type)?.auditedAs ?? type.slice(0, split)
  return { operation, resourceType: type.slice(split + 1) }
}

/** Harbor's name of a type: `create_artifact` for `push_artifact` here. */
export function harborEventType(type: EventType): string {
  const { operation, resourceType } = wordsOf(type)
  return `${operation}_${resourceType}`
}

/** Types that the log can leave out, by Harbor's names. */
export const auditedTypes: readonly string[] = eventTypes.map(harborEventType)

/** The types behind Harbor's names; names that mean nothing here are passed over, as in Harbor. */
export function typesNamed(names: string): readonly EventType[] {
  const wanted = new Set(names.split(',').map((name) => name.trim()))
  return eventTypes.filter((type) => wanted.has(harborEventType(type)))
}

/** A sentence for people: `update member p/ada (role: guest)`. Payloads hold no secrets. */
export function describeRecord({ type, resource, payload, succeeded, clientAddress }: AuditRecord): string {
  const { operation, resourceType } = wordsOf(type)
  const details = Object.entries(payload)
    .filter(([key]) => shownDetails.has(key))
    .map(([key, value]) => `${key}: ${Array.isArray(value) ? value.join(' ') : String(value)}`)
  return [
    `${operation} ${resourceType.replaceAll('_', ' ')} ${resource}${succeeded ? '' : ' failed'}`,
    ...(details.length === 0 ? [] : [`(${details.join(', ')})`]),
    ...(clientAddress === '' ? [] : [`from ${clientAddress}`]),
  ].join(' ')
}

const shownDetails = new Set(['role', 'change', 'changed', 'value', 'digest', 'admin', 'public', 'items'])
