import { expect, test } from 'bun:test'
import { ManualClock, system } from '../../../test/access.ts'
import { describeEachDatabase } from '../../../test/databases.ts'
import type { Database, Writer } from '../../database/database.ts'
import { EventConsumers } from './event-consumers.ts'
import { formatCursor, parseStart, type EventStart } from './event-cursor.ts'
import { EventLog, type EventQuery } from './event-log.ts'
import { lockHead, renewEpoch } from './event-log-head.ts'
import { Events } from './events.ts'
import { pruneEventLog } from './prune-event-log.ts'

const hour = 3_600_000
const bounds = { replayMs: 24 * hour, maxAgeMs: 30 * 24 * hour, maxEvents: 1_000 }

function compose(database: Database, clock = new ManualClock()) {
  const events = new Events({ clock })
  const log = new EventLog({ database })
  const recordIn = (tx: Writer, name: string, projectId = 1) =>
    events.record(tx, system, { type: 'update_project', projectId, project: name })
  const record = async (...names: string[]) => {
    for (const name of names) await database.write((tx) => recordIn(tx, name))
  }
  const read = (since: EventStart = 'oldest', more: Partial<EventQuery> = {}) =>
    log.read({ since, limit: 100, ...more })
  const names = async (since?: EventStart, more?: Partial<EventQuery>) =>
    (await read(since, more)).events.map(({ resource }) => resource)
  const prune = (more: Partial<typeof bounds> = {}, batch = 1_000) =>
    pruneEventLog(database, clock.now(), { ...bounds, ...more }, batch)
  const consumers = new EventConsumers({ database, clock, log })
  return { database, clock, events, log, recordIn, record, read, names, prune, consumers }
}

/** A transaction that has recorded its event and commits when it is told to. */
async function held(database: Database, work: (tx: Writer) => Promise<void>) {
  const written = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const done = database.write(async (tx) => {
    await work(tx)
    written.resolve()
    await released.promise
  })
  await Promise.race([written.promise, done])
  return async () => {
    released.resolve()
    await done
  }
}

