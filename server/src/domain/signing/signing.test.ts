import { expect, setDefaultTimeout, test } from 'bun:test'
import { X509Certificate } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database } from '#server/database/database.ts'
import type { Actor } from '#server/domain/access/actor.ts'
import { roleIds, type RoleName } from '#server/domain/access/roles/permissions.ts'
import { writeMetadata } from '#server/domain/projects/project-metadata.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { createProject, system } from '#server-test/registry-for-test.ts'
import { secretsForTest } from '#server-test/secrets.ts'
import { composeSigningScene } from '#server-test/signing-scene.ts'
import { SignatureKeys } from './signature-keys.ts'
import type { SignatureForm } from './signature-forms.ts'
import { Signing } from './signing-requests.ts'

setDefaultTimeout(60_000)

const app = 'library/app' as RepositoryName

async function compose(database: Database) {
  const scene = await composeSigningScene(database)
  const { clock, events, projectId, store: _store, ...content } = scene
  const secrets = secretsForTest(database)
  const services = { database, clock, events, secrets }
  const keys = new SignatureKeys(services)
  const signing = new Signing({ content: { ...content, clock, events }, secrets, host: 'registry.example.com' })
  /** A member of the project. */
  const member = async (username: string, role: RoleName): Promise<Actor> =>
    await database.write(async (tx) => {
      const times = { created_at: 1, updated_at: 1 }
      const { id } = await tx
        .insertInto('user_account')
        .values({
          ...{ username, email: null, real_name: '', comment: '', password_hash: null, admin: 0, disabled: 0 },
          ...{ credentials_changed_at: 1, external_id: null, source: 'local', ...times },
        })
        .returning('id')
        .executeTakeFirstOrThrow()
      await tx
        .insertInto('project_member')
        .values({ project_id: projectId, entity_type: 'user', entity_id: id, role_id: roleIds[role], created_at: 1 })
        .execute()
      return { kind: 'user', id, username, admin: false }
    })
  const sign = async (actor: Actor, digest: Digest, keyId: number, forms: readonly SignatureForm[] = ['cosign']) => {
    const done = await signing.sign(actor, { projectId, repository: app, digest, keyId, forms }, 'please')
    await scene.work()
    return done
  }
  const states = async (digest: Digest) => {
    await scene.work()
    const { cosign, notation } = await scene.verdict(app, digest)
    return [cosign.state, notation.state]
  }
  const audited = async (type: string) =>
    (await database.read.selectFrom('event').select('payload').where('type', '=', type).execute()).map(
      ({ payload }) => JSON.parse(payload) as Record<string, unknown>,
    )
  return { ...scene, database, keys, signing, member, sign, states, audited, secrets }
}

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  )

