import { expect, setDefaultTimeout, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { findSignatures } from '#server/database/migrations/0038-find-signatures.ts'
import { deleteManifest, untag } from '#server/domain/artifacts/delete.ts'
import { pageSignatures } from '#server/domain/signatures/recorded-signatures.ts'
import { listEnded } from '#server/domain/signatures/reverify-signatures.ts'
import { checkSignatures } from '#server/domain/signatures/signature-checks.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { authorityExtensions, issueCertificate, issueRevocationList } from '#server-test/issue-certificate.ts'
import { system } from '#server-test/registry-for-test.ts'
import { keyPairForTest } from '#server-test/key-pair.ts'
import { composeSigningScene, ociIndex, ociManifest } from '#server-test/signing-scene.ts'
import { createPrivateKey, sign } from 'node:crypto'

setDefaultTimeout(60_000)

const app = 'library/app'
const key = keyPairForTest()
const stranger = keyPairForTest()

describeEachDatabase('verdicts', (open) => {
  const compose = async () => await composeSigningScene(await open())
  const states = async (scene: Awaited<ReturnType<typeof compose>>, digest: Digest, repository = app) => {
    const { cosign, notation } = await scene.verdict(repository, digest)
    return [cosign.state, notation.state]
  }

  test('an image without signatures is unsigned, and a push of it makes no work', async () => {
    const scene = await compose()
    const image = await scene.image(app, 'v1')
    expect(await scene.work()).toBe(0)
    expect(await states(scene, image)).toEqual(['unsigned', 'unsigned'])
  })

  for (const form of ['signByTag', 'signBySubject'] as const) {
    test(`${form}: verified when the signature comes, before the image or after it`, async () => {
      const scene = await compose()
      await scene.trust('release', key.pem)
      const image = await scene.image(app, 'v1')
      await scene[form](app, image, key.privateKey)
      await scene.work()
      const { cosign } = await scene.verdict(app, image)
      expect(cosign).toMatchObject({ state: 'verified', index: undefined, until: undefined })
      expect(cosign.signerId).toBeGreaterThan(0)

      // The same image elsewhere, where its signature comes first.
      await scene.signByTag('library/other', image, key.privateKey)
      await scene.work()
      expect(await states(scene, image, 'library/other')).toEqual(['unsigned', 'unsigned'])
      await scene.image('library/other', 'v1')
      await scene.work()
      expect(await states(scene, image, 'library/other')).toEqual(['verified', 'unsigned'])
    })
  }

  test('a signature counts in its repository alone: the same digest elsewhere is unsigned', async () => {
    const scene = await compose()
    await scene.trust('release', key.pem)
    const image = await scene.image(app, 'v1')
    await scene.image('library/other', 'v1')
    await scene.signByTag(app, image, key.privateKey)
    await scene.work()
    expect(await states(scene, image, 'library/other')).toEqual(['unsigned', 'unsigned'])
  })

  test('nobody is named: signed, by nobody who is named; from the moment somebody is, it waits, and then is not trusted', async () => {
    const scene = await compose()
    const image = await scene.image(app, 'v1')
    await scene.signByTag(app, image, stranger.privateKey)
    await scene.work()
    expect(await states(scene, image)).toEqual(['unnamed', 'unsigned'])
    await scene.trust('release', key.pem, scene.projectId)
    expect(await states(scene, image)).toEqual(['pending', 'unsigned'])
    await scene.work()
    expect(await states(scene, image)).toEqual(['untrusted', 'unsigned'])
  })

  test('a signer that is removed counts no more from the commit on; another one that verifies it too takes over', async () => {
    const scene = await compose()
    const first = await scene.trust('release', key.pem)
    const image = await scene.image(app, 'v1')
    await scene.signByTag(app, image, key.privateKey)
    await scene.work()
    await scene.trust('the same key again', key.pem, scene.projectId)
    await scene.signers.deleteSigner(system, undefined, first)
    expect(await states(scene, image)).toEqual(['pending', 'unsigned'])
    await scene.work()
    expect(await states(scene, image)).toEqual(['verified', 'unsigned'])
  })

  test('a signer that is named while a signature is looked at verifies it, though the look at all of them is over', async () => {
    const scene = await compose()
    const image = await scene.image(app, 'v1')
    await scene.signByTag(app, image, key.privateKey)
    const nameThenOpen: typeof scene.store.open = async (...blob) => {
      if ((await scene.signers.listSigners(system, undefined)).length === 0) await scene.trust('release', key.pem)
      return await scene.store.open(...blob)
    }
    const question = { repositoryId: await scene.repositoryId(app), subject: image }
    await checkSignatures({ database: scene.database, clock: scene.clock, store: { open: nameThenOpen } }, question)
    expect(await states(scene, image)).toEqual(['verified', 'unsigned'])
  })

  test('a signer of one project is nobody in another', async () => {
    const scene = await compose()
    const image = await scene.image(app, 'v1')
    await scene.signByTag(app, image, key.privateKey)
    await scene.trust('release', key.pem, scene.projectId)
    await scene.work()
    const elsewhere = await scene.signers.listSigners(system, undefined)
    expect(elsewhere).toEqual([])
    expect(await states(scene, image)).toEqual(['verified', 'unsigned'])
  })

  test('a signature of another digest, and a tag that points to one, are refused and say why', async () => {
    const scene = await compose()
    await scene.trust('release', key.pem)
    const image = await scene.image(app, 'v1')
    const other = await scene.image(app, 'v2')
    await scene.signByTag(app, image, key.privateKey, other)
    await scene.signBySubject(app, image, key.privateKey, other)
    await scene.work()
    expect(await states(scene, image)).toEqual(['refused', 'unsigned'])
    expect(await states(scene, other)).toEqual(['unsigned', 'unsigned'])
    const place = { repositoryId: await scene.repositoryId(app), digest: image }
    const { rows, total } = await pageSignatures(scene.database.read, place, { limit: 10, offset: 0 })
    expect(total).toBe(2)
    expect(rows.map(({ state, refusal }) => [state, refusal])).toEqual([
      ['refused', 'digest-mismatch'],
      ['refused', 'digest-mismatch'],
    ])
  })

  test('one that verifies outweighs all that do not: a thousand junk signatures change nothing', async () => {
    const scene = await compose()
    await scene.trust('release', key.pem)
    const image = await scene.image(app, 'v1')
    await scene.signBySubject(app, image, key.privateKey)
    const layers = []
    for (let at = 0; at < 250; at += 1) layers.push(await scene.layer(app, image, stranger.privateKey))
    for (let part = 0; part < 4; part += 1) {
      await scene.push(app, {
        ...{ schemaVersion: 2, mediaType: ociManifest, annotations: { part: String(part) } },
        config: await scene.config(app, 'application/vnd.dev.cosign.artifact.sig.v1+json'),
        layers: part === 0 ? [...layers, await scene.layer(app, image, key.privateKey)] : layers,
        subject: { mediaType: ociManifest, digest: image, size: 1 },
      })
    }
    await scene.work()
    const { rows, total } = await pageSignatures(
      scene.database.read,
      { repositoryId: await scene.repositoryId(app), digest: image },
      { limit: 3, offset: 0 },
    )
    expect(total).toBe(1002)
    expect(rows.map(({ state }) => state)).toEqual(['verified', 'verified', 'untrusted'])
    expect(await states(scene, image)).toEqual(['verified', 'unsigned'])
  })

  test("an index's verified signature covers its children, those of an index in it, and ends with it", async () => {
    const scene = await compose()
    await scene.trust('release', key.pem)
    const child = await scene.image(app, 'amd64')
    const size = 1
    const inner = await scene.push(app, {
      ...{ schemaVersion: 2, mediaType: ociIndex },
      manifests: [{ mediaType: ociManifest, digest: child, size }],
    })
    const outer = await scene.push(
      app,
      { schemaVersion: 2, mediaType: ociIndex, manifests: [{ mediaType: ociIndex, digest: inner, size }] },
      'latest',
    )
    await scene.signBySubject(app, outer, key.privateKey)
    await scene.work()
    expect(await scene.verdict(app, child)).toMatchObject({ cosign: { state: 'verified', index: inner } })
    expect(await scene.verdict(app, inner)).toMatchObject({ cosign: { state: 'verified', index: outer } })

    const admission = await scene.admit(system, 'delete', app as RepositoryName)
    await deleteManifest(scene, admission, outer)
    await scene.work()
    expect(await states(scene, inner)).toEqual(['unsigned', 'unsigned'])
    expect(await states(scene, child)).toEqual(['unsigned', 'unsigned'])
  })

  test('a run that ended between an index and its images is made good by the next one', async () => {
    const scene = await compose()
    await scene.trust('release', key.pem)
    const child = await scene.image(app, 'amd64')
    const size = 1
    const indexOf = (mediaType: string, digest: Digest) => ({
      ...{ schemaVersion: 2, mediaType: ociIndex },
      manifests: [{ mediaType, digest, size }],
    })
    const inner = await scene.push(app, indexOf(ociManifest, child))
    const outer = await scene.push(app, indexOf(ociIndex, inner), 'latest')
    const signature = await scene.signBySubject(app, outer, key.privateKey)
    await scene.work()
    await deleteManifest(scene, await scene.admit(system, 'delete', app as RepositoryName), signature)

    let looks = 0
    const ending = { throwIfAborted: () => expect((looks += 1)).toBeLessThan(3) } as unknown as AbortSignal
    const question = { repositoryId: await scene.repositoryId(app), subject: outer }
    await expect(checkSignatures(scene, question, ending)).rejects.toThrow()
    expect([await states(scene, inner), await states(scene, child)]).toEqual([
      ['unsigned', 'unsigned'],
      ['verified', 'unsigned'],
    ])
    await scene.work()
    expect(await states(scene, child)).toEqual(['unsigned', 'unsigned'])
  })

  test('a signature that is deleted, or whose tag goes elsewhere, counts no more', async () => {
    const scene = await compose()
    await scene.trust('release', key.pem)
    const image = await scene.image(app, 'v1')
    const bySubject = await scene.signBySubject(app, image, key.privateKey)
    await scene.work()
    const deleting = await scene.admit(system, 'delete', app as RepositoryName)
    await deleteManifest(scene, deleting, bySubject)
    await scene.work()
    expect(await states(scene, image)).toEqual(['unsigned', 'unsigned'])

    await scene.signByTag(app, image, key.privateKey)
    await scene.work()
    expect(await states(scene, image)).toEqual(['verified', 'unsigned'])
    const untagging = await scene.admit(system, 'untag', app as RepositoryName)
    await untag(scene, untagging, scene.tagOf(image) as Parameters<typeof untag>[2])
    await scene.work()
    expect(await states(scene, image)).toEqual(['unsigned', 'unsigned'])
  })

  test('a certificate ends: the verdict says so at that moment, and a look at it says why', async () => {
    const scene = await compose()
    const signer = issueCertificate({ name: 'ci', days: 400 })
    await scene.signers.createSigner(system, undefined, {
      name: 'ci',
      definition: { kind: 'certificate', certificates: signer.certificate },
    })
    const image = await scene.image(app, 'v1')
    const layer = await scene.layer(app, image, createPrivateKey(signer.privateKey))
    expect(sign('sha256', Buffer.from(''), signer.privateKey).length).toBeGreaterThan(0)
    await scene.push(app, {
      ...{ schemaVersion: 2, mediaType: ociManifest },
      config: await scene.config(app, 'application/vnd.dev.cosign.artifact.sig.v1+json'),
      layers: [
        { ...layer, annotations: { ...layer.annotations, 'dev.sigstore.cosign/certificate': signer.certificate } },
      ],
      subject: { mediaType: ociManifest, digest: image, size: 1 },
    })
    await scene.work()
    expect(await states(scene, image)).toEqual(['verified', 'unsigned'])
    expect(await listEnded(scene.database.read, scene.clock.now(), 10)).toEqual([])
    scene.clock.advance(400 * 86_400_000)
    expect(await states(scene, image)).toEqual(['expired', 'unsigned'])
    expect((await listEnded(scene.database.read, scene.clock.now(), 10)).map(({ subject }) => subject)).toEqual([image])
  })

  test('a revocation list ends: the verdict ends with it, though the certificate lasts, until a newer list is there', async () => {
    const scene = await compose()
    const authority = issueCertificate({ name: 'authority', extensions: authorityExtensions, days: 400 })
    const signer = issueCertificate({ name: 'ci', by: authority, days: 400 })
    const trust = async (days: number) =>
      await scene.signers.createSigner(system, undefined, {
        name: `ci ${days}`,
        definition: {
          kind: 'certificate',
          certificates: authority.certificate,
          revocation_lists: issueRevocationList(authority, days),
        },
      })
    await trust(100)
    const image = await scene.image(app, 'v1')
    const layer = await scene.layer(app, image, createPrivateKey(signer.privateKey))
    const annotations = { ...layer.annotations, 'dev.sigstore.cosign/certificate': signer.certificate }
    await scene.push(app, {
      ...{ schemaVersion: 2, mediaType: ociManifest, layers: [{ ...layer, annotations }] },
      config: await scene.config(app, 'application/vnd.dev.cosign.artifact.sig.v1+json'),
      subject: { mediaType: ociManifest, digest: image, size: 1 },
    })
    await scene.work()
    expect(await states(scene, image)).toEqual(['verified', 'unsigned'])
    scene.clock.advance(100 * 86_400_000)
    expect(await states(scene, image)).toEqual(['expired', 'unsigned'])
    const question = { repositoryId: await scene.repositoryId(app), subject: image }
    await checkSignatures(scene, question)
    const { rows } = await pageSignatures(scene.database.read, { ...question, digest: image }, { limit: 1, offset: 0 })
    expect(rows).toMatchObject([{ state: 'untrusted', refusal: 'revocation-unknown' }])
    await trust(390)
    await scene.work()
    expect(await states(scene, image)).toEqual(['verified', 'unsigned'])
  })

  test('a signature whose bytes were away is looked at again, and counts once they are there', async () => {
    const scene = await compose()
    await scene.trust('release', key.pem)
    const image = await scene.image(app, 'v1')
    await scene.signByTag(app, image, key.privateKey)
    const question = { repositoryId: await scene.repositoryId(app), subject: image }
    await checkSignatures({ ...scene, store: { open: async () => undefined } }, question)
    expect(await states(scene, image)).toEqual(['refused', 'unsigned'])
    expect((await checkSignatures(scene, question)).looked).toBe(1)
    expect(await states(scene, image)).toEqual(['verified', 'unsigned'])
    expect((await checkSignatures(scene, question)).looked).toBe(0)
  })

  test('signatures from before verdicts are found, by the job that the migration asks for', async () => {
    const scene = await compose()
    const [first, second] = [await scene.image(app, 'v1'), await scene.image(app, 'v2')]
    await scene.signBySubject(app, first, key.privateKey)
    await scene.signByTag(app, second, key.privateKey)
    const { database } = scene
    await database.write(async (tx) => {
      await tx.deleteFrom('job').execute()
      await findSignatures.up(tx, database.dialect)
    })
    await scene.work()
    expect([await states(scene, first), await states(scene, second)]).toEqual([
      ['unnamed', 'unsigned'],
      ['unnamed', 'unsigned'],
    ])
  })

  test('an attestation is verified and shown, and signs nothing', async () => {
    const scene = await compose()
    await scene.trust('release', key.pem)
    const image = await scene.image(app, 'v1')
    const statement = Buffer.from(
      JSON.stringify({
        _type: 'https://in-toto.io/Statement/v1',
        predicateType: 'https://slsa.dev/provenance/v1',
        subject: [{ digest: { sha256: image.slice(7) } }],
      }),
    )
    const type = 'application/vnd.in-toto+json'
    const signed = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${statement.length} `), statement])
    const envelope = {
      payloadType: type,
      payload: statement.toString('base64'),
      signatures: [{ sig: sign('sha256', signed, key.privateKey).toString('base64') }],
    }
    await scene.push(
      app,
      {
        ...{ schemaVersion: 2, mediaType: ociManifest, config: await scene.config(app) },
        layers: [await scene.blob(app, Buffer.from(JSON.stringify(envelope)), 'application/vnd.dsse.envelope.v1+json')],
      },
      scene.tagOf(image).replace('.sig', '.att'),
    )
    await scene.work()
    expect(await states(scene, image)).toEqual(['unsigned', 'unsigned'])
    const place = { repositoryId: await scene.repositoryId(app), digest: image }
    const { rows } = await pageSignatures(scene.database.read, place, { limit: 10, offset: 0 })
    expect(rows).toMatchObject([
      { state: 'verified', predicateType: 'https://slsa.dev/provenance/v1', signer: { name: 'release' } },
    ])
  })
})
