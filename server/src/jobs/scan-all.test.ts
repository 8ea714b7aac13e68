import { expect, setDefaultTimeout, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database } from '#server/database/database.ts'
import { Jobs } from '#server/domain/jobs/jobs.ts'
import type { Json } from '#server/domain/jobs/job.ts'
import type { AdvisoryGenerations } from '#server/domain/scanning/data/advisory-generations.ts'
import { analyserVersion } from '#server/domain/scanning/detection/layer-inventory.ts'
import { readScanAllProgress, startScanAll, stopScanAll } from '#server/domain/scanning/scan-all.ts'
import { scanAllJob, scanRunSubject } from '#server/domain/scanning/scan-all-job.ts'
import { findScanTarget } from '#server/domain/scanning/scan-targets.ts'
import { ensureBuiltInScanner } from '#server/domain/scanning/scanners.ts'
import { Scans } from '#server/domain/scanning/scans.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, system } from '#server-test/registry-for-test.ts'
import { runningJobForTest } from '#server-test/running-job.ts'
import { composeScanAll } from './scan-all.ts'

setDefaultTimeout(60_000)

const repository = 'library/app' as RepositoryName

async function compose(database: Database) {
  const registry = await composeRegistryForTest(database)
  const { clock, events } = registry
  await database.write((tx) => ensureBuiltInScanner(tx, clock))
  const jobs = new Jobs({ database, clock, events })
  const scans = new Scans({ database, clock, events, jobs })
  const services = { database, clock, events, jobs, scans }
  const inUse = { number: 7 }
  const kind = composeScanAll({
    ...services,
    advisories: { list: () => Promise.resolve([{ ...inUse, inUse: true }]) } as unknown as AdvisoryGenerations,
  })
  const push = async (tag: string) => await registry.pushImage(repository, tag, [Buffer.from('{}'), Buffer.from(tag)])
  const runOf = async () =>
    (
      await database.read
        .selectFrom('job')
        .select('id')
        .where('kind', '=', scanAllJob.kind)
        .orderBy('id', 'desc')
        .executeTakeFirstOrThrow()
    ).id
  /** Runs the newest one to its end. */
  const run = async (rest: { signal?: AbortSignal; state?: Json } = {}) => {
    const job = runningJobForTest(database, {}, { ...rest, id: await runOf() })
    const result = await kind.run(job)
    await database.write((tx) =>
      tx.updateTable('job').set({ status: 'succeeded', finished_at: clock.now() }).where('id', '=', job.id).execute(),
    )
    return { result, job }
  }
  const tasks = async () =>
    await database.read
      .selectFrom('job')
      .select(['payload', 'priority', 'status'])
      .where('subject', '=', scanRunSubject(await runOf()))
      .execute()
  /** As if it had been scanned with that data. */
  const judge = async (digest: Digest, generation: number) =>
    await database.write(async (tx) => {
      await tx
        .updateTable('scan')
        .set({ status: 'success', generation, reported_at: 1, summary: '{}', body: Buffer.of(1) })
        .where('digest', '=', digest)
        .execute()
      await tx
        .updateTable('job')
        .set({ status: 'succeeded', finished_at: 1 })
        .where('kind', '=', 'scan-artifact')
        .execute()
      await tx
        .insertInto('artifact_inventory')
        .values({ digest, analyser: analyserVersion, body: Buffer.of(1), created_at: 1 })
        .execute()
    })
  return { ...registry, services, inUse, push, run, runOf, tasks, judge }
}

describeEachDatabase('a scan of everything', (open) => {
  test('asks for every image once, behind all other work, and counts what cannot be scanned', async () => {
    const registry = await compose(await open())
    await registry.push('v1')
    await registry.push('v2')
    await startScanAll(registry.services, system)
    const { result } = await registry.run()
    expect(result).toMatchObject({ found: 2, submitted: 2, notScannable: 0 })
    const tasks = await registry.tasks()
    expect(tasks.map(({ priority }) => priority)).toEqual([-10, -10])
    expect(await readScanAllProgress(registry.database.read)).toMatchObject({
      total: 2,
      ongoing: true,
      trigger: 'manual',
    })
    expect(await readScanAllProgress(registry.database.read, 'schedule')).toBeUndefined()
  })

  test('leaves what the data in use has judged, and asks again when the data is newer', async () => {
    const registry = await compose(await open())
    const digest = await registry.push('v1')
    const target = (await findScanTarget(registry.database.read, repository, digest))!
    await registry.services.scans.start({ actor: system, target, kind: 'vulnerability' })
    await registry.judge(digest, 7)
    await startScanAll(registry.services, system)
    expect((await registry.run()).result).toMatchObject({ submitted: 0, current: 1 })
    expect(await readScanAllProgress(registry.database.read)).toMatchObject({ total: 0, ongoing: false })
    registry.inUse.number = 8
    await startScanAll(registry.services, system)
    expect((await registry.run()).result).toMatchObject({ submitted: 1, current: 0 })
  })

  test('goes on behind its last step after an interruption', async () => {
    const registry = await compose(await open())
    await registry.push('v1')
    const { id: first } = await registry.database.read.selectFrom('artifact').select('id').executeTakeFirstOrThrow()
    await registry.push('v2')
    await startScanAll(registry.services, system)
    const counts = { found: 1, submitted: 1, current: 0, notScannable: 0, ongoing: 0, withoutScanner: 0 }
    const { result } = await registry.run({ state: { after: first, ...counts } })
    expect(result).toMatchObject({ found: 2, submitted: 2 })
    expect(await registry.tasks()).toHaveLength(1)
  })

  test('is not begun twice, and after a stop a new one begins at once', async () => {
    const registry = await compose(await open())
    await registry.push('v1')
    await expect(stopScanAll(registry.services, system)).rejects.toThrow('no scan all job is found currently')
    await startScanAll(registry.services, system)
    await expect(startScanAll(registry.services, system)).rejects.toThrow('its status is Running')
    await registry.run()
    // Its tasks are still there to be done.
    await expect(startScanAll(registry.services, system)).rejects.toThrow('its status is Running')
    await stopScanAll(registry.services, system)
    expect((await registry.tasks()).map(({ status }) => status)).toEqual(['stopped'])
    expect(await readScanAllProgress(registry.database.read)).toMatchObject({ total: 1, ongoing: false })
    await stopScanAll(registry.services, system)
    await startScanAll(registry.services, system)
    await stopScanAll(registry.services, system)
    await startScanAll(registry.services, system)
  })

  test('that is stopped while it looks takes its tasks with it', async () => {
    const registry = await compose(await open())
    for (const tag of ['v1', 'v2']) await registry.push(tag)
    await startScanAll(registry.services, system)
    await registry.run()
    const again = registry.run({ signal: AbortSignal.abort('stop') })
    await expect(again).rejects.toThrow('interrupted')
    expect((await registry.tasks()).map(({ status }) => status)).toEqual(['stopped', 'stopped'])
  })
})
