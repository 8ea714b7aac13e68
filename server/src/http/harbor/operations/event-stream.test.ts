import { expect, test } from 'bun:test'
import { ManualClock, system } from '#server-test/access.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import type { Database } from '../../../database/database.ts'
import { EventLog } from '../../../domain/events/event-log.ts'
import { Events } from '../../../domain/events/events.ts'
import type { Listening, ServerSentEvent } from '../../server-sent-events.ts'
import type { ScopeQuery } from './events-scope.ts'
import { followEvents, type Following } from './event-stream.ts'

describeEachDatabase('a stream of events', (open) => {
  function compose(database: Database) {
    const events = new Events({ clock: new ManualClock() })
    const record = (name: string, projectId: number) =>
      database.write((tx) => events.record(tx, system, { type: 'update_project', projectId, project: name }))
    const eventLog = new EventLog({ database })
    /** Follows for so many looks; between two of them `meanwhile` happens. */
    const follow = async (
      scope: Following['scope'],
      projects: readonly number[] | undefined,
      meanwhile: readonly (() => Promise<unknown>)[],
    ): Promise<ServerSentEvent[]> => {
      let looks = 0
      const wait = async () => {
        await meanwhile[looks]?.()
        looks += 1
        return looks <= meanwhile.length
      }
      const listening: Listening = { signal: new AbortController().signal, wait }
      const told: ServerSentEvent[] = []
      for await (const event of followEvents(
        { eventLog },
        { since: 'now', projects, types: undefined, scope },
        listening,
      ))
        told.push(event)
      return told
    }
    return { record, follow }
  }

  const resourcesOf = (told: readonly ServerSentEvent[]) =>
    told.map(({ event, data }) => (event === 'message' ? (data as { resource: string }).resource : event))

  test('what happens after the rights ended is not told', async () => {
    const { record, follow } = compose(await open())
    let scope: ScopeQuery | undefined = { projects: [1] }
    const told = await follow(
      async () => scope,
      [1],
      [
        () => record('a', 1),
        async () => {
          scope = undefined
          await record('b', 1)
        },
        () => record('c', 1),
      ],
    )
    expect(resourcesOf(told)).toEqual(['a', 'end'])
  })

  test('rights that shrink or grow count for the very next event', async () => {
    const { record, follow } = compose(await open())
    let projects: readonly number[] = [1, 2]
    const told = await follow(async () => ({ projects }), projects, [
      () => record('one', 1),
      async () => {
        projects = [1]
        await record('taken away', 2)
      },
      async () => {
        projects = [1, 3]
        await record('given', 3)
      },
    ])
    expect(resourcesOf(told)).toEqual(['one', 'given'])
  })

  test('rights are asked for when something happened, and not while nothing does', async () => {
    const { record, follow } = compose(await open())
    let asked = 0
    const scope = async () => {
      asked += 1
      return { projects: [1] }
    }
    const nothing = async () => {}
    await follow(scope, [1], [nothing, nothing, nothing])
    const idle = asked
    await follow(scope, [1], [nothing, () => record('a', 1), nothing])
    expect([idle, asked - idle]).toEqual([1, 2])
  })

  test('a reader for whom nothing comes hears where the stream is, and a new connection begins there', async () => {
    const { record, follow } = compose(await open())
    const scope = async () => ({ projects: [1] })
    const others = Array.from({ length: 21 }, (_, index) => () => record(`p${index}`, 2))
    const told = await follow(scope, [1], others)
    expect(told).toEqual([{ event: 'cursor', id: expect.any(String), data: { cursor: told[0]!.id } }])
  })
})
