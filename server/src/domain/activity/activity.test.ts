import { expect, test } from 'bun:test'
import { describeEachDatabase } from '../../../test/databases.ts'
import { composeRegistryForTest, createProject, system, type RegistryForTest } from '../../../test/registry-for-test.ts'
import type { Actor } from '../access/actor.ts'
import { Passwords } from '../access/credentials/passwords.ts'
import { Users } from '../access/accounts/users.ts'
import { StorageUsage } from '../content/storage-usage.ts'
import { DomainError } from '../errors.ts'
import { readActivity } from './activity.ts'
import { deleteSchedule } from '../jobs/schedules.ts'
import { saveProgress } from '../scrub/scrub-progress.ts'
import { scheduleWeeklyScrub } from '../scrub/weekly-scrub.ts'
import { listConcerns, type Surroundings } from './attention.ts'
import { hourMs, hourOf, keptMs, sampleActivity } from './samples.ts'
import { Events } from '../events/events.ts'

const bytes = (seed: number) => new Uint8Array(2_000).fill(seed)
const stranger: Actor = { kind: 'user', id: 4_711, username: 'stranger', admin: false }

describeEachDatabase('activity', (open) => {
  async function compose() {
    const registry = await composeRegistryForTest(await open())
    const { database, clock } = registry
    await createProject(database, 'secret', clock, false)
    const sample = async () => await sampleActivity({ database, clock, usage: new StorageUsage(registry) })
    const lastDay = async (actor: Actor, step = 1) =>
      await readActivity(database, actor, { from: clock.now() - 23 * hourMs, to: clock.now() + 1, step })
    return { ...registry, sample, lastDay }
  }

  const totals = (points: readonly { pushes: number; pulls: number }[]) => [
    points.reduce((sum, { pushes }) => sum + pushes, 0),
    points.reduce((sum, { pulls }) => sum + pulls, 0),
  ]

  async function pull({ database, pulls, clock }: RegistryForTest, tag: string, times: number): Promise<void> {
    const artifact = await database.read
      .selectFrom('tag')
      .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
      .select(['artifact.id', 'tag.id as tag_id'])
      .where('tag.name', '=', tag)
      .executeTakeFirstOrThrow()
    for (let time = 0; time < times; time += 1)
      pulls.record({ artifactId: artifact.id, tagId: artifact.tag_id } as never, clock.now())
    await pulls.flush()
  }

  test('pushes and pulls stand in the hour in which they were, each once however often it is looked', async () => {
    const registry = await compose()
    const { clock, pushImage, sample, lastDay } = registry
    await pushImage('library/app', 'v1', [bytes(1), bytes(2)])
    await pull(registry, 'v1', 3)
    await sample()
    await sample()
    clock.advance(hourMs)
    await pushImage('library/app', 'v2', [bytes(1), bytes(3)])
    await sample()
    await pull(registry, 'v1', 2)
    await pull(registry, 'v2', 2)
    await sample()
    const points = (await lastDay(system)).slice(-2)
    expect(points.map(({ pushes, pulls }) => [pushes, pulls])).toEqual([
      [1, 3],
      [1, 4],
    ])
    expect(points.map(({ time }) => time)).toEqual([hourOf(clock.now()) - hourMs, hourOf(clock.now())])
  })

  test('what was pushed after the last look of an hour is counted in the next', async () => {
    const { clock, pushImage, sample, lastDay } = await compose()
    await sample()
    await pushImage('library/app', 'v1', [bytes(1)])
    clock.advance(3 * hourMs)
    await sample()
    expect((await lastDay(system)).map(({ pushes }) => pushes).slice(-4)).toEqual([1, 0, 0, 0])
  })

  test('nobody hears of what goes on in a project that they may not see', async () => {
    const { pushImage, sample, lastDay } = await compose()
    await pushImage('library/app', 'v1', [bytes(1)])
    await pushImage('secret/app', 'v1', [bytes(2)])
    await sample()
    expect(totals(await lastDay(system))).toEqual([2, 0])
    const seen = await lastDay(stranger)
    expect(totals(seen)).toEqual([1, 0])
    expect(
      seen.every(({ physicalBytes, logicalBytes }) => physicalBytes === undefined && logicalBytes === undefined),
    ).toBe(true)
  })

  test('the storage is looked at once an hour: a blob counts in each project, and once on the disk', async () => {
    const { pushImage, sample, lastDay } = await compose()
    await pushImage('library/app', 'v1', [bytes(1)])
    await pushImage('secret/app', 'v1', [bytes(1)])
    await sample()
    const [held] = (await lastDay(system)).slice(-1)
    expect(held!.physicalBytes).toBe(2_000)
    expect(held!.logicalBytes).toBeGreaterThanOrEqual(4_000)
  })

  test('buckets have no gaps and begin where they were asked for', async () => {
    const { clock, pushImage, sample, lastDay } = await compose()
    for (let hour = 0; hour < 4; hour += 1) {
      await pushImage('library/app', `v${hour}`, [bytes(hour)])
      clock.advance(hourMs)
    }
    await sample()
    const points = await lastDay(system, 8)
    expect(points.length).toBe(3)
    expect(points.map(({ pushes }) => pushes)).toEqual([0, 0, 4])
    expect(points[1]!.time - points[0]!.time).toBe(8 * hourMs)
  })

  test('samples are forgotten after 92 days, and a longer range is refused', async () => {
    const { database, clock, pushImage, sample } = await compose()
    await pushImage('library/app', 'v1', [bytes(1)])
    await sample()
    clock.advance(keptMs + 2 * hourMs)
    await sample()
    expect(await database.read.selectFrom('activity_sample').selectAll().execute()).toEqual([])
    expect((await database.read.selectFrom('storage_sample').selectAll().execute()).length).toBe(1)
    const now = clock.now()
    const range = { from: now - keptMs - hourMs, to: now, step: 1 }
    expect(readActivity(database, system, range)).rejects.toBeInstanceOf(DomainError)
  })

  test('samples go with their project', async () => {
    const { database, pushImage, sample } = await compose()
    await pushImage('library/app', 'v1', [bytes(1)])
    await sample()
    await database.write(async (tx) => {
      await tx.deleteFrom('artifact_blob').execute()
      await tx.deleteFrom('tag').execute()
      await tx.deleteFrom('artifact').execute()
      await tx.deleteFrom('repository_blob').execute()
      await tx.deleteFrom('repository').execute()
      await tx.deleteFrom('project').where('name', '=', 'library').execute()
    })
    expect(await database.read.selectFrom('activity_sample').selectAll().execute()).toEqual([])
    await sample()
  })
})

