import { expect, test } from 'bun:test'
import type { Database } from '#server/database/database.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { TestClock } from '#server-test/registry-for-test.ts'
import { Lags } from './lags.ts'
import { getReplicationPolicy } from './replication-policies.ts'
import { beginRun, endTask, taskRow } from './runs.ts'

const clock = new TestClock()

async function addPolicy(database: Database, trigger: 'event_based' | 'scheduled'): Promise<number> {
  const now = clock.now()
  return await database.write(async (tx) => {
    const { id: registryId } = await tx
      .insertInto('registry')
      .values({
        ...{ name: 'far', description: '', type: 'harbor', url: 'http://far', insecure: 0, status: 'healthy' },
        ...{ credential_type: 'basic', access_key: '', access_secret: '', ca_certificate: null },
        ...{ created_at: now, updated_at: now },
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const { id } = await tx
      .insertInto('replication_policy')
      .values({
        ...{ name: 'rule', description: '', creator: 'ada', destination_registry_id: registryId, cron: '', speed: 0 },
        ...{ destination_namespace: '', replace_count: -1, filters: '[]', trigger_type: trigger, enabled: 1 },
        ...{ deletion: 0, override: 1, copy_by_chunk: 0, single_active: 0, created_at: now, updated_at: now },
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    return id
  })
}

async function addTask(database: Database, policyId: number, bytes = 0): Promise<number> {
  return await database.write(async (tx) => {
    const { id: executionId } = await beginRun(database, tx, {
      ...{ policyId, mode: 'copy', trigger: 'event', username: 'ada', now: clock.now(), singleActive: false },
    })
    await tx.updateTable('replication_execution').set({ status: 'running' }).where('id', '=', executionId).execute()
    const { id } = await tx
      .insertInto('replication_task')
      .values(
        taskRow({
          ...{ executionId, policyId, operation: 'copy', resourceType: 'artifact', items: [], bytes },
          ...{ source: 'library/app', destination: 'library/app', occurredAt: clock.now() },
        }),
      )
      .returning('id')
      .executeTakeFirstOrThrow()
    return id
  })
}

const end = async (database: Database, taskId: number, status: 'failed' | 'succeeded') =>
  await database.write(async (tx) => await endTask(database, tx, taskId, { status, now: clock.now() }))

describeEachDatabase('how far a rule is behind', (open) => {
  const lagOf = async (database: Database, id: number) => {
    const lags = await new Lags({ database, clock }).of([await getReplicationPolicy(database.read, id)])
    return lags.get(id)
  }

  test('one that follows changes: since the oldest that waits, with its bytes', async () => {
    const database = await open()
    const rule = await addPolicy(database, 'event_based')
    expect(await lagOf(database, rule)).toEqual({ seconds: 0, bytes: 0 })
    const task = await addTask(database, rule, 1_000)
    clock.advance(5_000)
    await addTask(database, rule, 500)
    clock.advance(5_000)
    expect(await lagOf(database, rule)).toEqual({ seconds: 10, bytes: 1_500 })
    await end(database, task, 'succeeded')
    expect(await lagOf(database, rule)).toEqual({ seconds: 5, bytes: 500 })
  })

  test('a change that was given up counts until a later one in its repository arrives', async () => {
    const database = await open()
    const rule = await addPolicy(database, 'event_based')
    await end(database, await addTask(database, rule), 'failed')
    clock.advance(60_000)
    expect(await lagOf(database, rule)).toMatchObject({ seconds: 60 })
    await end(database, await addTask(database, rule), 'succeeded')
    expect(await lagOf(database, rule)).toMatchObject({ seconds: 0 })
  })

  test('one with a schedule: since it was made, as long as no run brought everything over', async () => {
    const database = await open()
    const rule = await addPolicy(database, 'scheduled')
    clock.advance(30_000)
    expect(await lagOf(database, rule)).toMatchObject({ seconds: 30 })
  })
})
