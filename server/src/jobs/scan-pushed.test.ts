import { expect, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import { composeEvents } from '#server/compose/events.ts'
import type { Database } from '#server/database/database.ts'
import { Jobs } from '#server/domain/jobs/jobs.ts'
import { scanPushedJob } from '#server/domain/scanning/scan-on-push.ts'
import { ensureBuiltInScanner } from '#server/domain/scanning/scanners.ts'
import { Sboms } from '#server/domain/scanning/sboms/sboms.ts'
import { Scans } from '#server/domain/scanning/scans.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, system } from '#server-test/registry-for-test.ts'
import { runningJobForTest } from '#server-test/running-job.ts'
import { composeScanPushed } from './scan-pushed.ts'

async function compose(database: Database) {
  const registry = await composeRegistryForTest(database)
  const { clock, events } = registry
  await database.write((tx) => ensureBuiltInScanner(tx, clock))
  const reacting = composeEvents(clock)
  const { id: projectId } = await database.read.selectFrom('project').select('id').executeTakeFirstOrThrow()
  const switchOn = (name = 'auto_scan') =>
    database.write((tx) =>
      tx.insertInto('project_metadata').values({ project_id: projectId, name, value: 'true' }).execute(),
    )
  const record = (digest: Digest) =>
    database.write((tx) =>
      reacting.record(tx, system, {
        type: 'push_artifact',
        projectId,
        repository: 'library/app',
        digest,
        tags: ['v1'],
      }),
    )
  const jobs = (kind: string) =>
    database.read.selectFrom('job').select(['payload', 'started_by']).where('kind', '=', kind).execute()
  const services = { database, clock, events, jobs: new Jobs({ database, clock, events }) }
  const kind = composeScanPushed({
    database,
    scans: new Scans(services),
    sboms: new Sboms(services),
  })
  const run = async () => {
    const [job] = await jobs(scanPushedJob.kind)
    return await kind.run(runningJobForTest(database, kind.parse(JSON.parse(job!.payload) as never)))
  }
  return { ...registry, switchOn, record, jobs, run }
}

describeEachDatabase('a push into a project', (open) => {
  test('is followed by a scan where auto_scan is on, and by nothing elsewhere', async () => {
    const registry = await compose(await open())
    const digest = await registry.pushImage('library/app', 'v1', [Buffer.from('{}'), Buffer.from('layer')])
    await registry.record(digest)
    expect(await registry.jobs(scanPushedJob.kind)).toEqual([])
    await registry.switchOn()
    await registry.record(digest)
    expect(await registry.run()).toEqual({ started: true })
    expect(await registry.jobs('scan-artifact')).toMatchObject([{ started_by: 'event' }])
    // The same artifact under another tag, while it is being scanned.
    expect(await registry.run()).toEqual({ started: false })
    expect(await registry.jobs('scan-artifact')).toHaveLength(1)
  })

  test('is followed by the making of an SBOM where auto_sbom_generation is on', async () => {
    const registry = await compose(await open())
    const digest = await registry.pushImage('library/app', 'v1', [Buffer.from('{}'), Buffer.from('layer')])
    await registry.switchOn('auto_sbom_generation')
    await registry.record(digest)
    expect(await registry.run()).toEqual({ started: true })
    expect(await registry.jobs('generate-sbom')).toMatchObject([{ started_by: 'event' }])
    expect(await registry.jobs('scan-artifact')).toEqual([])
  })

  test('of an artifact that is gone by then fails nothing', async () => {
    const registry = await compose(await open())
    await registry.switchOn()
    await registry.record(`sha256:${'0'.repeat(64)}` as Digest)
    expect(await registry.run()).toEqual({ started: false })
  })
})
