import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../harness/command.ts'
import {
  distributionMissing,
  fillRegistry,
  readRepositories,
  readTags,
  startDistribution,
  type Distribution,
  type Tagged,
} from '../harness/distribution.ts'
import { createUniqueImage } from '../harness/image.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { startRegistry, type RegistryUnderTest } from '../harness/registry.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { V2Client, expectStatus } from '../harness/v2-client.ts'
import { berthProcess, type ImportReport } from './berth-process.ts'

const isLong = process.env['BERTH_TEST_LONG'] === '1'
const images = isLong ? 3_000 : 300
setDefaultTimeout(isLong ? 1_800_000 : 240_000)

const skopeo = findClient('skopeo')
const nameHere = (name: string): string => (name.includes('/') ? name : `library/${name}`)

if (distributionMissing !== undefined) skipLoudly('a store of Distribution moves in', distributionMissing)
else {
  describe('a store that Debian’s docker-registry wrote', () => {
    const owned = new AsyncDisposableStack()
    let folder: { readonly path: string }
    let distribution: Distribution
    let store: string
    let manifests: number
    let repositories: string[]
    let tags: Tagged

    beforeAll(async () => {
      folder = owned.use(await createTemporaryFolder())
      store = join(folder.path, 'registry')
      distribution = owned.use(await startDistribution(folder.path))
      manifests = await fillRegistry(distribution.client, images)
      repositories = await readRepositories(distribution.client)
      tags = await readTags(distribution.client, repositories)
    })
    afterAll(() => owned.disposeAsync())

    const importInto = async (registry: RegistryUnderTest, ...flags: string[]): Promise<ImportReport> =>
      JSON.parse(
        await registry.control!.berth(['import', 'registry', '--from', store, '--output', 'json', ...flags]),
      ) as ImportReport

    async function expectEverything(registry: RegistryUnderTest): Promise<void> {
      const client = new V2Client(registry)
      expect(await readTags(client, repositories, nameHere)).toEqual(tags)
      expect((await readRepositories(client)).sort()).toEqual(repositories.map(nameHere).sort())
    }

    /** Every blob that an image of each repository names, byte by byte. */
    async function expectBlobs(registry: RegistryUnderTest): Promise<void> {
      const client = new V2Client(registry)
      const seen = new Set<string>()
      for (const [repository, byTag] of tags) {
        const name = nameHere(repository)
        for (const digest of byTag.values()) {
          const manifest = (await (await client.request(`/v2/${name}/manifests/${digest}`)).json()) as {
            config?: { digest: string }
            layers?: { digest: string }[]
          }
          for (const blob of [manifest.config, ...(manifest.layers ?? [])].filter((part) => part !== undefined)) {
            if (seen.has(blob.digest)) continue
            seen.add(blob.digest)
            const answer = await expectStatus(await client.request(`/v2/${name}/blobs/${blob.digest}`), 200)
            const hash = new Bun.CryptoHasher('sha256').update(await answer.arrayBuffer()).digest('hex')
            expect(`sha256:${hash}`).toBe(blob.digest)
          }
        }
      }
      expect(seen.size).toBeGreaterThan(images)
    }

    test('moves in without a byte being copied, while both registries serve', async () => {
      await using registry = await startRegistry()
      const report = await importInto(registry, '--in-place')
      expect(report).toMatchObject({ complete: true, manifests: { taken: manifests, notTaken: 0 } })
      expect(report.blobs).toMatchObject({ copied: 0, notTaken: 0 })
      expect(report.tags.taken).toBe([...tags.values()].reduce((sum, byTag) => sum + byTag.size, 0))
      await expectEverything(registry)
      await expectBlobs(registry)
      if (skopeo !== undefined) {
        const [[repository, byTag]] = [...tags].filter(([, found]) => found.size > 0) as [[string, Map<string, string>]]
        const [tag] = byTag.keys()
        const source = `docker://${registry.host}/${nameHere(repository)}:${tag}`
        const credentials = ['--src-creds', `${registry.username}:${registry.password}`, '--src-tls-verify=false']
        await runCommand([skopeo, 'copy', '--all', ...credentials, source, `dir:${join(folder.path, 'pulled')}`])
      }
    })

    test('moves in by copy, and then needs the old store no more', async () => {
      await using registry = await startRegistry()
      const report = await importInto(registry, '--copy')
      expect(report).toMatchObject({ complete: true, manifests: { taken: manifests } })
      expect(report.blobs.shared).toBe(0)
      const files = await readdir(join(registry.control!.dataFolder, 'storage', 'blobs'), {
        recursive: true,
        withFileTypes: true,
      })
      for (const file of files.filter((entry) => entry.isFile())) {
        expect((await stat(join(file.parentPath, file.name))).nlink).toBe(1)
      }
      await expectEverything(registry)
    })

    test('goes on after kill -9 wherever it was, and a run more changes nothing', async () => {
      await using registry = await startRegistry({ env: { BERTH_LOG_LEVEL: 'warn' } })
      const args = ['import', 'registry', '--from', store, '--parallel', '4']
      let kills = 0
      for (const at of ['adoption-before-row', 'manifest-before-commit', 'manifest-after-commit']) {
        const child = berthProcess(registry, args, { BERTH_TEST_FAULT_POINT: at })
        await child.exited
        if (child.signalCode === 'SIGKILL') kills++
      }
      expect(kills).toBe(3)
      const child = berthProcess(registry, args)
      await Bun.sleep(1_500)
      child.kill('SIGKILL')
      await child.exited
      const report = await importInto(registry)
      expect(report).toMatchObject({ complete: true, manifests: { notTaken: 0 }, tags: { notTaken: 0 } })
      expect(report.manifests.taken + report.manifests.alreadyHere).toBe(manifests)
      await expectEverything(registry)
      const again = await importInto(registry)
      expect(again).toMatchObject({
        complete: true,
        manifests: { taken: 0, alreadyHere: manifests },
        tags: { taken: 0 },
        blobs: { shared: 0, copied: 0 },
      })
    })

    test('brings along what was pushed to the old registry since, and leaves alone what was pushed here', async () => {
      await using registry = await startRegistry()
      const only = ['--repository', 'team/web']
      await importInto(registry, ...only)
      const there = distribution.client
      const here = new V2Client(registry)
      const moved = createUniqueImage()
      await there.pushImage('team/web', createUniqueImage(), 'latest')
      await importInto(registry, ...only)
      await there.pushImage('team/web', moved, 'latest')
      await there.pushImage('team/web', createUniqueImage(), 'contested')
      await importInto(registry, ...only)
      const own = createUniqueImage()
      await here.pushImage('team/web', own, 'contested')
      await there.pushImage('team/web', createUniqueImage(), 'contested')
      const incomplete = berthProcess(registry, ['import', 'registry', '--from', store, '--output', 'json', ...only])
      const report = JSON.parse(await new Response(incomplete.stdout).text()) as ImportReport
      expect(await incomplete.exited).toBe(3)
      expect(report.notTaken).toMatchObject([
        { what: 'tag', repository: 'team/web', name: 'contested', reason: 'tag-moved-here' },
      ])
      const found = (await readTags(here, ['team/web'])).get('team/web')!
      expect([found.get('latest'), found.get('contested')]).toEqual([moved.descriptor.digest, own.descriptor.digest])
    })
  })

  test('what is missing, damaged or of old kinds is left out, said with its reason, and keeps nothing else out', async () => {
    await using folder = await createTemporaryFolder()
    await using distribution = await startDistribution(folder.path)
    const [whole, withoutLayer, damaged, brokenTag] = Array.from({ length: 4 }, () => createUniqueImage())
    const { client } = distribution
    await client.pushImage('team/whole', whole!, 'v1')
    await client.pushImage('team/broken', withoutLayer!, 'missing')
    await client.pushImage('team/broken', damaged!, 'damaged')
    await client.pushImage('team/broken', brokenTag!, 'unreadable')
    await client.pushImage('team__odd/app', whole!, 'v1')
    const v2 = join(folder.path, 'registry', 'docker', 'registry', 'v2')
    const dataOf = (digest: string) => join(v2, 'blobs', 'sha256', digest.slice(7, 9), digest.slice(7), 'data')
    const layerOf = (image: typeof whole) => {
      const manifest = new TextDecoder().decode(image!.content.get(image!.descriptor.digest))
      return (JSON.parse(manifest) as { layers: { digest: string; size: number }[] }).layers[0]!
    }
    await rm(dataOf(layerOf(withoutLayer).digest))
    await writeFile(dataOf(layerOf(damaged).digest), new Uint8Array(layerOf(damaged).size))
    const tags = join(v2, 'repositories', 'team', 'broken', '_manifests', 'tags')
    await writeFile(join(tags, 'unreadable', 'current', 'link'), 'no digest')
    const schema1 = new TextEncoder().encode('{"schemaVersion":1,"name":"team/old","tag":"v1","fsLayers":[]}')
    await putManifest(v2, 'team/old', 'v1', schema1)

    await using registry = await startRegistry()
    const from = ['--from', join(folder.path, 'registry')]
    const child = berthProcess(registry, ['import', 'registry', ...from, '--output', 'json'])
    const report = JSON.parse(await new Response(child.stdout).text()) as ImportReport
    expect(await child.exited).toBe(3)
    expect(report.reasons).toEqual({
      'name-invalid': 1,
      'blob-missing': 1,
      'blob-damaged': 1,
      'tag-broken': 1,
      schema1: 1,
      // Two manifests and their tags, and the tag of the schema 1 image.
      'content-missing': 5,
    })
    const found = await readTags(new V2Client(registry), ['team/whole'])
    expect(found.get('team/whole')).toEqual(new Map([['v1', whole!.descriptor.digest]]))

    const mapped = ['--map', 'team__odd=odd', '--repository', 'team__odd/**']
    await registry.control!.berth(['import', 'registry', ...from, ...mapped])
    expect((await readTags(new V2Client(registry), ['odd/app'])).get('odd/app')?.size).toBe(1)
  })

  /** As the registry lays it down; no registry of today takes schema 1 by push. */
  async function putManifest(v2: string, repository: string, tag: string, bytes: Uint8Array): Promise<void> {
    const encoded = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
    const manifests = join(v2, 'repositories', ...repository.split('/'), '_manifests')
    await Bun.write(join(v2, 'blobs', 'sha256', encoded.slice(0, 2), encoded, 'data'), bytes)
    for (const place of [`revisions/sha256/${encoded}`, `tags/${tag}/current`]) {
      await Bun.write(join(manifests, place, 'link'), `sha256:${encoded}`)
    }
  }
}
