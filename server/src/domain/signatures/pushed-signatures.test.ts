import { expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'
import type { TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import { createProject, system } from '#server-test/registry-for-test.ts'
import { composeSigningScene, ociManifest } from '#server-test/signing-scene.ts'
import { copyArtifact } from '../artifacts/copy.ts'
import { deleteManifest } from '../artifacts/delete.ts'
import { restoreEntry } from '../artifacts/restore.ts'
import { DomainError } from '../errors.ts'
import { PushedSignatures } from './pushed-signatures.ts'

const app = 'library/app' as RepositoryName
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const noSignature = Buffer.from('not a signature').toString('base64')

async function openScene(open: OpenDatabase) {
  const scene = await composeSigningScene(await open())
  const hold = async (isOn: boolean) =>
    await scene.database.write(async (tx) => {
      await tx.deleteFrom('project_metadata').where('name', '=', 'quarantine').execute()
      const value = { project_id: scene.projectId, name: 'quarantine', value: String(isOn) }
      await tx.insertInto('project_metadata').values(value).execute()
    })
  const [image, other] = [await scene.image(app, 'v1'), await scene.image(app, 'v2')]
  /** Its signature is none. */
  const forge = async (digest: Digest) => {
    const layer = await scene.layer(app, digest, privateKey)
    return await scene.push(app, {
      ...{ schemaVersion: 2, mediaType: ociManifest },
      config: await scene.config(app, 'application/vnd.dev.cosign.artifact.sig.v1+json'),
      layers: [{ ...layer, annotations: { 'dev.cosignproject.cosign/signature': noSignature } }],
      subject: { mediaType: ociManifest, digest, size: 1 },
    })
  }
  return { ...scene, hold, forge, imageDigest: image, otherDigest: other }
}

const reasonOf = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => 'done',
    (error: unknown) => {
      if (!(error instanceof DomainError)) throw error
      return error.reason ?? error.code
    },
  )

describeEachDatabase('signatures that are pushed', (open) => {
  test('one that is forged, or of another digest, is refused where there is a quarantine, and taken elsewhere', async () => {
    for (const isOn of [true, false]) {
      const scene = await openScene(open)
      const { imageDigest: image, otherDigest: other } = scene
      await scene.hold(isOn)
      const refused = isOn ? 'SIGNATURE_REFUSED' : 'done'
      expect({
        forged: await reasonOf(scene.forge(image)),
        'of another digest': await reasonOf(scene.signBySubject(app, image, privateKey, other)),
        'of another digest, by a tag': await reasonOf(scene.signByTag(app, image, privateKey, other)),
        'by nobody who is known': await reasonOf(scene.signBySubject(app, image, privateKey)),
        'the same by a tag': await reasonOf(scene.signByTag(app, image, privateKey)),
      }).toEqual({
        forged: refused,
        'of another digest': refused,
        'of another digest, by a tag': refused,
        'by nobody who is known': 'done',
        'the same by a tag': 'done',
      })
    }
  })

  test('what is refused changes nothing: neither a manifest nor a tag is there', async () => {
    const scene = await openScene(open)
    await scene.hold(true)
    const count = async () =>
      [
        await scene.database.read.selectFrom('artifact').select('id').execute(),
        await scene.database.read.selectFrom('tag').select('name').execute(),
      ].map(({ length }) => length)
    const before = await count()
    expect(await reasonOf(scene.signByTag(app, scene.imageDigest, privateKey, scene.otherDigest))).toBe(
      'SIGNATURE_REFUSED',
    )
    expect(await count()).toEqual(before)
  })

  test('a copy and a restore bring none in', async () => {
    const scene = await openScene(open)
    await createProject(scene.database, 'elsewhere', scene.clock)
    const there = 'elsewhere/app' as RepositoryName
    const image = await scene.image(there, 'v1')
    await scene.signBySubject(there, image, privateKey, scene.otherDigest)
    await scene.hold(true)
    const source = await scene.admit(system, 'copy-from', there)
    const target = await scene.admit(system, 'copy', 'library/copy' as RepositoryName)
    const copying = copyArtifact(scene, source, target, { kind: 'tag', tag: 'v1' as TagName })
    expect(await reasonOf(copying)).toBe('SIGNATURE_REFUSED')

    await scene.hold(false)
    const bad = await scene.signBySubject(app, scene.imageDigest, privateKey, scene.otherDigest)
    await deleteManifest({ ...scene, trashWindowMs: 1_000 }, await scene.admit(system, 'delete', app), bad)
    await scene.hold(true)
    const entries = scene.database.read.selectFrom('trash_entry').select('id').where('digest', '=', bad)
    const { id } = await entries.executeTakeFirstOrThrow()
    const restoring = restoreEntry(scene, await scene.admit(system, 'push', app), id, { overwrite: false })
    expect(await reasonOf(restoring)).toBe('SIGNATURE_REFUSED')
  })

  test('one that comes before its subject cannot be looked at, and is judged when that is there', async () => {
    const scene = await openScene(open)
    await scene.hold(true)
    const absent = `sha256:${'0'.repeat(64)}` as Digest
    expect(await reasonOf(scene.signBySubject(app, absent, privateKey, scene.otherDigest))).toBe('done')
  })

  test('where its bytes cannot be read, it is refused', async () => {
    const scene = await openScene(open)
    await scene.hold(true)
    const broken = { open: async () => Promise.reject(new Error('no storage')) }
    const pushedSignatures = new PushedSignatures({ ...scene, store: broken })
    const source = await scene.admit(system, 'copy-from', app)
    const target = await scene.admit(system, 'copy', 'library/copy' as RepositoryName)
    await scene.signBySubject(app, scene.imageDigest, privateKey)
    const copying = copyArtifact({ ...scene, pushedSignatures }, source, target, { kind: 'tag', tag: 'v1' as TagName })
    await expect(copying).rejects.toThrow('no storage')
  })
})
