import { afterEach, expect, test } from 'bun:test'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, createProject, type RegistryForTest } from '#server-test/registry-for-test.ts'
import type { ProjectMetadata } from '../projects/project-metadata.ts'
import { CacheRoom } from './cache-room.ts'
import { enter } from './eviction-queues.ts'
import type { ProxyMeter } from './proxy-meter.ts'
import type { ProxyProject } from './proxy-projects.ts'

const mebibyte = 1024 * 1024

describeEachDatabase('the room of a proxy project', (open) => {
  let owned = new AsyncDisposableStack()
  afterEach(async () => {
    await owned.disposeAsync()
    owned = new AsyncDisposableStack()
  })

  interface Cache extends RegistryForTest {
    readonly project: ProxyProject
    readonly room: CacheRoom
    readonly evicted: string[]
    /** Stores an image of so many bytes, as a fill does. */
    fill(name: string, sizeBytes: number, room?: CacheRoom): Promise<void>
    pull(name: string): Promise<void>
    names(): Promise<string[]>
  }

  async function setUp(hardBytes: number, metadata: ProjectMetadata = {}): Promise<Cache> {
    const registry = await composeRegistryForTest(await open())
    const { database, clock, admit, events } = registry
    await createProject(database, 'cache', clock)
    const { id } = await database.read
      .selectFrom('project')
      .select('id')
      .where('name', '=', 'cache')
      .executeTakeFirstOrThrow()
    await database.write((tx) =>
      tx.insertInto('quota').values({ project_id: id, hard_bytes: hardBytes, updated_at: 1 }).execute(),
    )
    const project = {
      ...{ id, registryId: 1, registryName: 'hub', registryType: 'docker-hub' },
      metadata,
    } as ProxyProject
    const evicted: string[] = []
    const meter = { evicted: (_, queue) => void evicted.push(queue) } as Partial<ProxyMeter> as ProxyMeter
    const room = new CacheRoom({ database, clock, events, admit, meter })
    const artifactOf = async (name: string) =>
      await database.read
        .selectFrom('artifact')
        .innerJoin('repository', 'repository.id', 'artifact.repository_id')
        .select(['artifact.id', 'artifact.digest'])
        .where('repository.name', '=', `cache/${name}`)
        .executeTakeFirstOrThrow()
    return {
      ...{ ...registry, project, room, evicted },
      async fill(name, sizeBytes, by = room) {
        clock.advance(1_000)
        await by.makeFor(project, sizeBytes + 600)
        const config = new TextEncoder().encode(name)
        const layer = new Uint8Array(sizeBytes - config.byteLength).fill(name.charCodeAt(0))
        layer.set(config)
        const digest = await registry.pushImage(`cache/${name}`, 'v1', [config, layer])
        await database.write((tx) => enter(tx, id, { repository: `cache/${name}` as RepositoryName, digest }))
      },
      async pull(name) {
        room.hit((await artifactOf(name)).id)
        await room.flush()
      },
      async names() {
        const rows = await database.read
          .selectFrom('tag')
          .innerJoin('repository', 'repository.id', 'tag.repository_id')
          .select('repository.name')
          .orderBy('repository.name')
          .execute()
        return rows.map(({ name }) => name.slice('cache/'.length))
      },
    }
  }

  test('images that are asked for again survive a stream of images that nobody wants twice', async () => {
    const { fill, pull, names, database } = await setUp(10 * mebibyte)
    await fill('base', 2 * mebibyte)
    await pull('base')
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) await fill(name, 2 * mebibyte)
    expect(await names()).toContain('base')
    expect(await names()).toContain('h')
    const usage = await database.read
      .selectFrom('project_usage')
      .select((eb) => eb.fn.sum<number>('bytes').as('sum'))
      .executeTakeFirstOrThrow()
    expect(Number(usage.sum)).toBeLessThanOrEqual(10 * mebibyte)
    const told = await database.read.selectFrom('event').select('type').where('type', '=', 'delete_artifact').execute()
    expect(told.length).toBeGreaterThan(3)
    expect(await database.read.selectFrom('trash_entry').select('id').execute()).toEqual([])
  })

  test('an image that comes back after it went stands in the main queue', async () => {
    const { fill, names, database } = await setUp(5 * mebibyte)
    await fill('back', 2 * mebibyte)
    for (const name of ['a', 'b', 'c']) await fill(name, 2 * mebibyte)
    expect(await names()).not.toContain('back')
    await fill('back', 2 * mebibyte)
    const queues = await database.read.selectFrom('proxy_entry').select('queue').where('queue', '=', 'main').execute()
    expect(queues).toHaveLength(1)
  })

  test('pinned images never go, and when only they are left nothing does', async () => {
    const { fill, names, room, project } = await setUp(6 * mebibyte, { proxy_cache_pins: 'library/base:v*' })
    await fill('base', 3 * mebibyte)
    for (const name of ['a', 'b', 'c', 'd']) await fill(name, 2 * mebibyte)
    expect(await names()).toEqual(['base', 'd'])
    await room.makeFor(project, 5 * mebibyte)
    expect(await names()).toEqual(['base'])
  })

  test('what would not fit into the empty project makes nothing go', async () => {
    const { fill, names, room, project } = await setUp(5 * mebibyte)
    await fill('a', 2 * mebibyte)
    await fill('b', 2 * mebibyte)
    await room.makeFor(project, 6 * mebibyte)
    expect(await names()).toEqual(['a', 'b'])
  })

  test('small artifacts stay while large ones can go', async () => {
    const { fill, names } = await setUp(6 * mebibyte)
    await fill('signature', 10_000)
    for (const name of ['a', 'b', 'c', 'd', 'e']) await fill(name, 2 * mebibyte)
    expect(await names()).toContain('signature')
  })

  test('another process goes on in the same order', async () => {
    const cache = await setUp(10 * mebibyte)
    await cache.fill('base', 2 * mebibyte)
    await cache.pull('base')
    const { database, clock, events, admit, room } = cache
    const meter = { evicted() {} } as Partial<ProxyMeter> as ProxyMeter
    const next = new CacheRoom({ database, clock, events, admit, meter })
    for (const [at, name] of ['a', 'b', 'c', 'd', 'e', 'f'].entries())
      await cache.fill(name, 2 * mebibyte, at % 2 === 0 ? next : room)
    expect(await cache.names()).toContain('base')
  })

  test('artifacts of before there was an order are taken into it, those first that were pulled longest ago', async () => {
    const { pushImage, clock, names, room, project, database } = await setUp(5 * mebibyte)
    for (const name of ['old', 'new']) {
      await pushImage(`cache/${name}`, 'v1', [
        new TextEncoder().encode(name),
        new Uint8Array(2 * mebibyte).fill(name.length * 7 + name.charCodeAt(0)),
      ])
      clock.advance(1_000)
    }
    await database.write((tx) => tx.deleteFrom('proxy_entry').execute())
    await room.makeFor(project, 2 * mebibyte)
    expect(await names()).toEqual(['new'])
  })
})
