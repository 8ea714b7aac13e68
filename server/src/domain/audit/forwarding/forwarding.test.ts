import { describe, expect, test } from 'bun:test'
import type { LoggedEvent } from '../../events/event-log.ts'
import { ecsDocument } from './ecs-document.ts'
import { counted, harborLine, syslogMessage } from './syslog-lines.ts'

const event: LoggedEvent = {
  cursor: { epoch: 'e1', position: 42 },
  type: 'push_artifact',
  occurredAt: 1_800_000_000_000,
  actor: 'user:3',
  username: 'ada',
  projectId: 7,
  resource: 'shop/app:v1',
  succeeded: true,
  clientAddress: '192.0.2.1',
  fields: { digest: 'sha256:aa', repository: 'shop/app' },
}
const observer = { host: 'registry.example.org', version: '1.0.0' }

describe('an event of the audit log', () => {
  test('is a document of the Elastic Common Schema', () => {
    expect(ecsDocument(event, observer)).toMatchObject({
      '@timestamp': '2027-01-15T08:00:00.000Z',
      ecs: { version: '8.11.0' },
      event: {
        id: 'e1-42',
        kind: 'event',
        action: 'push_artifact',
        category: ['package'],
        type: ['creation'],
        outcome: 'success',
        sequence: 42,
      },
      user: { name: 'ada', id: 'user:3' },
      source: { ip: '192.0.2.1' },
      berth: { operation: 'create', resource: 'shop/app:v1', resource_type: 'artifact', project_id: 7 },
    })
  })

  test.each([
    ['fe80::1%eth0', { address: 'fe80::1%eth0', ip: 'fe80::1' }],
    ['unknown', { address: 'unknown' }],
  ])('from %s names an ip only where it is one', (clientAddress, source) => {
    expect(ecsDocument({ ...event, clientAddress }, observer).source).toEqual(source as never)
  })

  test('is a message of RFC 5424', () => {
    const message = syslogMessage(event, observer)
    expect(message).toStartWith(
      '<110>1 2027-01-15T08:00:00.000Z registry.example.org berth - push_artifact [berth@32473 ',
    )
    expect(message).toContain(' id="e1-42" type="push_artifact" operation="create" resourceType="artifact"')
    expect(counted('äb').toString()).toBe('3 äb')
  })

  test('is the line that Harbor forwards, which searches find', () => {
    const line = harborLine(event, observer)
    expect(line).toStartWith('<6>2027-01-15T08:00:00.000Z registry.example.org audit[')
    expect(line).toContain(
      '[operator="ada" resourceType="artifact" time="2027-01-15T08:00:00.000Z"]: action:create, resource:shop/app:v1, ',
    )
  })

  test('stays one message, whatever names are in it', () => {
    const evil = { ...event, username: 'a"] x\n<0>1', resource: 'p/a]"\\b\r\n<1>' }
    const message = syslogMessage(evil, observer)
    expect(message).not.toMatch(/[\r\n]/)
    expect(message).toContain('operator="a\\"\\] x <0>1"')
    expect(message).toContain('resource="p/a\\]\\"\\\\b  <1>"')
    expect(harborLine(evil, observer)).not.toMatch(/[\r\n]/)
    expect(JSON.parse(JSON.stringify(ecsDocument(evil, observer)))).toMatchObject({ user: { name: evil.username } })
  })
})
