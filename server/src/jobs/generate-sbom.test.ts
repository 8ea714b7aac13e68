import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database } from '#server/database/database.ts'
import { copyArtifact } from '#server/domain/artifacts/copy.ts'
import { deleteManifest } from '#server/domain/artifacts/delete.ts'
import { pushManifest } from '#server/domain/artifacts/push.ts'
import { Jobs } from '#server/domain/jobs/jobs.ts'
import { ensureKinds } from '#server/domain/jobs/kinds.ts'
import { nodePackage } from '#server/domain/scanning/detection/image-for-test.ts'
import { readLayer } from '#server/domain/scanning/detection/read-layer.ts'
import { readBom } from '#server/domain/scanning/detection/sbom/bill-of-materials.ts'
import { tarForTest } from '#server/domain/scanning/detection/tar-for-test.ts'
import { pruneScans } from '#server/domain/scanning/prune-scans.ts'
import { listSboms } from '#server/domain/scanning/sboms/stored-sboms.ts'
import type { SbomFormat } from '#server/domain/scanning/sboms/sbom-format.ts'
import { Sboms } from '#server/domain/scanning/sboms/sboms.ts'
import { ensureBuiltInScanner } from '#server/domain/scanning/scanners.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, digestOf, readBlob, system } from '#server-test/registry-for-test.ts'
import { composeGenerateSbom } from './generate-sbom.ts'
import { jobKind } from './job-kind.ts'
import { JobWorker } from './worker.ts'

setDefaultTimeout(60_000)

const owned: (() => unknown)[] = []
afterEach(async () => {
  for (const release of owned.splice(0).toReversed()) await release()
})

const app = 'library/app' as RepositoryName
const other = 'library/other' as RepositoryName
const ociIndex = 'application/vnd.oci.image.index.v1+json'
const ociManifest = 'application/vnd.oci.image.manifest.v1+json'

async function compose(database: Database) {
  const registry = await composeRegistryForTest(database)
  const { clock, events, admit, blobs, manifests, pushedSignatures } = registry
  let died = 0
  const uploads: typeof registry.uploads = Object.create(registry.uploads)
  uploads.uploadAtOnce = async (...given) => {
    const stored = await registry.uploads.uploadAtOnce(...given)
    if (died > 0) {
      died -= 1
      throw new Error('the process died')
    }
    return stored
  }
  const kind = composeGenerateSbom({
    ...{ database, clock, events, admit, blobs, manifests, uploads, pushedSignatures, trashWindowMs: 0 },
    host: 'registry.example.com',
    readLayer: ({ diffId, open }) => readLayer(open, { where: diffId }),
  })
  const worker = new JobWorker({
    ...{ database, clock, kinds: [jobKind(kind)], concurrency: 1, keepMs: 60_000, flushMs: 5, drainMs: 2_000 },
    process: { id: 'one', host: 'here', pid: 1 },
    onError: () => {},
  })
  owned.push(() => worker[Symbol.asyncDispose]())
  await database.write(async (tx) => {
    await ensureKinds(tx, ['generate-sbom'])
    await ensureBuiltInScanner(tx, clock)
  })
  const sboms = new Sboms({ database, clock, events, jobs: new Jobs({ database, clock, events }) })
  const work = async () => {
    for (let round = 0; round < 5; round += 1) {
      await worker.tick()
      await worker.idle()
      clock.advance(20 * 60_000)
    }
  }
  const contentsOf = (name: string) => {
    const tar = tarForTest([nodePackage(name, '1.0.0')])
    return [Buffer.from(JSON.stringify({ rootfs: { type: 'layers', diff_ids: [digestOf(tar)] } })), gzipSync(tar)]
  }
  const pushNpm = (tag: string, name = 'lodash', repository: string = app) =>
    registry.pushImage(repository, tag, contentsOf(name))
  const targetOf = async (digest: Digest, repository: RepositoryName = app) => {
    const row = await database.read
      .selectFrom('artifact')
      .innerJoin('repository', 'repository.id', 'artifact.repository_id')
      .select(['artifact.id', 'artifact.media_type', 'repository.project_id', 'repository_id'])
      .where('artifact.digest', '=', digest)
      .where('repository.name', '=', repository)
      .executeTakeFirstOrThrow()
    const { project_id: projectId, id: artifactId, media_type: mediaType, repository_id: repositoryId } = row
    return { projectId, repository, artifactId, digest, mediaType, repositoryId }
  }
  const start = async (digest: Digest, format: SbomFormat = 'spdx', repository = app) =>
    await sboms.start({ actor: system, target: await targetOf(digest, repository), format })
  const runOf = async (digest: Digest, repository = app) => {
    const { repositoryId } = await targetOf(digest, repository)
    return (await sboms.list([repositoryId], [digest]))[0]
  }
  const storedOf = async (digest: Digest, repository = app) => {
    const { repositoryId } = await targetOf(digest, repository)
    return (await listSboms(database.read, [repositoryId], [digest]))[0]
  }
  const referrersOf = async (digest: Digest) =>
    await database.read
      .selectFrom('artifact')
      .select(['digest', 'artifact_type'])
      .where('subject_digest', '=', digest)
      .orderBy('id')
      .execute()
  const documentOf = async (digest: Digest, repository = app) => {
    const admission = await admit(system, 'pull', repository)
    const { bytes, mediaType } = await manifests.getManifest(admission, { kind: 'digest', digest })
    const manifest = parseManifest(bytes, mediaType)
    return { manifest, document: (await readBlob(registry, repository, manifest.layers[0]!.digest))! }
  }
  const limitBytes = (bytes: number) =>
    database.write((tx) =>
      tx
        .insertInto('quota')
        .values((eb) => ({
          project_id: eb.selectFrom('project').select('id').where('name', '=', 'library'),
          hard_bytes: bytes,
          updated_at: clock.now(),
        }))
        .execute(),
    )
  return {
    ...{ ...registry, sboms, work, pushNpm, targetOf, start, runOf, storedOf, referrersOf, documentOf },
    ...{ limitBytes, dies: (times: number) => void (died = times) },
  }
}