describeEachDatabase('attention', (open) => {
  async function compose(surroundings: Partial<Surroundings> = {}) {
    const registry = await composeRegistryForTest(await open())
    const { database, clock } = registry
    const events = new Events({ clock })
    const users = new Users({ database, clock, events, passwords: new Passwords() })
    await database.write((tx) => scheduleWeeklyScrub(tx, { clock, events }, system))
    const services = {
      database,
      clock,
      users,
      surroundings: {
        volume: async () => ({ totalBytes: 1_000, freeBytes: 900 }),
        certificate: async () => undefined,
        ...surroundings,
      },
    }
    const projectIdOf = async (name: string) =>
      (await database.read.selectFrom('project').select('id').where('name', '=', name).executeTakeFirstOrThrow()).id
    const kinds = async (actor: Actor) => (await listConcerns(services, actor)).map(({ kind }) => kind)
    return { ...registry, users, kinds, services, projectIdOf }
  }

  test('the password of every manual is a concern until it is another', async () => {
    const { users, kinds } = await compose()
    await users.ensureAdministrator('Harbor12345')
    expect(await kinds(system)).toEqual(['default-password'])
    await users.setPassword(system, 'admin', 'Another12345')
    expect(await kinds(system)).toEqual([])
  })

  test('bytes that nothing reads again are told to administrators, unless a pass was made within a month', async () => {
    const { database, clock, events, kinds } = await compose()
    expect(await kinds(system)).toEqual([])
    await database.write((tx) => deleteSchedule(tx, events, system, 'scrub'))
    expect(await kinds(system)).toEqual(['scrub-unscheduled'])
    expect(await kinds(stranger)).toEqual([])
    const pass = { position: '', started_at: clock.now(), blobs: 0, bytes: 0, damaged: 0, finished_at: clock.now() }
    await database.write((tx) => saveProgress(tx, pass))
    expect(await kinds(system)).toEqual([])
    clock.advance(31 * 86_400_000)
    expect(await kinds(system)).toEqual(['scrub-unscheduled'])
  })

  test('vulnerability data of more than a week is told to administrators, and its lack only where somebody scans', async () => {
    const { database, clock, kinds, services } = await compose()
    await database.write((tx) =>
      tx
        .insertInto('advisory_generation')
        .values({
          number: 1,
          state: 'in-use',
          digest: 'sha256:1',
          size: 1,
          sources: '[]',
          data_time: clock.now() - 6 * 86_400_000,
          imported_at: clock.now(),
          username: 'admin',
        })
        .execute(),
    )
    expect(await kinds(system)).toEqual([])
    clock.advance(2 * 86_400_000)
    expect(await kinds(system)).toEqual(['vulnerability-data-old'])
    expect(await kinds(stranger)).toEqual([])
    clock.advance(24 * 86_400_000)
    expect((await listConcerns(services, system)).find(({ kind }) => kind === 'vulnerability-data-old')?.severity).toBe(
      'critical',
    )
    await database.write((tx) => tx.deleteFrom('advisory_generation').execute())
    expect(await kinds(system)).not.toContain('vulnerability-data-missing')
  })

  test('a disk and a certificate near their end are told to administrators, the worst first', async () => {
    const at = 1_800_000_000_000
    const { kinds, services } = await compose({
      volume: async () => ({ totalBytes: 1_000, freeBytes: 80 }),
      certificate: async () => ({ expiresAt: at + 86_400_000, attentionAt: at - 86_400_000 }),
    })
    expect(await kinds(system)).toEqual(['certificate-expiring', 'disk-nearly-full'])
    expect((await listConcerns(services, system)).map(({ severity }) => severity)).toEqual(['critical', 'warning'])
    expect(await kinds(stranger)).toEqual([])
  })

  test('a quota nearly full and a robot near its end are told to those of the project, and to nobody else', async () => {
    const { database, clock, pushImage, kinds, projectIdOf, services } = await compose()
    await pushImage('library/app', 'v1', [bytes(1)])
    const projectId = await projectIdOf('library')
    const now = clock.now()
    await database.write(async (tx) => {
      const quota = { project_id: projectId, hard_bytes: 2_500, updated_at: now }
      await tx.insertInto('quota').values(quota).execute()
      await tx
        .insertInto('robot')
        .values({
          project_id: projectId,
          name: 'ci',
          description: '',
          secret_hash: 'none',
          disabled: 0,
          duration_days: 30,
          expires_at: now + 86_400_000,
          creator_type: 'local',
          creator_id: null,
          credentials_changed_at: now,
          created_at: now,
          updated_at: now,
        })
        .execute()
      await tx
        .insertInto('user_account')
        .values({
          username: 'ada',
          email: null,
          real_name: '',
          comment: '',
          password_hash: null,
          admin: 0,
          disabled: 0,
          credentials_changed_at: now,
          external_id: null,
          created_at: now,
          updated_at: now,
        })
        .execute()
    })
    const ada = await database.read
      .selectFrom('user_account')
      .select('id')
      .where('username', '=', 'ada')
      .executeTakeFirstOrThrow()
    const actor: Actor = { kind: 'user', id: ada.id, username: 'ada', admin: false }
    expect((await kinds(system)).toSorted()).toEqual(['quota-nearly-full', 'robot-expiring'])
    expect(await kinds(actor)).toEqual([])
    await database.write(async (tx) => {
      const member = {
        project_id: projectId,
        entity_type: 'user',
        entity_id: ada.id,
        role_id: 3,
        created_at: now,
      }
      await tx
        .insertInto('project_member')
        .values(member as never)
        .execute()
    })
    expect(await kinds(actor)).toEqual(['quota-nearly-full'])
    await database.write(async (tx) => void (await tx.updateTable('project_member').set({ role_id: 1 }).execute()))
    expect((await kinds(actor)).toSorted()).toEqual(['quota-nearly-full', 'robot-expiring'])
    const quota = (await listConcerns(services, actor)).find(({ kind }) => kind === 'quota-nearly-full')
    expect(quota).toMatchObject({ project: 'library', totalBytes: 2_500 })
  })

  test('failed jobs of the last day are counted', async () => {
    const { database, clock, kinds } = await compose()
    const at = clock.now()
    await database.write(async (tx) => {
      await tx
        .insertInto('job')
        .values({
          kind: 'test',
          payload: '{}',
          status: 'failed',
          unique_key: null,
          subject: null,
          project_id: null,
          priority: 0,
          run_at: at,
          max_attempts: null,
          started_by: 'manual',
          actor: 'system:test',
          username: 'test',
          lease_holder: null,
          lease_expires_at: null,
          state: null,
          progress: null,
          result: null,
          error: 'it broke',
          created_at: at,
          updated_at: at,
          started_at: at,
          finished_at: at,
          keep_until: null,
        })
        .execute()
    })
    expect(await kinds(system)).toEqual(['jobs-failed'])
    clock.advance(25 * hourMs)
    expect(await kinds(system)).toEqual([])
  })
})
