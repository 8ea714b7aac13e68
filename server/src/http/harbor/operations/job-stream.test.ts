import { expect, test } from 'bun:test'
import { ManualClock, system } from '#server-test/access.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { DomainError } from '../../../domain/errors.ts'
import { Events } from '../../../domain/events/events.ts'
import { enqueueJob } from '../../../domain/jobs/enqueue.ts'
import { Jobs } from '../../../domain/jobs/jobs.ts'
import type { Listening, ServerSentEvent } from '../../server-sent-events.ts'
import { askedAgain, followAll, followJob } from './job-stream.ts'

describeEachDatabase('a stream of jobs', (open) => {
  /** A job that changes at each look; the right of its listener ends after `looks` of them. */
  async function scene(looksWithRight: number) {
    const database = await open()
    const clock = new ManualClock()
    const jobs = new Jobs({ database, clock, events: new Events({ clock }) })
    const job = { kind: 'work', payload: null, trigger: 'event', actor: system } as const
    const { id } = await database.write((tx) => enqueueJob(tx, clock, job))
    let looks = 0
    const wait = async () => {
      looks += 1
      clock.advance(3_000)
      await database.write((tx) => tx.updateTable('job').set({ priority: looks, updated_at: clock.now() }).execute())
      return looks < 10
    }
    const listening: Listening = { signal: new AbortController().signal, wait }
    const call = { request: new Request('http://here/'), clientAddress: '127.0.0.1' }
    const asked = { authenticateBrowser: async () => ({ actor: system }) as never, clock }
    const mayStill = askedAgain(call, asked, async () => {
      if (looks > looksWithRight) throw new DomainError('FORBIDDEN', 'the right was taken away')
    })
    return { jobs, id, clock, listening, mayStill }
  }

  async function all(events: AsyncGenerator<ServerSentEvent>): Promise<ServerSentEvent[]> {
    const told: ServerSentEvent[] = []
    for await (const event of events) told.push(event)
    return told
  }

  test('of one job ends when the right to see it does, with the reason and without another change', async () => {
    const { jobs, id, listening, mayStill } = await scene(2)
    const told = await all(followJob(jobs, id, 0, listening, mayStill))
    expect(told.map(({ event }) => event)).toEqual(['job', 'job', 'job', 'end'])
    expect(told.at(-1)?.data).toEqual({ reason: 'rights' })
  })

  test('of all jobs does too', async () => {
    const { jobs, clock, listening, mayStill } = await scene(2)
    const told = await all(followAll(jobs, clock.now(), listening, mayStill))
    expect(told.map(({ event }) => event)).toEqual(['job', 'job', 'job', 'end'])
  })

  test('goes on while the right stands', async () => {
    const { jobs, id, listening, mayStill } = await scene(100)
    const told = await all(followJob(jobs, id, 0, listening, mayStill))
    expect(told.map(({ event }) => event)).toEqual([...Array.from({ length: 10 }, () => 'job'), 'end'])
    expect(told.at(-1)?.data).toEqual({})
  })
})
