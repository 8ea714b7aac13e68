import { expect, test } from 'bun:test'
import { describeEachDatabase } from '#server-test/databases.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { composeRegistryForTest, digestOf, leaseMs, system } from '#server-test/registry-for-test.ts'
import { composeCollectGarbage } from './collect-garbage.ts'
import { deleteManifest } from '../domain/artifacts/delete.ts'
import { Events } from '../domain/events/events.ts'
import { collectGarbage } from '../domain/garbage-collection/collect.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

const runningJob = (said: string[]) => ({
  id: 1,
  attempt: 1,
  signal: new AbortController().signal,
  actor: system,
  state: undefined,
  log: (line: string) => void said.push(line),
  progress: () => undefined,
  checkpoint: async () => undefined,
  transact: async () => {
    throw new Error('nothing of it is a transaction of the job')
  },
})

describeEachDatabase('a run of garbage collection', (open) => {
  test.each([
    { readOnly: false, deleteEnabled: true, left: 1 },
    { readOnly: false, deleteEnabled: false, left: 2 },
    { readOnly: true, deleteEnabled: true, left: 2 },
  ])('deletes untagged manifests where anybody may delete: %p', async ({ left, ...settings }) => {
    const { database, store: sweeper, clock, pushImage } = await composeRegistryForTest(await open())
    for (const layer of ['old', 'new']) await pushImage('library/app', 'v1', [bytes('config'), bytes(layer)])
    clock.advance(leaseMs * 2)
    const windows = { graceMs: 1, lingerMs: 1, leaseMs: 1, trashWindowMs: 0, batch: 100 }
    const kind = composeCollectGarbage(
      { database, sweeper, clock, events: new Events({ clock }), ...windows },
      settings,
    )
    const said: string[] = []
    await kind.run({ ...runningJob(said), payload: { deleteUntagged: true, dryRun: false, workers: 1 } })
    expect(await database.read.selectFrom('artifact').select('id').execute()).toHaveLength(left)
    expect(said.some((line) => line.includes('untagged manifests stay'))).toBe(left === 2)
  })

  test('tells in Harbor’s words what it took, manifests that were deleted before among it', async () => {
    const registry = await composeRegistryForTest(await open())
    const { database, store: sweeper, clock, events, pushImage } = registry
    const layers = [bytes('config'), bytes('a layer')]
    const digest = await pushImage('library/app', 'v1', layers)
    const { manifest_size: manifestBytes } = await database.read
      .selectFrom('artifact')
      .select('manifest_size')
      .executeTakeFirstOrThrow()
    const admission = await registry.admit(system, 'delete', 'library/app' as RepositoryName)
    const windows = { graceMs: 60_000, lingerMs: 1, leaseMs: 1, trashWindowMs: 0, batch: 100 }
    await deleteManifest({ ...registry, ...windows }, admission, digest)
    clock.advance(leaseMs * 2)
    const collector = { database, sweeper, clock, events, ...windows }
    // The run beside all others leaves to this one what went within the grace period.
    await collectGarbage({ ...collector, graceMs: leaseMs * 3 })
    const run = async (dryRun: boolean) => {
      const said: string[] = []
      const result = await composeCollectGarbage(collector, { readOnly: false, deleteEnabled: true }).run({
        ...runningJob(said),
        payload: { deleteUntagged: true, dryRun, workers: 3 },
      })
      return { result, said }
    }
    const total = layers.reduce((sum, layer) => sum + layer.length, manifestBytes)
    const counts = { blobs: 2, manifests: 1, bytes: total, expired: 0 }
    const dry = await run(true)
    expect(dry.result).toEqual(counts)
    expect(dry.said).toContain('2 blobs and 1 manifests eligible for deletion')
    const { result, said } = await run(false)
    expect(result).toEqual(counts)
    expect(said[0]).toContain('workers: 3')
    const lines = [
      '2 blobs and 1 manifests eligible for deletion',
      `delete manifest from storage: ${digest}`,
      `delete blob from storage: ${digestOf(layers[1]!)}`,
      '2 blobs and 1 manifests are actually deleted',
      `The GC job actual frees up ${total} B space.`,
    ]
    expect(lines.map((line) => said.indexOf(line))).toEqual(
      lines.map((line) => said.indexOf(line)).toSorted((a, b) => a - b),
    )
    expect(lines.filter((line) => !said.includes(line))).toEqual([])
    expect((await run(false)).result).toEqual({ blobs: 0, manifests: 0, bytes: 0, expired: 0 })
  })
})
