import type { LoggedEvent } from '../../events/event-log.ts'
import { wordsOf } from '../audit-records.ts'
import { idOf, sentenceOf, type Observer } from './ecs-document.ts'

/** Facility `log audit` (13), severity informational (6): RFC 5424 §6.2.1. */
const priority = 13 * 8 + 6
/** A number that IANA keeps for documentation (RFC 5612): ours, as long as we have none. */
const structuredId = 'berth@32473'
const maxValueLength = 512

/** RFC 5424, without framing. Names that people chose are in the structured data, escaped, and the sentence is one line. */
export function syslogMessage(event: LoggedEvent, { host }: Observer): string {
  const { operation, resourceType } = wordsOf(event.type)
  const data = {
    id: idOf(event),
    type: event.type,
    operation,
    resourceType,
    resource: event.resource,
    operator: event.username,
    client: event.clientAddress,
    outcome: event.succeeded ? 'success' : 'failure',
  }
  const parameters = Object.entries(data)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ` ${name}="${escaped(value)}"`)
  const time = new Date(event.occurredAt).toISOString()
  const header = `<${priority}>1 ${time} ${printable(host)} berth - ${event.type.slice(0, 32)}`
  return `${header} [${structuredId}${parameters.join('')}] ${oneLine(sentenceOf(event))}`
}

/** RFC 5424 §6.3.3. */
const escaped = (value: string): string =>
  oneLine(value)
    .slice(0, maxValueLength)
    .replaceAll(/["\\\]]/g, '\\$&')

// oxlint-disable-next-line no-control-regex -- they are what is looked for
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g
const oneLine = (text: string): string => text.replaceAll(controls, ' ')
const printable = (text: string): string => text.replaceAll(/[^!-~]/g, '').slice(0, 255) || '-'

/** RFC 6587 §3.4.1 (octet counting), which RFC 5425 has over TLS: no text ends a message. */
export function counted(message: string): Buffer {
  const bytes = Buffer.from(message)
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes])
}

/** The line that Harbor forwards: BSD syslog, one on a line, fields in the order of their names. */
export function harborLine(event: LoggedEvent, { host }: Observer): string {
  const { operation, resourceType } = wordsOf(event.type)
  const time = new Date(event.occurredAt).toISOString()
  const operator = oneLine(event.username).replaceAll('"', "'")
  const fields = `[operator="${operator}" resourceType="${resourceType}" time="${time}"]`
  const what = `action:${operation}, resource:${oneLine(event.resource)}, operation_description:${oneLine(sentenceOf(event))}`
  return `<6>${time} ${printable(host)} audit[${process.pid}]: ${time} [INFO] [berth/${idOf(event)}]${fields}: ${what}`
}
