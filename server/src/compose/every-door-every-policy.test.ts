import { expect, test } from 'bun:test'
import { createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import { app, bytes } from '#server-test/artifact-scene.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import { authorityExtensions, issueCertificate, issueRevocationList } from '#server-test/issue-certificate.ts'
import { composePolicyScene, refusalOf, type FoundForTest, type PushedForTest } from '#server-test/policy-scene.ts'
import { digestOf, system } from '#server-test/registry-for-test.ts'
import { PolicyAdministration } from '../domain/pull-policies/policy-admin.ts'
import { policyDefinition, type PolicyCondition } from '../domain/pull-policies/policy-definition.ts'
import { LocalSource } from '../domain/replication/local-source.ts'
import type { ProjectMetadata } from '../domain/projects/project-metadata.ts'
import { checkSignatures } from '../domain/signatures/signature-checks.ts'
import { TrustedSigners } from '../domain/signatures/trusted-signers.ts'

const day = 86_400_000
const ociManifest = 'application/vnd.oci.image.manifest.v1+json'
const critical: FoundForTest = { id: 'CVE-2026-1', severity: 'Critical' }

/** What may be true of an image, each with a tag of that name. */
const states = [
  ...(['clean', 'unsigned', 'wrongly-signed', 'signed-by-a-stranger', 'expired', 'revoked'] as const),
  ...(['vulnerable', 'unscanned', 'quarantined', 'child-of-a-signed-index'] as const),
]
type State = (typeof states)[number]

const withoutSignature = ['unsigned', 'wrongly-signed', 'signed-by-a-stranger', 'expired', 'revoked'] as const

interface Policy {
  readonly metadata?: ProjectMetadata
  readonly condition?: PolicyCondition
  readonly ofRegistry?: true
  /** What it holds back. What is in quarantine is held back whatever policies say. */
  readonly refuses: readonly State[]
}

const policies: Readonly<Record<string, Policy>> = {
  'no policy': { refuses: [] },
  prevent_vul: { metadata: { prevent_vul: 'true', severity: 'high' }, refuses: ['vulnerable', 'unscanned'] },
  enable_content_trust_cosign: { metadata: { enable_content_trust_cosign: 'true' }, refuses: withoutSignature },
  'enable_content_trust, which nobody has met': { metadata: { enable_content_trust: 'true' }, refuses: states },
  scanned: { condition: { kind: 'scanned' }, refuses: ['unscanned'] },
  vulnerabilities: { condition: { kind: 'vulnerabilities', severity: 'high' }, refuses: ['vulnerable', 'unscanned'] },
  signed: { condition: { kind: 'signed' }, refuses: withoutSignature },
  'signed by one who is named': { condition: { kind: 'signed', signers: ['release'] }, refuses: withoutSignature },
  'signed, of the registry': { condition: { kind: 'signed' }, ofRegistry: true, refuses: withoutSignature },
  'licences, of which nothing is known': { condition: { kind: 'licences', denied: ['MIT'] }, refuses: states },
  'age, of what is old': { condition: { kind: 'age', max_days: 1 }, refuses: states },
  'age, of what is new enough': { condition: { kind: 'age', max_days: 400 }, refuses: [] },
  'size, of what is too large': { condition: { kind: 'size', max_bytes: 1 }, refuses: states },
}

async function composeTable(open: OpenDatabase) {
  const scene = await composePolicyScene(open)
  const { database, clock, store } = scene
  const signers = new TrustedSigners(scene)
  const { privateKey: release, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
  const authority = issueCertificate({ name: 'authority', extensions: authorityExtensions, days: 500 })
  const [short, revoked] = [
    issueCertificate({ name: 'short', by: authority, days: 60 }),
    issueCertificate({ name: 'revoked', by: authority, days: 500 }),
  ]
  await signers.createSigner(system, scene.projectId, { name: 'release', definition: { kind: 'key', public_key: pem } })
  await signers.createSigner(system, scene.projectId, {
    name: 'ci',
    definition: {
      kind: 'certificate',
      certificates: authority.certificate,
      revocation_lists: issueRevocationList(authority, 500, revoked),
    },
  })

  const signIt = async (
    subject: PushedForTest,
    key: KeyObject,
    signed: Digest = subject.digest,
    certificate?: string,
  ) => {
    const payload = bytes(
      JSON.stringify({
        critical: {
          ...{ identity: { 'docker-reference': '' }, type: 'cosign container image signature' },
          image: { 'docker-manifest-digest': signed },
        },
      }),
    )
    const config = bytes('{}')
    for (const blob of [payload, config]) await scene.pushBlob(app, blob)
    const annotations = {
      'dev.cosignproject.cosign/signature': sign('sha256', payload, key).toString('base64'),
      ...(certificate === undefined ? {} : { 'dev.sigstore.cosign/certificate': certificate }),
    }
    const part = (mediaType: string, content: Uint8Array<ArrayBuffer>) => ({
      ...{ mediaType, digest: digestOf(content), size: content.byteLength },
    })
    const text = {
      ...{ schemaVersion: 2, mediaType: ociManifest },
      config: part('application/vnd.dev.cosign.artifact.sig.v1+json', config),
      layers: [{ ...part('application/vnd.dev.cosign.simplesigning.v1+json', payload), annotations }],
      subject: { mediaType: ociManifest, digest: subject.digest, size: subject.size },
    }
    const body = bytes(JSON.stringify(text))
    const reference = { kind: 'digest' as const, digest: digestOf(body) }
    await scene.push({ reference, tags: [], manifest: parseManifest(body, ociManifest), bytes: body })
  }

  const images = {} as Record<State, PushedForTest>
  for (const state of states) images[state] = await scene.pushOf(state)
  for (const state of states)
    if (state !== 'unscanned') await scene.report(images[state], state === 'vulnerable' ? [critical] : [])
  for (const state of ['clean', 'vulnerable', 'unscanned', 'quarantined'] as const) await signIt(images[state], release)
  await signIt(images['wrongly-signed'], release, images.clean.digest)
  await signIt(images['signed-by-a-stranger'], generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  const byCertificate = async (state: State, { privateKey, certificate }: typeof short) =>
    await signIt(images[state], createPrivateKey(privateKey), images[state].digest, certificate)
  await byCertificate('expired', short)
  await byCertificate('revoked', revoked)
  const index = await scene.pushIndex([images['child-of-a-signed-index']])
  await signIt(index, release)

  const { repositoryId } = await scene.admit(system, 'pull', app)
  const services = { database, clock, store }
  for (const { digest } of [...Object.values(images), index])
    await checkSignatures(services, { repositoryId: repositoryId!, subject: digest })
  clock.advance(30 * day)

  const { id } = await database.read
    .selectFrom('artifact')
    .select('id')
    .where('digest', '=', images.quarantined.digest)
    .executeTakeFirstOrThrow()
  await database.write(async (tx) => {
    const now = clock.now()
    await tx
      .insertInto('quarantine_entry')
      .values({
        ...{ artifact_id: id, project_id: scene.projectId, digest: images.quarantined.digest, review_at: now },
        ...{ pushed_by: 'user:1', username: 'ada', entered_at: now, expires_at: null, announced: 1, awaits: '[]' },
        ...{ released_at: null, released_by: null, reason: null },
      })
      .execute()
  })
  const replicating = new LocalSource(scene as never)
  const doors: typeof scene.doors = {
    ...scene.doors,
    'a HEAD by digest': async (_tag, digest) =>
      await scene.manifests.statManifest(await scene.admit(system, 'pull', app), { kind: 'digest', digest }),
    'a replication to another registry': async (_tag, digest) => await replicating.getManifest(app, digest),
  }
  return { ...scene, images, index, doors, admin: new PolicyAdministration(scene) }
}

type Table = Awaited<ReturnType<typeof composeTable>>

async function putInForce({ database, admin, projectId, set }: Table, policy: Policy): Promise<void> {
  await set({
    prevent_vul: 'false',
    enable_content_trust: 'false',
    enable_content_trust_cosign: 'false',
    ...policy.metadata,
  })
  await database.write(async (tx) => void (await tx.deleteFrom('pull_policy').execute()))
  if (policy.condition === undefined) return
  const definition = policyDefinition.parse({ name: 'ours', mode: 'enforce', condition: policy.condition })
  await admin.createPolicy(system, policy.ofRegistry === true ? undefined : projectId, definition)
}

describeEachDatabase('every door, every policy, everything that may be true of an image', (open) => {
  test('a door refuses what its policy refuses and what is in quarantine, and nothing else', async () => {
    const table = await composeTable(open)
    const wrong: string[] = []
    for (const [name, policy] of Object.entries(policies)) {
      await putInForce(table, policy)
      for (const state of states)
        for (const [door, leave] of Object.entries(table.doors)) {
          const refused = (await refusalOf(leave(state, table.images[state].digest))) !== 'done'
          const expected = state === 'quarantined' || policy.refuses.includes(state)
          if (refused !== expected) wrong.push(`${name}: ${state} is ${refused ? 'refused' : 'given out'} by ${door}`)
        }
    }
    expect(wrong).toEqual([])
    expect(Object.keys(table.doors).length).toBe(7)
  }, 120_000)

  test('an index that is signed is given out, and one that holds what was never scanned is not', async () => {
    const table = await composeTable(open)
    await putInForce(table, policies['signed']!)
    for (const [door, leave] of Object.entries(table.doors))
      expect([door, await refusalOf(leave('index', table.index.digest))]).toEqual([door, 'done'])
    const mixed = await table.pushIndex([table.images.clean, table.images.unscanned])
    await putInForce(table, policies['prevent_vul']!)
    for (const [door, leave] of Object.entries(table.doors))
      expect([door, await refusalOf(leave('index', mixed.digest))]).toEqual([door, expect.not.stringMatching(/^done$/)])
  })

  test('whatever a policy refuses is looked at, and what says something of it is given out', async () => {
    const table = await composeTable(open)
    const admission = await table.admit(system, 'pull', app)
    const signatures = await table.database.read
      .selectFrom('artifact')
      .select('digest')
      .where('subject_digest', 'is not', null)
      .execute()
    for (const policy of Object.values(policies)) {
      await putInForce(table, policy)
      for (const { digest } of Object.values(table.images))
        await table.read('read-artifact', { kind: 'digest', digest })
      for (const { digest } of signatures)
        await table.manifests.getManifest(admission, { kind: 'digest', digest: digest as Digest })
    }
    expect(signatures.length).toBeGreaterThan(8)
  })

  test('where what a policy needs cannot be read, every door refuses', async () => {
    const table = await composeTable(open)
    await putInForce(table, policies['signed']!)
    await table.database.write(async (tx) => void (await tx.schema.dropTable('signature_verdict').execute()))
    for (const [door, leave] of Object.entries(table.doors))
      expect([
        door,
        await leave('clean', table.images.clean.digest).then(
          () => 'given out',
          () => 'refused',
        ),
      ]).toEqual([door, 'refused'])
  })
})
