import { expect, test } from 'bun:test'
import { ManualClock, system } from '../../../test/access.ts'
import { describeEachDatabase } from '../../../test/databases.ts'
import type { Database } from '../../database/database.ts'
import { enqueueJob } from '../jobs/enqueue.ts'
import type { BusinessEvent } from './event-types.ts'
import { Events } from './events.ts'
import { reaction, type Reaction } from './reactions.ts'

const digest = `sha256:${'a'.repeat(64)}`
const push: BusinessEvent = { type: 'push_artifact', projectId: 1, repository: 'p/app', digest, tags: ['v1'] }

describeEachDatabase('reactions to events', (open) => {
  function compose(database: Database, reactions: readonly Reaction[]) {
    const clock = new ManualClock()
    const events = new Events({
      clock,
      reactions,
      enqueue: async (tx, actor, job) => void (await enqueueJob(tx, clock, { ...job, trigger: 'event', actor })),
    })
    const record = (event: BusinessEvent) => database.write((tx) => events.record(tx, system, event))
    const jobs = () => database.read.selectFrom('job').select(['kind', 'payload', 'username']).orderBy('id').execute()
    return { clock, events, record, jobs }
  }

  const scanOnPush = reaction({
    types: ['push_artifact'],
    react: async ({ enqueue }, { event }) => await enqueue({ kind: 'scan', payload: { digest: event.digest } }),
  })

  test('a reaction follows the types that it names, with the event and whose it is', async () => {
    const database = await open()
    const { record, jobs } = compose(database, [scanOnPush])
    await record(push)
    await record({ type: 'delete_project', projectId: 1, project: 'p' })
    expect(await jobs()).toEqual([{ kind: 'scan', payload: JSON.stringify({ digest }), username: 'test' }])
  })

  test('what follows from a change that is rolled back is rolled back with it', async () => {
    const database = await open()
    const { events, jobs } = compose(database, [scanOnPush])
    const change = database.write(async (tx) => {
      await events.record(tx, system, push)
      throw new Error('no')
    })
    expect(await change.catch((error: Error) => error.message)).toBe('no')
    expect(await jobs()).toEqual([])
  })

  test('a reaction that throws refuses the change', async () => {
    const database = await open()
    const refuses = reaction({
      types: ['push_artifact'],
      react: async () => {
        throw new Error('cannot')
      },
    })
    const { record, jobs } = compose(database, [scanOnPush, refuses])
    expect(await record(push).catch((error: Error) => error.message)).toBe('cannot')
    expect(await jobs()).toEqual([])
    expect(await database.read.selectFrom('event').select('id').execute()).toEqual([])
    expect(await database.read.selectFrom('event_log').select('id').execute()).toEqual([])
  })

  test('a reaction writes rows of its own noun, in the order in which reactions were given', async () => {
    const database = await open()
    const note = (name: string) =>
      reaction({
        types: ['push_artifact', 'create_tag'],
        tables: ['setting'],
        react: async ({ tx }, { event, occurredAt }) => {
          const known = await tx.selectFrom('setting').select('name').execute()
          const value = JSON.stringify([known.length, event.repository])
          await tx.insertInto('setting').values({ name, value, updated_at: occurredAt }).execute()
          // @ts-expect-error A table of another noun is no table of this transaction.
          void (() => tx.selectFrom('job'))
        },
      })
    const { record } = compose(database, [note('first'), note('second')])
    await record(push)
    const rows = await database.read.selectFrom('setting').select(['name', 'value']).orderBy('name').execute()
    expect(rows).toEqual([
      { name: 'first', value: '[0,"p/app"]' },
      { name: 'second', value: '[1,"p/app"]' },
    ])
  })

  test('events that are written later are followed when they are written', async () => {
    const database = await open()
    const { events, jobs } = compose(database, [scanOnPush])
    const prepared = events.prepare(system, push)
    expect(await jobs()).toEqual([])
    await database.write((tx) => events.recordPrepared(tx, [prepared, prepared]))
    expect((await jobs()).length).toBe(2)
    expect((await database.read.selectFrom('event_log').select('id').execute()).length).toBe(2)
  })
})