describeEachDatabase('signing on the server', (open) => {
  test('every form verifies at once by the key that made it, and notes that the key was used', async () => {
    const scene = await compose(await open())
    const keyId = await scene.keys.createKey(system, scene.projectId, 'release')
    const image = await scene.image(app, 'v1')
    expect(await scene.states(image)).toEqual(['unsigned', 'unsigned'])
    await scene.sign(system, image, keyId, ['cosign'])
    expect(await scene.states(image)).toEqual(['verified', 'unsigned'])
    await scene.sign(system, image, keyId, ['notation'])
    expect(await scene.states(image)).toEqual(['verified', 'verified'])
    const second = await scene.image(app, 'v2')
    await scene.sign(system, second, keyId, ['cosign-tag'])
    expect(await scene.states(second)).toEqual(['verified', 'unsigned'])
    expect(await scene.audited('sign_artifact')).toMatchObject([
      { key: 'release', digest: image, forms: ['cosign'] },
      { key: 'release', digest: image, forms: ['notation'] },
      { key: 'release', digest: second, forms: ['cosign-tag'] },
    ])
  })

  test('a signature under the tag of cosign joins those that lie there', async () => {
    const scene = await compose(await open())
    const [one, other] = [
      await scene.keys.createKey(system, scene.projectId, 'one'),
      await scene.keys.createKey(system, scene.projectId, 'other'),
    ]
    const image = await scene.image(app, 'v1')
    await scene.sign(system, image, one, ['cosign-tag'])
    await scene.sign(system, image, other, ['cosign-tag'])
    const tag = await scene.database.read
      .selectFrom('tag')
      .innerJoin('artifact_payload', 'artifact_payload.artifact_id', 'tag.artifact_id')
      .select('artifact_payload.bytes')
      .where('tag.name', '=', scene.tagOf(image))
      .executeTakeFirstOrThrow()
    expect((JSON.parse(new TextDecoder().decode(tag.bytes)) as { layers: unknown[] }).layers).toHaveLength(2)
    await scene.keys.revokeKey(system, scene.projectId, other, 'leaked')
    expect(await scene.states(image)).toEqual(['verified', 'unsigned'])
  })

  test('the private part lies sealed, and goes when the key is rotated or revoked', async () => {
    const scene = await compose(await open())
    const keyId = await scene.keys.createKey(system, scene.projectId, 'release')
    const stored = async (id: number) =>
      (
        await scene.database.read
          .selectFrom('signature_key')
          .select('private_key')
          .where('id', '=', id)
          .executeTakeFirstOrThrow()
      ).private_key
    expect(await stored(keyId)).toStartWith('sealed.v1.')
    const next = await scene.keys.rotateKey(system, scene.projectId, keyId)
    expect(await stored(keyId)).toBe('')
    await scene.keys.revokeKey(system, scene.projectId, next, 'leaked')
    expect(await stored(next)).toBe('')
  })

  test('a rotated key signs no more and stays trusted; a revoked one is not trusted from that moment on', async () => {
    const scene = await compose(await open())
    const keyId = await scene.keys.createKey(system, scene.projectId, 'release')
    const image = await scene.image(app, 'v1')
    await scene.sign(system, image, keyId, ['cosign', 'notation'])
    const next = await scene.keys.rotateKey(system, scene.projectId, keyId)
    expect(await codeOf(scene.sign(system, image, keyId))).toBe('PRECONDITION')
    expect(await codeOf(scene.keys.rotateKey(system, scene.projectId, keyId))).toBe('PRECONDITION')
    expect(await scene.states(image)).toEqual(['verified', 'verified'])
    await scene.keys.revokeKey(system, scene.projectId, keyId, 'leaked')
    const { cosign, notation } = await scene.verdict(app, image)
    expect([cosign.state, notation.state]).not.toContain('verified')
    expect(await scene.states(image)).toEqual(['untrusted', 'untrusted'])
    await scene.sign(system, image, next, ['cosign', 'notation'])
    expect(await scene.states(image)).toEqual(['verified', 'verified'])
    const listed = await scene.keys.listKeys(system, scene.projectId)
    expect(listed.map(({ name, version, state }) => [name, version, state])).toEqual([
      ['release', 2, 'active'],
      ['release', 1, 'revoked'],
    ])
  })

  test('the certificate is one that the Notary Project takes: a leaf that signs code, by its own key', async () => {
    const scene = await compose(await open())
    await scene.keys.createKey(system, scene.projectId, 'release')
    const [key] = await scene.keys.listKeys(system, scene.projectId)
    const certificate = new X509Certificate(key!.certificate)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.publicKey.export({ format: 'pem', type: 'spki' })).toBe(key!.publicKey)
    expect([certificate.ca, certificate.keyUsage]).toEqual([false, ['1.3.6.1.5.5.7.3.3']])
    expect(certificate.subject).toBe('O=Berth\nCN=release')
  })

  test('only who may sign does, with keys of the project; keys of the registry are for system administrators', async () => {
    const scene = await compose(await open())
    const { projectId } = scene
    const own = await scene.keys.createKey(system, projectId, 'release')
    const ofRegistry = await scene.keys.createKey(system, undefined, 'company')
    await createProject(scene.database, 'other', scene.clock)
    const { id: otherProject } = await scene.database.read
      .selectFrom('project')
      .select('id')
      .where('name', '=', 'other')
      .executeTakeFirstOrThrow()
    const elsewhere = await scene.keys.createKey(system, otherProject, 'release')
    const image = await scene.image(app, 'v1')
    const maintainer = await scene.member('mia', 'maintainer')
    const developer = await scene.member('dan', 'developer')
    expect(await codeOf(scene.sign(developer, image, own))).toBe('FORBIDDEN')
    expect(await codeOf(scene.sign(maintainer, image, ofRegistry))).toBe('FORBIDDEN')
    expect(await codeOf(scene.sign(maintainer, image, elsewhere))).toBe('SIGNATURE_KEY_UNKNOWN')
    expect(await codeOf(scene.keys.createKey(maintainer, projectId, 'mine'))).toBe('FORBIDDEN')
    expect(await codeOf(scene.keys.revokeKey(maintainer, projectId, own, 'no'))).toBe('FORBIDDEN')
    expect(await scene.audited('sign_artifact')).toEqual([])
    expect(await codeOf(scene.sign(maintainer, image, own))).toBe('done')
    expect(await codeOf(scene.sign(system, image, ofRegistry))).toBe('done')
  })

  test('with two persons nobody signs alone: the wish waits, and another person approves it', async () => {
    const scene = await compose(await open())
    const { projectId, signing } = scene
    const keyId = await scene.keys.createKey(system, projectId, 'release')
    const image = await scene.image(app, 'v1')
    await scene.database.write((tx) => writeMetadata(tx, projectId, { two_person_signing: 'true' }))
    const mia = await scene.member('mia', 'maintainer')
    const max = await scene.member('max', 'maintainer')
    const dan = await scene.member('dan', 'developer')
    const done = await scene.sign(mia, image, keyId)
    if (done.kind !== 'requested') throw new Error('it was signed by one person')
    const { requestId } = done
    expect(await scene.states(image)).toEqual(['unsigned', 'unsigned'])
    expect(await codeOf(signing.approve(mia, projectId, requestId))).toBe('FORBIDDEN')
    expect(await codeOf(signing.approve(dan, projectId, requestId))).toBe('FORBIDDEN')
    expect(await codeOf(signing.approve(system, projectId, requestId))).toBe('FORBIDDEN')
    expect(await scene.audited('sign_artifact')).toEqual([])
    await signing.approve(max, projectId, requestId)
    expect(await scene.states(image)).toEqual(['verified', 'unsigned'])
    expect(await codeOf(signing.approve(max, projectId, requestId))).toBe('PRECONDITION')
    expect(await scene.audited('sign_artifact')).toMatchObject([{ requestId }])
    const { rows } = await signing.listRequests(mia, projectId, { offset: 0, limit: 10 })
    expect(rows).toMatchObject([{ state: 'signed', requestedBy: 'mia', decidedBy: 'max', comment: 'please' }])
  })

  test('of two decisions at the same time one counts', async () => {
    const scene = await compose(await open())
    const { projectId, signing } = scene
    const keyId = await scene.keys.createKey(system, projectId, 'release')
    const image = await scene.image(app, 'v1')
    await scene.database.write((tx) => writeMetadata(tx, projectId, { two_person_signing: 'true' }))
    const mia = await scene.member('mia', 'maintainer')
    const max = await scene.member('max', 'maintainer')
    const done = await scene.sign(mia, image, keyId)
    if (done.kind !== 'requested') throw new Error('it was signed by one person')
    const codes = await Promise.all([
      codeOf(signing.approve(max, projectId, done.requestId)),
      codeOf(signing.reject(mia, projectId, done.requestId, 'wrong image')),
    ])
    expect(codes.toSorted()).toEqual(['PRECONDITION', 'done'])
  })

  test('a wish that nobody decides on in a week has expired', async () => {
    const scene = await compose(await open())
    const { projectId, signing } = scene
    const keyId = await scene.keys.createKey(system, projectId, 'release')
    const image = await scene.image(app, 'v1')
    await scene.database.write((tx) => writeMetadata(tx, projectId, { two_person_signing: 'true' }))
    const [mia, max] = [await scene.member('mia', 'maintainer'), await scene.member('max', 'maintainer')]
    const done = await scene.sign(mia, image, keyId)
    if (done.kind !== 'requested') throw new Error('it was signed by one person')
    scene.clock.advance(7 * 24 * 60 * 60_000)
    expect(await codeOf(signing.approve(max, projectId, done.requestId))).toBe('PRECONDITION')
    const { rows } = await signing.listRequests(mia, projectId, { offset: 0, limit: 10 })
    expect(rows[0]?.state).toBe('expired')
  })
})
