import { expect, test } from 'bun:test'
import { ManualClock, system } from '../../../test/access.ts'
import { describeEachDatabase } from '../../../test/databases.ts'
import type { Database } from '../../database/database.ts'
import type { BusinessEvent } from './event-types.ts'
import { Events } from './events.ts'

const digest = `sha256:${'a'.repeat(64)}`

describeEachDatabase('events', (open) => {
  const record = async (database: Database, clock: ManualClock, event: BusinessEvent) =>
    await database.write(async (tx) => await new Events({ clock }).record(tx, system, event))

  test('an event says who did what to what, and when', async () => {
    const database = await open()
    const clock = new ManualClock()
    await record(database, clock, { type: 'push_artifact', projectId: 1, repository: 'p/app', digest, tags: ['v1'] })
    await record(database, clock, { type: 'push_artifact', projectId: 1, repository: 'p/app', digest, tags: [] })
    await record(database, clock, { type: 'delete_tag', projectId: 1, repository: 'p/app', digest, tag: 'v1' })
    const rows = await database.read.selectFrom('event').selectAll().orderBy('id').execute()
    expect(rows).toMatchObject([
      {
        type: 'push_artifact',
        actor: 'system:test',
        occurred_at: clock.now(),
        project_id: 1,
        resource: 'p/app:v1',
        payload: JSON.stringify({ projectId: 1, repository: 'p/app', digest, tags: ['v1'] }),
      },
      { resource: `p/app@${digest}` },
      { type: 'delete_tag', resource: 'p/app:v1' },
    ])
  })

  test('an event of a transaction that is rolled back never was', async () => {
    const database = await open()
    const rolledBack = database.write(async (tx) => {
      await new Events({ clock: new ManualClock() }).record(tx, system, {
        type: 'delete_user',
        userId: 1,
        username: 'ada',
      })
      throw new Error('no')
    })
    expect(await rolledBack.catch((error: Error) => error.message)).toBe('no')
    expect(await database.read.selectFrom('event').selectAll().execute()).toEqual([])
  })
})