describeEachDatabase('the log of events', (open, dialect) => {
  test('gives every event behind a cursor, in order, and where to go on', async () => {
    const { record, read, names } = compose(await open())
    await record('a', 'b', 'c')
    const first = await read('oldest', { limit: 2 })
    expect(first.events.map(({ resource }) => resource)).toEqual(['a', 'b'])
    expect(first).toMatchObject({ more: true, missed: undefined })
    const second = await read(first.next, { limit: 2 })
    expect(second.events.map(({ resource }) => resource)).toEqual(['c'])
    expect(second.more).toBe(false)
    expect(await names(second.next)).toEqual([])
    await record('d')
    expect(await names(second.next)).toEqual(['d'])
    expect(await names(first.next)).toEqual(['c', 'd'])
  })

  test('says what the audit log says, and carries the fields of the type', async () => {
    const { record, read, clock } = compose(await open())
    await record('p')
    expect((await read()).events).toMatchObject([
      {
        type: 'update_project',
        occurredAt: clock.now(),
        actor: 'system:test',
        username: 'test',
        projectId: 1,
        resource: 'p',
        succeeded: true,
        fields: { projectId: 1, project: 'p' },
      },
    ])
  })

  test('has nothing of what was rolled back', async () => {
    const { database, recordIn, record, names } = compose(await open())
    const failed = database.write(async (tx) => {
      await recordIn(tx, 'never')
      throw new Error('no')
    })
    await failed.catch(() => {})
    await record('a')
    expect(await names()).toEqual(['a'])
  })

  if (dialect === 'postgres') {
    test('an event with a lower id that is committed later is not skipped', async () => {
      const { database, recordIn, record, read, names } = compose(await open())
      const commit = await held(database, (tx) => recordIn(tx, 'early id, late commit'))
      await record('late id, early commit')
      const { next, events } = await read()
      expect(events.map(({ resource }) => resource)).toEqual(['late id, early commit'])
      await commit()
      expect(await names(next)).toEqual(['early id, late commit'])
      const ids = await database.read.selectFrom('event_log').select('resource').orderBy('id').execute()
      expect(ids.map(({ resource }) => resource)).toEqual(['early id, late commit', 'late id, early commit'])
    })

    test('who reads while another process gives positions waits for it, and sees each event once', async () => {
      const { database, record, read, names } = compose(await open())
      await record('a', 'b')
      const commit = await held(database, async (tx) => {
        const { lastPosition } = await lockHead(database, tx)
        await tx
          .updateTable('event_log')
          .set({ position: lastPosition + 1 })
          .where('resource', '=', 'a')
          .execute()
        await tx
          .updateTable('event_log_head')
          .set({ last_position: lastPosition + 1 })
          .execute()
      })
      const [one, other] = [read(), read()]
      await commit()
      expect((await one).events.map(({ resource }) => resource)).toEqual(['a', 'b'])
      expect((await other).events.map(({ resource }) => resource)).toEqual(['a', 'b'])
      expect(await names()).toEqual(['a', 'b'])
    })
  }

  test('writers that commit in any order and readers beside them: nobody misses one, and nobody gets one twice', async () => {
    const database = await open({ maxConnections: 12 })
    const { recordIn, log } = compose(database)
    let writing = true
    const writer = async (name: number) => {
      for (let index = 0; index < 25; index += 1) {
        await database.write(async (tx) => {
          await recordIn(tx, `${name}-${index}`)
          // Of those that began first some end last.
          for (let turn = (name * 7 + index) % 5; turn > 0; turn -= 1) await new Promise((r) => setImmediate(r))
        })
      }
    }
    const reader = async (limit: number) => {
      const own = new EventLog({ database })
      const seen: string[] = []
      let since: EventStart = 'oldest'
      for (let last = false; ;) {
        const page = await own.read({ since, limit })
        expect(page.missed).toBeUndefined()
        seen.push(...page.events.map(({ resource }) => resource))
        since = page.next
        if (page.more) continue
        if (last) return seen
        last = !writing
        await new Promise((r) => setImmediate(r))
      }
    }
    const readers = [reader(1), reader(3), reader(100)]
    await Promise.all(Array.from({ length: 6 }, (_, name) => writer(name)))
    writing = false
    const all = (await log.read({ since: 'oldest', limit: 1_000 })).events.map(({ resource }) => resource)
    expect(new Set(all).size).toBe(150)
    for (const seen of await Promise.all(readers)) expect(seen).toEqual(all)
  })

  test('of types and projects only those that are asked for, and a cursor behind what was passed over', async () => {
    const { database, events, recordIn, record, read, names } = compose(await open())
    await record('a')
    await database.write((tx) => recordIn(tx, 'other', 2))
    await database.write((tx) => events.record(tx, system, { type: 'delete_user', userId: 1, username: 'u' }))
    expect(await names('oldest', { projects: [2] })).toEqual(['other'])
    expect(await names('oldest', { projects: 'every' })).toEqual(['a', 'other'])
    expect(await names('oldest', { types: ['delete_user'] })).toEqual(['u'])
    const none = await read('oldest', { projects: [] })
    expect(none).toMatchObject({ events: [], more: false })
    expect(await names(none.next)).toEqual([])
  })

  test('"now" is behind everything that is committed', async () => {
    const { record, read, names } = compose(await open())
    await record('a')
    const { next } = await read('now')
    await record('b')
    expect(await names(next)).toEqual(['b'])
  })

  test('a purge of the audit log takes nothing from consumers, and the other way round', async () => {
    const { database, record, names, prune } = compose(await open())
    await record('a', 'b')
    await database.write((tx) => tx.deleteFrom('event').execute())
    expect(await names()).toEqual(['a', 'b'])
    await record('c')
    expect(await prune({ maxEvents: 0 })).toBe(3)
    const audit = await database.read.selectFrom('event').select('resource').execute()
    expect(audit.map(({ resource }) => resource)).toEqual(['c'])
  })

  test('who was away for longer than the log is kept is told how many events are gone', async () => {
    const { clock, record, read, prune } = compose(await open())
    await record('a')
    const { next } = await read()
    await record('b', 'c', 'd')
    clock.advance(25 * hour)
    await record('e')
    expect(await prune({}, 2)).toBe(2)
    expect(await prune({}, 10)).toBe(2)
    expect(await prune({}, 10)).toBe(0)
    const page = await read(next)
    expect(page.missed).toEqual({ reason: 'dropped', count: 3 })
    expect(page.events.map(({ resource }) => resource)).toEqual(['e'])
    expect((await read(page.next)).missed).toBeUndefined()
    expect((await read('oldest')).missed).toBeUndefined()
  })

  test('a cursor of another log, or from beyond the end, is told so', async () => {
    const { database, record, read, names } = compose(await open())
    await record('a')
    const { next } = await read()
    const beyond = await read({ ...next, position: next.position + 5 })
    expect(beyond).toMatchObject({ missed: { reason: 'other-log' }, events: [{ resource: 'a' }] })
    await database.write(renewEpoch)
    expect((await read(next)).missed).toEqual({ reason: 'other-log' })
    await record('b')
    expect(await names()).toEqual(['a', 'b'])
  })

  test('what a registered consumer has not had stays, up to the bounds', async () => {
    const { clock, record, prune, consumers, names } = compose(await open())
    await consumers.ensureConsumer('sink', 'oldest')
    await record('a', 'b', 'c')
    clock.advance(25 * hour)
    expect(await prune()).toBe(0)
    const { through, events } = await consumers.readFor('sink', { limit: 2 })
    expect(events.map(({ resource }) => resource)).toEqual(['a', 'b'])
    expect(through).toBe(2)
    expect(await names()).toEqual(['a', 'b', 'c'])
  })

  test('a consumer gets the same again until it acknowledges, and the log lets go of that then', async () => {
    const { database, clock, record, prune, consumers } = compose(await open())
    await consumers.ensureConsumer('sink', 'oldest')
    await record('a', 'b', 'c')
    clock.advance(25 * hour)
    const first = await consumers.readFor('sink', { limit: 2 })
    expect(await consumers.readFor('sink', { limit: 2 })).toEqual(first)
    await database.write((tx) => consumers.acknowledge(tx, 'sink', first.through))
    await database.write((tx) => consumers.acknowledge(tx, 'sink', 1))
    expect((await consumers.readFor('sink', { limit: 2 })).events.map(({ resource }) => resource)).toEqual(['c'])
    expect(await prune()).toBe(2)
    expect(await consumers.listStandings()).toMatchObject([{ name: 'sink', cursor: { position: 2 }, behind: 1 }])
    await consumers.forgetConsumer('sink')
    expect(await prune()).toBe(1)
    await expect(consumers.readFor('sink', { limit: 1 })).rejects.toMatchObject({ code: 'CONSUMER_UNKNOWN' })
  })

  test('a consumer beyond the bounds of age or size is told what it lost', async () => {
    const { clock, record, prune, consumers } = compose(await open())
    await consumers.ensureConsumer('slow', 'oldest')
    await record('a', 'b', 'c', 'd')
    expect(await prune({ maxEvents: 3 })).toBe(1)
    expect((await consumers.readFor('slow', { limit: 10 })).missed).toEqual({ reason: 'dropped', count: 1 })
    clock.advance(31 * 24 * hour)
    expect(await prune()).toBe(3)
    expect(await consumers.readFor('slow', { limit: 10 })).toMatchObject({
      events: [],
      through: 4,
      missed: { reason: 'dropped', count: 4 },
    })
  })

  test('a consumer that registers from now on gets what comes, and registering again changes nothing', async () => {
    const { record, consumers } = compose(await open())
    await record('before')
    await consumers.ensureConsumer('late', 'now')
    await record('after')
    await consumers.ensureConsumer('late', 'now')
    expect((await consumers.readFor('late', { limit: 10 })).events.map(({ resource }) => resource)).toEqual(['after'])
    expect(await consumers.listStandings()).toMatchObject([{ name: 'late', behind: 1 }])
  })

  test('a page ends by its bytes as well as by its count', async () => {
    const { database, events, read } = compose(await open())
    const changed = Array.from({ length: 50_000 }, () => 'a long name')
    for (let index = 0; index < 4; index += 1)
      await database.write((tx) => events.record(tx, system, { type: 'update_configuration', changed }))
    const first = await read()
    expect([first.events.length, first.more]).toEqual([2, true])
    const second = await read(first.next)
    expect([second.events.length, second.more]).toEqual([2, false])
  })

  test('a page looks through so much of the log and no more, and says where it stopped', async () => {
    const { database, record, read, log } = compose(await open())
    await record('a')
    await read()
    await database.write(async (tx) => {
      await tx.updateTable('event_log').set({ position: 5_000 }).execute()
      await tx.updateTable('event_log_head').set({ last_position: 5_000 }).execute()
    })
    let page = await log.read({ since: 'oldest', limit: 10 })
    const stops = [page.next.position]
    while (page.more) {
      page = await log.read({ since: page.next, limit: 10 })
      stops.push(page.next.position)
    }
    expect(stops).toEqual([2_000, 4_000, 5_000])
    expect(page.events.map(({ resource }) => resource)).toEqual(['a'])
  })
})

test('a cursor is read as it was written, and what is none is refused', () => {
  const cursor = { epoch: '00ff00ff', position: 12 }
  expect(parseStart(formatCursor(cursor))).toEqual(cursor)
  expect([parseStart('now'), parseStart('oldest')]).toEqual(['now', 'oldest'])
  for (const text of [
    '',
    '12',
    '00ff00ff',
    '00ff00ff-',
    '00ff00ff--1',
    '00ff00ff-1e3',
    'OLDEST',
    '00FF00FF-1',
    `00ff00ff-${'9'.repeat(16)}`,
  ])
    expect(() => parseStart(text)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
})
