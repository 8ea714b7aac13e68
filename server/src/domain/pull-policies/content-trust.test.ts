import { expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { refusalOf } from '#server-test/policy-scene.ts'
import { system } from '#server-test/registry-for-test.ts'
import { composeSigningScene, ociIndex, ociManifest } from '#server-test/signing-scene.ts'
import { writeMetadata, type ProjectMetadata } from '../projects/project-metadata.ts'
import { PolicyAdministration } from './policy-admin.ts'
import { policyDefinition, type PolicyCondition } from './policy-definition.ts'

const app = 'library/app'
const keyPair = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  return { key: privateKey, pem: publicKey.export({ type: 'spki', format: 'pem' }).toString() }
}
const unsigned = 'The image is not signed by cosign.'

describeEachDatabase('content trust', (open) => {
  const compose = async (metadata: ProjectMetadata = { enable_content_trust_cosign: 'true' }) => {
    const database = await open()
    const scene = await composeSigningScene(database)
    await database.write(async (tx) => await writeMetadata(tx, scene.projectId, metadata))
    const admin = new PolicyAdministration(scene)
    const pull = async (digest: Digest) => {
      await scene.work()
      const admission = await scene.admit(system, 'pull', app as never)
      return await refusalOf(scene.manifests.getManifest(admission, { kind: 'digest', digest }))
    }
    const ask = async (condition: PolicyCondition) =>
      await admin.createPolicy(
        system,
        scene.projectId,
        policyDefinition.parse({ name: 'signed', mode: 'enforce', condition }),
      )
    return { ...scene, pull, ask, digest: await scene.image(app, 'v1') }
  }

  test('an image without a signature is refused in Harbor’s words, and the signature itself is not', async () => {
    const { pull, digest, signByTag } = await compose()
    expect(await pull(digest)).toBe(unsigned)
    const signature = await signByTag(app, digest, keyPair().key)
    expect(await pull(signature)).toBe('done')
  })

  test('cosign is asked for first, and each switch asks for its own kind', async () => {
    const both = await compose({ enable_content_trust: 'true', enable_content_trust_cosign: 'true' })
    expect(await both.pull(both.digest)).toBe(unsigned)
    await both.signByTag(app, both.digest, keyPair().key)
    expect(await both.pull(both.digest)).toBe('The image is not signed by notation.')
  })

  test('where nobody is named, a signature over this very digest counts, and a forged or foreign one does not', async () => {
    const { pull, digest, image, signByTag, signBySubject } = await compose()
    const other = await image(app, 'other')
    await signByTag(app, digest, keyPair().key, other)
    expect(await pull(digest)).toBe(unsigned)
    await signBySubject(app, digest, keyPair().key)
    expect(await pull(digest)).toBe('done')
    expect(await pull(other)).toBe(unsigned)
  })

  test('once somebody is named, only theirs counts, until they are trusted no more', async () => {
    const { pull, digest, signByTag, signBySubject, trust, signers, projectId } = await compose()
    const [ours, theirs] = [keyPair(), keyPair()]
    await signByTag(app, digest, theirs.key)
    expect(await pull(digest)).toBe('done')
    const id = await trust('release', ours.pem, projectId)
    expect(await pull(digest)).toBe(unsigned)
    await signBySubject(app, digest, ours.key)
    expect(await pull(digest)).toBe('done')
    await signers.deleteSigner(system, projectId, id)
    await trust('another', keyPair().pem, projectId)
    expect(await pull(digest)).toBe(unsigned)
  })

  test('images of an index that is signed are covered by it', async () => {
    const { pull, digest, push, signByTag } = await compose()
    const manifests = [{ mediaType: ociManifest, digest, size: 1 }]
    const index = await push(app, { schemaVersion: 2, mediaType: ociIndex, manifests }, 'index')
    expect([await pull(index), await pull(digest)]).toEqual([unsigned, unsigned])
    await signByTag(app, index, keyPair().key)
    expect([await pull(index), await pull(digest)]).toEqual(['done', 'done'])
  })

  test('a policy asks for somebody who is named, by name, for one of them or for all', async () => {
    const { pull, ask, digest, signByTag, signBySubject, trust, projectId, database } = await compose({})
    const [one, two] = [keyPair(), keyPair()]
    const only = async (condition: PolicyCondition) => {
      await database.write(async (tx) => void (await tx.deleteFrom('pull_policy').execute()))
      await ask(condition)
      return await pull(digest)
    }
    const why = (text: string) => `the policy "signed" of the project holds this back: ${text}`
    await signByTag(app, digest, one.key)
    // Well formed, by nobody who is named: enough for Harbor's key, and not here.
    expect(await only({ kind: 'signed' })).toBe(why('nobody who is trusted has signed it'))
    await trust('one', one.pem, projectId)
    await trust('two', two.pem, projectId)
    expect(await only({ kind: 'signed' })).toBe('done')
    expect(await only({ kind: 'signed', method: 'notation' })).toBe(why('nobody who is trusted has signed it'))
    expect(await only({ kind: 'signed', signers: ['one', 'two'] })).toBe('done')
    expect(await only({ kind: 'signed', signers: ['two'] })).toBe(why('it lacks a signature of two'))
    expect(await only({ kind: 'signed', signers: ['one', 'two'], match: 'all' })).toBe(
      why('it lacks a signature of two'),
    )
    await signBySubject(app, digest, two.key)
    expect(await only({ kind: 'signed', signers: ['one', 'two'], match: 'all' })).toBe('done')
  })
})