describeEachDatabase('the SBOM of an image', (open) => {
  test('is a referrer of the image, of SPDX, and lists its packages', async () => {
    const registry = await compose(await open())
    const digest = await registry.pushNpm('v1')
    await registry.start(digest)
    expect((await registry.runOf(digest))?.status).toBe('pending')
    await registry.work()
    expect(await registry.runOf(digest)).toMatchObject({ status: 'success', error: undefined })
    const stored = await registry.storedOf(digest)
    expect(stored).toMatchObject({ format: 'spdx', isGenerated: true })
    const { manifest, document } = await registry.documentOf(stored!.digest)
    expect(manifest).toMatchObject({
      artifactType: 'application/spdx+json',
      subject: { digest, mediaType: ociManifest },
      layers: [{ mediaType: 'application/spdx+json', size: document.byteLength }],
    })
    const { format, inventory } = readBom(document)
    expect([format, inventory.packages.map(({ purl }) => purl)]).toEqual(['spdx', ['pkg:npm/lodash@1.0.0']])
    expect(JSON.parse(Buffer.from(document).toString())).toMatchObject({
      spdxVersion: 'SPDX-2.3',
      name: `registry.example.com/library/app@${digest}`,
    })
  })

  test('is stored once, however often it is asked for', async () => {
    const registry = await compose(await open())
    const digest = await registry.pushNpm('v1')
    for (let time = 0; time < 3; time += 1) {
      await registry.start(digest)
      await registry.work()
    }
    expect(await registry.referrersOf(digest)).toHaveLength(1)
    const pushes = await registry.database.read
      .selectFrom('event')
      .select('id')
      .where('type', '=', 'push_artifact')
      .execute()
    expect(pushes).toHaveLength(2)
  })

  test('stands beside one of the other form, replaces an older one of its own, and leaves what somebody attached', async () => {
    const registry = await compose(await open())
    const digest = await registry.pushNpm('v1')
    const attach = async (madeBy: string) => {
      const [empty, document] = [Buffer.from('{}'), Buffer.from(JSON.stringify({ madeBy }))]
      for (const blob of [empty, document]) await registry.pushBlob(app, blob)
      const mediaType = 'application/spdx+json'
      const bytes = Buffer.from(
        JSON.stringify({
          ...{ schemaVersion: 2, mediaType: ociManifest, artifactType: mediaType },
          config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(empty), size: 2 },
          layers: [{ mediaType, digest: digestOf(document), size: document.byteLength }],
          subject: { mediaType: ociManifest, digest, size: 1 },
          annotations: { 'created-by': madeBy },
        }),
      )
      const push = { tags: [], manifest: parseManifest(bytes, ociManifest), bytes }
      const admission = await registry.admit(system, 'push', app)
      const reference = { kind: 'digest', digest: digestOf(bytes) } as const
      return (await pushManifest(registry, admission, { reference, ...push })).digest
    }
    const [foreign, older] = [await attach('Somebody'), await attach('Harbor')]
    for (const format of ['spdx', 'cyclonedx'] as const) {
      await registry.start(digest, format)
      await registry.work()
    }
    const left = await registry.referrersOf(digest)
    expect(left.map(({ artifact_type: type }) => type)).toEqual([
      'application/spdx+json',
      'application/spdx+json',
      'application/vnd.cyclonedx+json',
    ])
    expect(left.map((row) => row.digest)).toContain(foreign)
    expect(left.map((row) => row.digest)).not.toContain(older)
    expect(await registry.storedOf(digest)).toMatchObject({ format: 'spdx', isGenerated: true })
    const { document } = await registry.documentOf(left[2]!.digest as Digest)
    expect(readBom(document)).toMatchObject({ format: 'cyclonedx', inventory: { packages: [{ name: 'lodash' }] } })
  })

  test('is made of each image of an index', async () => {
    const registry = await compose(await open())
    const images = [await registry.pushNpm('a', 'lodash'), await registry.pushNpm('b', 'react')]
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: ociIndex,
        manifests: images.map((digest) => ({ mediaType: ociManifest, digest, size: 1 })),
      }),
    )
    const push = { tags: [], manifest: parseManifest(bytes, ociIndex), bytes }
    const reference = { kind: 'digest', digest: digestOf(bytes) } as const
    await pushManifest(registry, await registry.admit(system, 'push', app), { reference, ...push })
    await registry.start(reference.digest)
    await registry.work()
    expect(await registry.referrersOf(reference.digest)).toEqual([])
    for (const digest of images) expect(await registry.referrersOf(digest)).toHaveLength(1)
  })

  test('of one repository tells nothing of the same image in another', async () => {
    const registry = await compose(await open())
    const digest = await registry.pushNpm('v1')
    expect(await registry.pushNpm('v1', 'lodash', other)).toBe(digest)
    await registry.start(digest)
    await registry.work()
    expect(await registry.runOf(digest, other)).toBeUndefined()
    expect(await registry.storedOf(digest, other)).toBeUndefined()
  })

  test('goes along with a copy, and goes with its image', async () => {
    const registry = await compose(await open())
    const digest = await registry.pushNpm('v1')
    await registry.start(digest)
    await registry.work()
    const source = await registry.admit(system, 'copy-from', app)
    const target = await registry.admit(system, 'copy', other)
    await copyArtifact(registry, source, target, { kind: 'digest', digest })
    expect((await registry.storedOf(digest, other))?.digest).toBe((await registry.storedOf(digest))!.digest)
    await deleteManifest(registry, await registry.admit(system, 'delete', app), digest)
    await pruneScans(registry, 100)
    expect(await registry.database.read.selectFrom('sbom_run').selectAll().execute()).toEqual([])
    await deleteManifest(registry, await registry.admit(system, 'delete', other), digest)
    expect(await registry.referrersOf(digest)).toEqual([])
  })

  test('that was interrupted is made once, by the next attempt', async () => {
    const registry = await compose(await open())
    const digest = await registry.pushNpm('v1')
    registry.dies(2)
    await registry.start(digest)
    await registry.work()
    expect((await registry.runOf(digest))?.status).toBe('success')
    expect(await registry.referrersOf(digest)).toHaveLength(1)
  })

  test('that a quota refuses fails with its sentence, and leaves nothing', async () => {
    const registry = await compose(await open())
    const digest = await registry.pushNpm('v1')
    await registry.limitBytes(1_500)
    await registry.start(digest)
    await registry.work()
    expect(await registry.runOf(digest)).toMatchObject({
      status: 'error',
      error: expect.stringContaining('upper limit of 1.5 KiB'),
    })
    expect(await registry.referrersOf(digest)).toEqual([])
    const links = await registry.database.read.selectFrom('repository_blob').select('digest').execute()
    expect(links).toHaveLength(2)
  })

  test('is not begun twice, can be stopped, and is refused for what is no image', async () => {
    const registry = await compose(await open())
    const digest = await registry.pushNpm('v1')
    await expect(registry.sboms.stop(system, await registry.targetOf(digest))).rejects.toThrow(
      `no scan job for artifact digest=${digest}`,
    )
    await registry.start(digest)
    await expect(registry.start(digest)).rejects.toThrow('a previous sbom generate process is running')
    await registry.sboms.stop(system, await registry.targetOf(digest))
    expect((await registry.runOf(digest))?.status).toBe('stopped')
    await registry.start(digest)
    await registry.work()
    const sbom = (await registry.storedOf(digest))!.digest
    await expect(registry.start(sbom)).rejects.toThrow(
      `the configured scanner Berth does not support scanning artifact with mime type ${ociManifest}`,
    )
  })
})
