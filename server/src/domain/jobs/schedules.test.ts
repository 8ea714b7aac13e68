import { expect, test } from 'bun:test'
import type { Database } from '#server/database/database.ts'
import type { Actor } from '#server/domain/access/actor.ts'
import { Projects } from '#server/domain/projects/projects.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { TestClock } from '#server-test/registry-for-test.ts'
import { Jobs } from './jobs.ts'
import { schedulerKind } from './kinds.ts'
import {
  deleteSchedule,
  findSchedule,
  fireDueSchedules,
  hasTiming,
  listSchedules,
  setSchedule,
  type NewSchedule,
} from './schedules.ts'
import { Events } from '../events/events.ts'

const actor = { kind: 'system', name: 'test' } as const

const nightly: NewSchedule = {
  name: 'sweep',
  kind: 'sweep',
  payload: { deep: true },
  timing: { preset: 'custom', cron: '0 30 2 * * *', timeZone: 'Asia/Shanghai' },
}

function composeSchedules(database: Database) {
  const clock = new TestClock()
  const events = new Events({ clock })
  const jobs = new Jobs({ database, clock, events })
  const set = (schedule: NewSchedule) => database.write((tx) => setSchedule(tx, { clock, events }, actor, schedule))
  const fire = () => fireDueSchedules(database, clock)
  const toNext = async () => clock.advance((await findSchedule(database.read, 'sweep'))!.nextRunAt - clock.now())
  const started = async () => (await jobs.listJobs({ kinds: ['sweep'], limit: 100 })).rows
  return { database, clock, events, jobs, set, fire, toNext, started }
}

const eventsOf = async (database: Database) =>
  (await database.read.selectFrom('event').select('type').orderBy('id').execute()).map(({ type }) => type)

