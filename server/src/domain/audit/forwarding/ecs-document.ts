import { isIP } from 'node:net'
import type { LoggedEvent } from '../../events/event-log.ts'
import { describeRecord, wordsOf } from '../audit-records.ts'

/** Of the registry that something happened in. */
export interface Observer {
  readonly host: string
  readonly version: string
}

/** What ECS calls the kinds of things that happen, by the nouns of our types. */
const categories: Readonly<Record<string, string>> = {
  user: 'iam',
  user_group: 'iam',
  member: 'iam',
  role: 'iam',
  robot: 'iam',
  personal_token: 'iam',
  configuration: 'configuration',
  artifact: 'package',
  repository: 'package',
  tag: 'package',
}

const types: Readonly<Record<string, string>> = {
  create: 'creation',
  update: 'change',
  delete: 'deletion',
  pull: 'access',
  login: 'start',
  logout: 'end',
}

/** An id that is the same whenever the event is sent: a receiver that has it already keeps one. */
export const idOf = ({ cursor: { epoch, position } }: LoggedEvent): string => `${epoch}-${position}`

/** An event in the Elastic Common Schema 8.11, one level of names deep where ECS has it so. */
export function ecsDocument(event: LoggedEvent, { host, version }: Observer) {
  const { operation, resourceType } = wordsOf(event.type)
  const category = event.type.startsWith('login') ? 'authentication' : (categories[resourceType] ?? 'configuration')
  return {
    '@timestamp': new Date(event.occurredAt).toISOString(),
    ecs: { version: '8.11.0' },
    message: sentenceOf(event),
    event: {
      id: idOf(event),
      kind: 'event',
      dataset: 'berth.audit',
      module: 'berth',
      action: event.type,
      category: [category],
      type: [types[operation] ?? 'info'],
      outcome: event.succeeded ? 'success' : 'failure',
      sequence: event.cursor.position,
    },
    user: { name: event.username, id: event.actor },
    ...(event.clientAddress === '' ? {} : { source: sourceOf(event.clientAddress) }),
    observer: { name: host, product: 'Berth', type: 'registry', version },
    berth: {
      operation,
      resource: event.resource,
      resource_type: resourceType,
      ...(event.projectId === undefined ? {} : { project_id: event.projectId }),
      // As text: fields differ from type to type, and each would be a field of the index.
      fields: JSON.stringify(event.fields),
    },
  }
}

/** An index refuses a document whose `ip` is none, for good; a zone (`fe80::1%eth0`) is no part of one. */
function sourceOf(address: string) {
  const ip = address.replace(/%.*$/, '')
  return isIP(ip) === 0 ? { address } : { address, ip }
}

export const sentenceOf = (event: LoggedEvent): string =>
  describeRecord({
    ...{ id: event.cursor.position, type: event.type, occurredAt: event.occurredAt, username: event.username },
    ...{ resource: event.resource, clientAddress: event.clientAddress, succeeded: event.succeeded },
    payload: event.fields,
  })
