import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database } from '#server/database/database.ts'
import { enqueueJob } from '#server/domain/jobs/enqueue.ts'
import { Jobs } from '#server/domain/jobs/jobs.ts'
import { collectGarbage } from '#server/domain/garbage-collection/collect.ts'
import { ensureKinds } from '#server/domain/jobs/kinds.ts'
import { countDamaged, listFindings } from '#server/domain/scrub/scrub-findings.ts'
import { findProgress } from '#server/domain/scrub/scrub-progress.ts'
import { disableFaultPoints, enableFaultPoint } from '#server/runtime/fault-points.ts'
import { composeFilesystemBlobStore } from '#server/storage/filesystem.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, digestOf, leaseMs, readBlob, system } from '#server-test/registry-for-test.ts'
import { jobKind } from './job-kind.ts'
import { composeScrub } from './scrub.ts'
import { JobWorker } from './worker.ts'

setDefaultTimeout(60_000)

const owned: (() => PromiseLike<unknown>)[] = []
afterEach(async () => {
  disableFaultPoints()
  for (const release of owned.splice(0).toReversed()) await release()
})

const bytes = (text: string) => new TextEncoder().encode(text)

async function compose(database: Database) {
  const folder = await mkdtemp(join(tmpdir(), 'berth-scrub-'))
  const store = await composeFilesystemBlobStore({ folder })
  const registry = await composeRegistryForTest(database, store)
  const { clock, events } = registry
  const errors: unknown[] = []
  const worker = new JobWorker({
    database,
    clock,
    kinds: [jobKind(composeScrub({ database, store, clock, events }))],
    process: { id: 'one', host: 'here', pid: 1 },
    concurrency: 1,
    keepMs: 60_000,
    flushMs: 5,
    drainMs: 2_000,
    onError: (doing, error) => errors.push(`${doing}: ${String(error)}`),
  })
  owned.push(
    () => rm(folder, { recursive: true, force: true }),
    () => store[Symbol.asyncDispose](),
    () => worker[Symbol.asyncDispose](),
  )
  await database.write((tx) => ensureKinds(tx, ['scrub']))
  const jobs = new Jobs({ database, clock, events })
  const start = async (bytesPerSecond = 1e9) => {
    const payload = { bytesPerSecond }
    return await database.write((tx) =>
      enqueueJob(tx, clock, { kind: 'scrub', payload, trigger: 'manual', actor: system, uniqueKey: 'scrub' }),
    )
  }
  const scrub = async () => {
    const { id } = await start()
    await worker.tick()
    await worker.idle()
    expect(errors).toEqual([])
    return await jobs.getJob(id)
  }
  const locationOf = async (digest: Digest) =>
    (await database.read.selectFrom('blob').select('location').where('digest', '=', digest).executeTakeFirstOrThrow())
      .location
  const flip = async (digest: Digest) => {
    const path = join(folder, await locationOf(digest))
    const stored = await readFile(path)
    stored[stored.byteLength >> 1]! ^= 1
    await chmod(path, 0o640)
    await writeFile(path, stored)
  }
  const eventsTold = async () =>
    (await database.read.selectFrom('event').select(['type', 'resource']).orderBy('id').execute())
      .filter(({ type }) => type.endsWith('blob'))
      .map(({ type, resource }) => `${type} ${resource}`)
  return { ...registry, database, folder, worker, jobs, start, scrub, flip, locationOf, eventsTold }
}

