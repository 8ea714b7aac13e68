import { expect, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { composeRegistryForTest, system, type RegistryForTest } from '../../../test/registry-for-test.ts'
import { describeEachDatabase } from '../../../test/databases.ts'
import { deleteManifest, deleteRepository } from '../artifacts/delete.ts'
import { DomainError } from '../errors.ts'
import { formatBytes } from './room.ts'
import { foldUsage, recountUsage, usageOf } from './project-usage.ts'
import { Quotas } from './quotas.ts'

let seed = 0
const bytesOf = (size: number) => new Uint8Array(size).fill(seed++ % 251).fill(seed >> 8, 0, 2)
const repository = 'library/app' as RepositoryName

describeEachDatabase('quotas', (open) => {
  async function compose() {
    const registry = await composeRegistryForTest(await open())
    const { id: projectId } = await registry.database.read
      .selectFrom('project')
      .select('id')
      .where('name', '=', 'library')
      .executeTakeFirstOrThrow()
    const quotas = new Quotas(registry)
    const limit = async (hardBytes: number) => {
      const { database, clock } = registry
      await database.write(async (tx) => {
        await tx
          .insertInto('quota')
          .values({ project_id: projectId, hard_bytes: hardBytes, updated_at: clock.now() })
          .onConflict((conflict) => conflict.column('project_id').doUpdateSet({ hard_bytes: hardBytes }))
          .execute()
      })
    }
    const used = async () => await usageOf(registry.database.read, projectId)
    return { ...registry, projectId, quotas, limit, used }
  }

  async function codeOf(run: Promise<unknown>): Promise<string> {
    try {
      await run
      return 'done'
    } catch (error) {
      if (error instanceof DomainError) return error.code
      throw error
    }
  }

  const digestOf = async ({ database }: RegistryForTest, tag: string) =>
    (
      await database.read
        .selectFrom('tag')
        .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
        .select('artifact.digest')
        .where('tag.name', '=', tag)
        .executeTakeFirstOrThrow()
    ).digest as Digest

  test('a blob counts once in its project, however many artifacts and repositories have it', async () => {
    const { pushImage, used } = await compose()
    const base = bytesOf(1_000)
    await pushImage('library/app', 'v1', [base])
    const first = await used()
    expect(first).toBeGreaterThan(1_000)
    await pushImage('library/other', 'v1', [base])
    expect(await used()).toBe(first)
    await pushImage('library/other', 'v2', [base, bytesOf(500)])
    expect(await used()).toBeGreaterThan(first + 500)
    expect(await used()).toBeLessThan(first + 1_500)
  })

  test('what was uploaded and never named counts nothing, nor does a push of what is there', async () => {
    const { pushBlob, pushImage, used } = await compose()
    await pushBlob('library/app', bytesOf(5_000))
    expect(await used()).toBe(0)
    const layer = bytesOf(700)
    await pushImage('library/app', 'v1', [layer])
    const before = await used()
    await pushImage('library/app', 'v1', [layer])
    expect(await used()).toBe(before)
  })

  test('a delete gives back what no other artifact of the project names', async () => {
    const registry = await compose()
    const { pushImage, used, admit } = registry
    const shared = bytesOf(1_000)
    await pushImage('library/app', 'v1', [shared, bytesOf(300)])
    const one = await used()
    await pushImage('library/app', 'v2', [shared, bytesOf(400)])
    await pushImage('library/other', 'v3', [shared])
    const digest = await digestOf(registry, 'v2')
    await deleteManifest(registry, await admit(system, 'delete', repository), digest)
    await deleteRepository(registry, await admit(system, 'delete-repository', 'library/other' as RepositoryName))
    expect(await used()).toBe(one)
    await deleteRepository(registry, await admit(system, 'delete-repository', repository))
    expect(await used()).toBe(0)
  })

  test('a push beyond the limit is refused and changes nothing; one that fits is taken', async () => {
    const { pushImage, used, limit, database } = await compose()
    await limit(2_000)
    await pushImage('library/app', 'v1', [bytesOf(1_000)])
    const before = await used()
    expect(await codeOf(pushImage('library/app', 'v2', [bytesOf(1_500)]))).toBe('QUOTA_EXCEEDED')
    expect(await used()).toBe(before)
    expect(await database.read.selectFrom('tag').select('name').execute()).toEqual([{ name: 'v1' }])
    expect(await database.read.selectFrom('quota_reservation').selectAll().execute()).toEqual([])
    expect(await codeOf(pushImage('library/app', 'v3', [bytesOf(100)]))).toBe('done')
    const events = await database.read.selectFrom('event').select('type').where('type', '=', 'quota_exceeded').execute()
    expect(events.length).toBe(1)
  })

  test('a limit below what is used takes nothing away and nothing more in, and -1 takes it back', async () => {
    const { pushImage, limit, quotas, projectId } = await compose()
    const layer = bytesOf(1_000)
    await pushImage('library/app', 'v1', [layer])
    await limit(10)
    expect(await codeOf(pushImage('library/app', 'v1', [layer]))).toBe('done')
    expect(await codeOf(pushImage('library/app', 'v2', [layer, bytesOf(10)]))).toBe('QUOTA_EXCEEDED')
    await quotas.setLimit(system, projectId, -1)
    expect(await codeOf(pushImage('library/app', 'v2', [layer, bytesOf(10)]))).toBe('done')
  })

  test('fifty pushes at once are counted exactly, and together never take more than there is', async () => {
    const { pushImage, pushBlob, used, limit, database, projectId } = await compose()
    const base = bytesOf(10_000)
    await pushBlob('library/base', base)
    await limit(10_000 + 25 * 1_000)
    const pushes = Array.from({ length: 50 }, (_, at) => pushImage(`library/app${at}`, 'v1', [base, bytesOf(900)]))
    const outcomes = await Promise.all(pushes.map(codeOf))
    const taken = outcomes.filter((outcome) => outcome === 'done').length
    expect(outcomes.filter((outcome) => outcome !== 'done' && outcome !== 'QUOTA_EXCEEDED')).toEqual([])
    expect(taken).toBeGreaterThan(0)
    const counted = await used()
    expect(counted).toBeLessThanOrEqual(35_000)
    expect(await recountUsage(database, projectId)).toBe(counted)
  }, 30_000)

  test('pushes and deletes at once leave a number that a recount finds too', async () => {
    const registry = await compose()
    const { pushImage, used, admit, database, projectId } = registry
    const shared = bytesOf(1_000)
    for (let round = 0; round < 6; round++) {
      await pushImage('library/a', 'v1', [shared])
      const digest = await digestOf(registry, 'v1')
      const gone = admit(system, 'delete', 'library/a' as RepositoryName)
        .then(async (admission) => await deleteManifest(registry, admission, digest))
        .catch((error: unknown) => {
          if (!(error instanceof DomainError)) throw error
        })
      await Promise.all([gone, ...[0, 1, 2].map((at) => pushImage(`library/b${at}`, `r${round}`, [shared]))])
      const counted = await used()
      expect(await recountUsage(database, projectId)).toBe(counted)
    }
  }, 30_000)

  test('the logical size is that of each artifact, and goes with it; a recount finds the same', async () => {
    const registry = await compose()
    const { pushImage, admit, database, projectId, quotas, used } = registry
    const sizes = async () => {
      const { usedBytes, logicalBytes } = (await quotas.findQuota(projectId))!
      return [usedBytes, logicalBytes]
    }
    await registry.limit(-1)
    const layer = bytesOf(1_000)
    await pushImage('library/app', 'v1', [layer])
    const one = await used()
    await pushImage('library/other', 'v1', [layer])
    expect(await sizes()).toEqual([one, 2 * one])
    await recountUsage(database, projectId)
    expect(await sizes()).toEqual([one, 2 * one])
    for (let at = 0; at < 18; at++) await pushImage('library/third', `v${at}`, [bytesOf(10)])
    await foldUsage(database, 10)
    await deleteRepository(registry, await admit(system, 'delete-repository', 'library/third' as RepositoryName))
    await deleteRepository(registry, await admit(system, 'delete-repository', 'library/other' as RepositoryName))
    expect(await sizes()).toEqual([one, one])
  })

  test('folding the changes leaves the sum as it is', async () => {
    const { pushImage, used, database } = await compose()
    for (let at = 0; at < 20; at++) await pushImage('library/app', `v${at}`, [bytesOf(100 + at)])
    const before = await used()
    expect(await foldUsage(database, 10)).toBe(1)
    expect(await used()).toBe(before)
    expect((await database.read.selectFrom('project_usage').selectAll().execute()).length).toBe(1)
    expect(await foldUsage(database, 10)).toBe(0)
  })

  test('who comes close to the limit is warned, once', async () => {
    const { pushImage, limit, database } = await compose()
    await limit(10_000)
    await pushImage('library/app', 'v1', [bytesOf(7_000)])
    const warnings = async () =>
      (await database.read.selectFrom('event').select('type').where('type', '=', 'quota_warning').execute()).length
    expect(await warnings()).toBe(0)
    await pushImage('library/app', 'v2', [bytesOf(1_200)])
    expect(await warnings()).toBe(1)
    await pushImage('library/app', 'v3', [bytesOf(10)])
    expect(await warnings()).toBe(1)
  })
})

test('bytes are written as people read them', () => {
  expect([0, 1_023, 1_024, 1_572_864].map(formatBytes)).toEqual(['0.0 B', '1023.0 B', '1.0 KiB', '1.5 MiB'])
})
