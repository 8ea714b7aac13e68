import { expect, test } from 'bun:test'
import { describeEachDatabase } from '#server-test/databases.ts'
import { system, TestClock } from '#server-test/registry-for-test.ts'
import { EventConsumers } from '../../events/event-consumers.ts'
import { EventLog } from '../../events/event-log.ts'
import { Events } from '../../events/events.ts'
import { findAuditConcerns } from '../audit-concerns.ts'
import { AuditSinks, type NamedSink } from './audit-sinks.ts'

const sink: NamedSink = { name: 'audit-syslog', kind: 'syslog', address: 'tls://siem.example.org:6514' }

describeEachDatabase('receivers of the audit log', (open) => {
  const compose = async () => {
    const database = await open()
    const clock = new TestClock()
    const consumers = new EventConsumers({ database, clock, log: new EventLog({ database }) })
    const events = new Events({ clock })
    await consumers.ensureConsumer(sink.name, 'now')
    const sinks = new AuditSinks({ database, clock, consumers, named: async () => [sink] })
    const happen = async (username: string) =>
      await database.write((tx) => events.record(tx, system, { type: 'delete_user', userId: 1, username }))
    const auditChain = { getStanding: async () => ({ verification: undefined }) as never }
    return {
      ...{ database, clock, consumers, sinks, happen },
      only: async () => (await sinks.listStandings())[0]!,
      concerns: async () => (await findAuditConcerns({ clock, auditChain, auditSinks: sinks })).map(({ kind }) => kind),
    }
  }

  test('say how much waits for them, since when, and why the last attempt failed', async () => {
    const { clock, sinks, happen, only } = await compose()
    expect(await only()).toMatchObject({ ...sink, behind: 0, error: undefined, sentAt: undefined, missed: 0 })
    const first = clock.now()
    await happen('a')
    clock.advance(1_000)
    await happen('b')
    await sinks.noteFailure(sink.name, new Error('connect ECONNREFUSED'))
    expect(await only()).toMatchObject({ behind: 2, oldestWaiting: first, error: 'connect ECONNREFUSED' })
    await sinks.noteSent(sink.name)
    expect(await only()).toMatchObject({ error: undefined, sentAt: clock.now(), failedAt: clock.now() })
  })

  test('count what was dropped before they had it, and what they would not take', async () => {
    const { sinks, only } = await compose()
    await sinks.noteLost(sink.name, 'missed', 7)
    await sinks.noteLost(sink.name, 'missed', 2)
    await sinks.noteLost(sink.name, 'refused', 1)
    expect(await only()).toMatchObject({ missed: 9, refused: 1 })
  })

  test('need attention when something waits for half an hour or was lost within a week', async () => {
    const { clock, sinks, happen, consumers, database, concerns } = await compose()
    await happen('a')
    expect(await concerns()).toEqual([])
    clock.advance(31 * 60_000)
    expect(await concerns()).toEqual(['audit-sinks-behind'])
    const { through } = await consumers.readFor(sink.name, { limit: 10 })
    await database.write((tx) => consumers.acknowledge(tx, sink.name, through))
    expect(await concerns()).toEqual([])
    await sinks.noteLost(sink.name, 'refused', 1)
    expect(await concerns()).toEqual(['audit-sinks-behind'])
    clock.advance(8 * 86_400_000)
    expect(await concerns()).toEqual([])
  })
})