describeEachDatabase('schedules', (open) => {
  test('an occurrence makes one job, however many processes look at the same moment', async () => {
    const { set, fire, toNext, started } = composeSchedules(await open())
    await set(nightly)
    expect(await fire()).toBe(0)
    for (let night = 1; night <= 3; night++) {
      await toNext()
      const fired = await Promise.all([fire(), fire(), fire(), fire(), fire(), fire()])
      expect(fired.reduce((sum, count) => sum + count)).toBe(1)
    }
    // The first one has not ended: the others were left out.
    expect(await started()).toMatchObject([{ status: 'pending', payload: { deep: true }, trigger: 'schedule' }])
  })

  test('each occurrence makes a job when the last one has ended', async () => {
    const { set, fire, toNext, started, jobs } = composeSchedules(await open())
    await set(nightly)
    for (let night = 1; night <= 3; night++) {
      await toNext()
      await fire()
      for (const { id } of await started()) await jobs.requestStop(actor, id)
    }
    expect((await started()).length).toBe(3)
  })

  test('a timing is the one of a schedule by its fields and time zone, written or those of its preset', async () => {
    const { database, set } = composeSchedules(await open())
    await set({ ...nightly, timing: { preset: 'daily' } })
    const daily = (await findSchedule(database.read, 'sweep'))!
    expect(hasTiming(daily, { preset: 'daily' })).toBe(true)
    expect(hasTiming(daily, { preset: 'daily', cron: '', timeZone: 'UTC' })).toBe(true)
    expect(hasTiming(daily, { preset: 'daily', cron: '0 0 0 * * *' })).toBe(true)
    expect(hasTiming(daily, { preset: 'weekly' })).toBe(false)
    expect(hasTiming(daily, { preset: 'daily', timeZone: 'Asia/Shanghai' })).toBe(false)
    await set(nightly)
    const custom = (await findSchedule(database.read, 'sweep'))!
    expect(hasTiming(custom, nightly.timing)).toBe(true)
    expect(hasTiming(custom, { ...nightly.timing, cron: '0 0 3 * * *' })).toBe(false)
  })

  test('occurrences that were missed make one job together, at once', async () => {
    const { clock, database, set, fire, started } = composeSchedules(await open())
    await set({ ...nightly, timing: { preset: 'hourly' } })
    clock.advance(50 * 3_600_000)
    expect([await fire(), await fire()]).toEqual([1, 0])
    expect((await started()).length).toBe(1)
    const { nextRunAt, lastRunAt } = (await findSchedule(database.read, 'sweep'))!
    expect(lastRunAt).toBe(clock.now())
    expect(nextRunAt - clock.now()).toBeLessThanOrEqual(3_600_000)
    expect(nextRunAt).toBeGreaterThan(clock.now())
  })

  test('a paused scheduler starts nothing, and what was missed makes one job when it is resumed', async () => {
    const { set, fire, toNext, started, jobs } = composeSchedules(await open())
    await set(nightly)
    await jobs.pause(actor, schedulerKind)
    await toNext()
    expect(await fire()).toBe(0)
    await jobs.resume(actor, schedulerKind)
    expect(await fire()).toBe(1)
    expect((await started()).length).toBe(1)
  })

  test('setting replaces, deleting ends, and both are events', async () => {
    const { database, events, set } = composeSchedules(await open())
    await set(nightly)
    const { id, nextRunAt } = (await findSchedule(database.read, 'sweep'))!
    await set({ ...nightly, timing: { preset: 'daily' } })
    const changed = (await findSchedule(database.read, 'sweep'))!
    expect(changed).toMatchObject({ id, preset: 'daily', cron: '0 0 0 * * *', timeZone: 'UTC', username: 'test' })
    expect(changed.nextRunAt).not.toBe(nextRunAt)
    expect(await listSchedules(database.read, { offset: 0, limit: 10 })).toEqual({ rows: [changed], total: 1 })
    const remove = () => database.write((tx) => deleteSchedule(tx, events, actor, 'sweep'))
    expect([await remove(), await remove()]).toEqual([true, false])
    expect(await eventsOf(database)).toEqual(['create_schedule', 'update_schedule', 'delete_schedule'])
  })

  test('a schedule that cannot be changes nothing', async () => {
    const { database, set } = composeSchedules(await open())
    await set(nightly)
    for (const timing of [
      { preset: 'custom' as const },
      { preset: 'custom' as const, cron: '* * *' },
      { preset: 'daily' as const, timeZone: 'Mars/Olympus' },
    ])
      await expect(set({ ...nightly, timing })).rejects.toMatchObject({ code: 'BAD_REQUEST' })
    expect(await findSchedule(database.read, 'sweep')).toMatchObject({ cron: '0 30 2 * * *' })
  })

  test('the schedules of a project go with it', async () => {
    const { database, clock, set } = composeSchedules(await open())
    const projects = new Projects({ database, clock, events: new Events({ clock }) })
    await projects.createProject(actor, { name: 'gone', public: false })
    const { id } = await database.read
      .selectFrom('project')
      .select('id')
      .where('name', '=', 'gone')
      .executeTakeFirstOrThrow()
    await set({ ...nightly, projectId: id })
    await projects.deleteProject(actor, 'gone')
    expect(await findSchedule(database.read, 'sweep')).toBeUndefined()
  })

  test('what comes more than once an hour only an administrator sets, and nobody what comes more than once a minute', async () => {
    const database = await open()
    const { clock, events, set } = composeSchedules(database)
    const { id } = await database.write((tx) =>
      tx
        .insertInto('user_account')
        .values({
          username: 'ada',
          real_name: '',
          comment: '',
          admin: 1,
          disabled: 0,
          credentials_changed_at: 0,
          created_at: 0,
          updated_at: 0,
        })
        .returning('id')
        .executeTakeFirstOrThrow(),
    )
    const ada: Actor = { kind: 'user', id, username: 'ada', admin: true }
    const often = { ...nightly, timing: { preset: 'custom', cron: '0 */5 * * * *' } } as const
    const setAs = async (asked: Actor) => await database.write((tx) => setSchedule(tx, { clock, events }, asked, often))
    await setAs(ada)
    const token = { ...ada, limits: { tokenId: 9, projectIds: undefined, permissions: new Set<string>() } }
    await expect(setAs(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await database.write((tx) => tx.updateTable('user_account').set({ admin: 0 }).execute())
    await expect(setAs(ada)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
    await expect(set({ ...nightly, timing: { preset: 'custom', cron: '* * * * * *' } })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    })
  })
})
