import { expect, test } from 'bun:test'
import { parseManifest } from '#contract/manifest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { app, bytes, composeArtifactScene, indexOf } from '#server-test/artifact-scene.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import { digestOf, imageOf } from '#server-test/registry-for-test.ts'
import { system } from '#server-test/registry-for-test.ts'
import { writeMetadata, type MetadataKey } from '../projects/project-metadata.ts'
import { deleteManifest } from './delete.ts'
import { copyArtifact } from './copy.ts'

async function compose(open: OpenDatabase) {
  const scene = await composeArtifactScene(open)
  const { database, pushBlob, push, admit } = scene
  const image = async (name: string) => {
    const config = bytes(name)
    return imageOf(name, [await pushBlob(app, config)], [config])
  }
  return {
    ...scene,
    image,
    turn: async (name: MetadataKey, value: 'true' | 'false') => {
      const { projectId } = await admit(system, 'push', app)
      await database.write(async (tx) => writeMetadata(tx, projectId, { [name]: value }))
    },
    /** By its digest, as clients push a child. */
    pushChild: async ({ bytes: body, ...rest }: Awaited<ReturnType<typeof image>>) =>
      await push({ ...rest, bytes: body, reference: { kind: 'digest', digest: digestOf(body) } }),
    count: async (table: 'artifact_child' | 'absent_child') =>
      (await database.read.selectFrom(table).selectAll().execute()).length,
    sizeOf: async (digest: string) =>
      (await database.read.selectFrom('artifact').select('size').where('digest', '=', digest).executeTakeFirstOrThrow())
        .size,
  }
}

describeEachDatabase('an index without all its children', (open) => {
  test('is taken by a project with the switch only, and a layer is never absent', async () => {
    const { image, push, pushChild, turn, codeOf } = await compose(open)
    const [here, away] = [await image('here'), await image('away')]
    const { digest } = await pushChild(here)
    const index = indexOf([
      { digest, size: here.bytes.byteLength },
      { digest: digestOf(away.bytes), size: away.bytes.byteLength },
    ])
    expect(await codeOf(push(index))).toBe('MANIFEST_BLOB_UNKNOWN')
    await turn('sparse_indexes', 'true')
    expect(await codeOf(push(index))).toBe('done')
    expect(await codeOf(push(imageOf('v1', [digestOf(bytes('x'))], [bytes('x')])))).toBe('MANIFEST_BLOB_UNKNOWN')
    await turn('sparse_indexes', 'false')
    expect(await codeOf(push(index))).toBe('MANIFEST_BLOB_UNKNOWN')
  })

  test('owns the child that comes later, whichever of two transactions is first', async () => {
    const { image, push, pushChild, turn, count, deleting, codeOf, ...services } = await compose(open)
    await turn('sparse_indexes', 'true')
    for (let round = 0; round < 10; round++) {
      const child = await image(`child ${round}`)
      const digest = digestOf(child.bytes)
      const index = indexOf([{ digest, size: child.bytes.byteLength }])
      await Promise.all(round % 2 === 0 ? [push(index), pushChild(child)] : [pushChild(child), push(index)])
      expect(await count('absent_child')).toBe(0)
      expect(await count('artifact_child')).toBe(round + 1)
      expect(await codeOf(deleteManifest(services, await deleting(), digest))).toBe('REFERENCED')
    }
  })

  test('counts only what is here, so that a size which nobody can check fills no quota', async () => {
    const { push, turn, sizeOf } = await compose(open)
    await turn('sparse_indexes', 'true')
    const index = indexOf([{ digest: digestOf(bytes('absent')), size: 2 ** 52 }])
    const { digest } = await push(index)
    expect(await sizeOf(digest)).toBe(index.bytes.byteLength)
  })

  test('leaves nothing behind when it is deleted', async () => {
    const { push, turn, count, deleting, ...services } = await compose(open)
    await turn('sparse_indexes', 'true')
    const { digest } = await push(indexOf([{ digest: digestOf(bytes('absent')), size: 6 }]))
    expect(await count('absent_child')).toBe(1)
    await deleteManifest(services, await deleting(), digest)
    expect(await count('absent_child')).toBe(0)
  })

  test('is copied as it is, where the target takes it', async () => {
    const { image, push, pushChild, turn, admit, codeOf, database, ...services } = await compose(open)
    await turn('sparse_indexes', 'true')
    const here = await image('here')
    const { digest } = await pushChild(here)
    const index = indexOf([
      { digest, size: here.bytes.byteLength },
      { digest: digestOf(bytes('absent')), size: 6 },
    ])
    await push(index)
    const copy = async () => {
      const target = await admit(system, 'push', 'library/copy' as RepositoryName)
      await copyArtifact({ ...services, database }, await admit(system, 'copy-from', app), target, index.reference)
    }
    expect(await codeOf(copy())).toBe('done')
    await turn('sparse_indexes', 'false')
    expect(await codeOf(copy())).toBe('MANIFEST_BLOB_UNKNOWN')
  })
})

describeEachDatabase('an image that does not say what it must', (open) => {
  test('is taken by a project with the switch only, with the sizes of the blobs that it names', async () => {
    const { push, pushBlob, turn, codeOf, sizeOf } = await compose(open)
    const [config, layer] = [bytes('config'), bytes('a layer')]
    const mediaType = 'application/vnd.docker.distribution.manifest.v2+json'
    const body = bytes(
      JSON.stringify({
        schemaVersion: 2,
        mediaType,
        config: { digest: await pushBlob(app, config) },
        layers: [{ digest: await pushBlob(app, layer) }],
      }),
    )
    const reference = { kind: 'digest', digest: digestOf(body) } as const
    const old = { reference, tags: [], manifest: parseManifest(body, mediaType), bytes: body, isOwnPush: true }
    expect(await codeOf(push(old))).toBe('MANIFEST_INVALID')
    await turn('lenient_manifests', 'true')
    const other = digestOf(bytes('other'))
    expect(await codeOf(push({ ...old, reference: { kind: 'digest', digest: other } }))).toBe('DIGEST_MISMATCH')
    const { digest } = await push(old)
    expect(await sizeOf(digest)).toBe(body.byteLength + config.byteLength + layer.byteLength)
  })
})