describeEachDatabase('the scrub', (open) => {
  test('finds a flipped bit, serves those bytes to nobody, and a push heals', async () => {
    const registry = await compose(await open())
    await registry.pushImage('library/a', 'v1', [bytes('config'), bytes('layer')])
    const digest = digestOf(bytes('layer'))
    expect(await registry.scrub()).toMatchObject({ status: 'succeeded', result: { blobs: 2, damaged: 0 } })
    await registry.flip(digest)
    expect(await registry.scrub()).toMatchObject({ status: 'succeeded', result: { blobs: 2, damaged: 1 } })

    expect(await readBlob(registry, 'library/a', digest)).toBeUndefined()
    expect(await readBlob(registry, 'library/a', digestOf(bytes('config')))).toEqual(bytes('config'))
    // Kept aside for an inquiry into the damage.
    const aside = await registry.locationOf(digest)
    expect(aside).toStartWith('quarantine/')
    expect((await readFile(join(registry.folder, aside))).byteLength).toBe(5)
    expect(await listFindings(registry.database, { healed: false, limit: 10 })).toMatchObject([
      { digest, kind: 'changed', size: 5, repositories: ['library/a'] },
    ])

    // A mount would give away unreadable bytes, so the client is told to upload.
    const [target, source] = [
      await registry.admit(system, 'push', 'library/b' as RepositoryName),
      await registry.admit(system, 'pull', 'library/a' as RepositoryName),
    ]
    expect(await registry.uploads.mountBlob(target, digest, source)).toBe(false)

    await registry.pushBlob('library/b', bytes('layer'))
    expect(await readBlob(registry, 'library/a', digest)).toEqual(bytes('layer'))
    expect(await countDamaged(registry.database)).toBe(0)
    expect(await registry.eventsTold()).toEqual([`quarantine_blob ${digest}`, `heal_blob ${digest}`])
    registry.clock.advance(leaseMs / 2)
    await collectGarbage({ ...registry, sweeper: registry.store, leaseMs, graceMs: 1, lingerMs: 1, batch: 100 })
    await expect(readFile(join(registry.folder, aside))).rejects.toThrow('ENOENT')
  })

  test('finds bytes that are missing or too few', async () => {
    const registry = await compose(await open())
    await registry.pushImage('library/a', 'v1', [bytes('config'), bytes('layer'), bytes('other')])
    const [missing, short] = [digestOf(bytes('layer')), digestOf(bytes('other'))]
    await rm(join(registry.folder, await registry.locationOf(missing)))
    const path = join(registry.folder, await registry.locationOf(short))
    await chmod(path, 0o640)
    await writeFile(path, 'oth')
    await registry.scrub()
    const found = await listFindings(registry.database, { limit: 10 })
    expect(found.map(({ digest, kind }) => [digest, kind]).sort()).toEqual(
      [
        [missing, 'missing'],
        [short, 'changed'],
      ].sort(),
    )
    // Once: what is in quarantine is not looked at again.
    await registry.scrub()
    expect((await listFindings(registry.database, { limit: 10 })).length).toBe(2)
  })

  test('that died between row and bytes is finished by the next', async () => {
    const registry = await compose(await open())
    await registry.pushImage('library/a', 'v1', [bytes('config'), bytes('layer')])
    const digest = digestOf(bytes('layer'))
    await registry.flip(digest)
    const before = await registry.locationOf(digest)
    enableFaultPoint('quarantine-before-move', () => {
      throw new Error('killed')
    })
    await registry.start()
    await registry.worker.tick()
    await registry.worker.idle()
    disableFaultPoints()
    expect(await readBlob(registry, 'library/a', digest)).toBeUndefined()
    await readFile(join(registry.folder, before))
    registry.clock.advance(20 * 60_000)
    await registry.worker.tick()
    await registry.worker.idle()
    await expect(readFile(join(registry.folder, before))).rejects.toThrow('ENOENT')
    await readFile(join(registry.folder, await registry.locationOf(digest)))
  })

  test('that was stopped goes on where it was, and reads no faster than it may', async () => {
    const registry = await compose(await open())
    const contents = Array.from({ length: 6 }, (_, index) => new Uint8Array(60_000).fill(index))
    await registry.pushImage('library/a', 'v1', contents)
    const { id } = await registry.start(100_000)
    const running = registry.worker.tick()
    while (((await registry.jobs.getJob(id)).progress as { blobs?: number } | undefined)?.blobs !== 1)
      await Bun.sleep(10)
    await registry.jobs.requestStop(system, id)
    await running
    // The worker hears of the stop by its own round.
    while ((await registry.jobs.getJob(id)).status === 'running') {
      await registry.worker.tick()
      await Bun.sleep(20)
    }
    expect((await registry.jobs.getJob(id)).status).toBe('stopped')
    const stopped = await findProgress(registry.database.read)
    expect(stopped?.finished_at).toBeNull()
    expect(stopped!.blobs).toBeLessThan(6)
    expect(await registry.scrub()).toMatchObject({ result: { blobs: 6, bytes: 360_000 } })
  })
})
