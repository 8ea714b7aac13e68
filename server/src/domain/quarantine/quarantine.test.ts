import { expect, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import type { TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { app } from '#server-test/artifact-scene.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import {
  composePolicyScene,
  layer,
  refusalOf,
  type FoundForTest,
  type PushedForTest,
} from '#server-test/policy-scene.ts'
import { createProject, system } from '#server-test/registry-for-test.ts'
import { Users } from '../access/accounts/users.ts'
import { anonymous, type Actor } from '../access/actor.ts'
import type { Passwords } from '../access/credentials/passwords.ts'
import type { RoleName } from '../access/roles/permissions.ts'
import { copyArtifact } from '../artifacts/copy.ts'
import { pushManifest } from '../artifacts/push.ts'
import { Members } from '../projects/members.ts'
import { PolicyAdministration } from '../pull-policies/policy-admin.ts'
import { policyDefinition } from '../pull-policies/policy-definition.ts'
import { endQuarantine } from './end-quarantine.ts'
import { quarantinePushed, reviewChanged, reviewScanned } from './follow-quarantine.ts'
import { pageHeld } from './held-artifacts.ts'
import { findQuarantineConcerns } from './quarantine-concerns.ts'
import { releaseHeld } from './release-held.ts'
import { isReviewDue, reviewAll, reviewQuarantine } from './review-quarantine.ts'

const day = 24 * 60 * 60_000
const critical: FoundForTest = { id: 'CVE-2026-1', severity: 'Critical' }
const waiting = /^library\/app@sha256:[0-9a-f]{64} is in quarantine until policies let it pass: /

async function composeScene(open: OpenDatabase, metadata: Readonly<Record<string, string>> = {}) {
  const reactions = [quarantinePushed, reviewScanned, reviewChanged]
  const scene = await composePolicyScene(open, { reactions, trashWindowMs: day })
  const { database, clock, events } = scene
  const policies = new PolicyAdministration(scene)
  await scene.set({ quarantine: 'true', ...metadata })
  const condition = { kind: 'vulnerabilities', severity: 'high' } as const
  await policies.createPolicy(
    system,
    scene.projectId,
    policyDefinition.parse({ name: 'ours', mode: 'enforce', condition }),
  )
  const pull = async ({ digest }: PushedForTest, actor: Actor = system) =>
    await refusalOf(scene.read('pull', { kind: 'digest', digest }, actor))
  const held = async () => (await pageHeld(database.read, undefined, { limit: 100, offset: 0 })).rows
  const review = async () => {
    while (await isReviewDue(database, clock.now())) await reviewQuarantine({ database, clock, events }, 50)
  }
  const told = async () => {
    const rows = await database.read.selectFrom('event').select(['type', 'username']).orderBy('id').execute()
    return rows.filter(({ type }) => /quarantine_artifact|release_artifact/.test(type))
  }
  return { ...scene, policies, pull, held, review, told }
}

type Scene = Awaited<ReturnType<typeof composeScene>>

async function addPerson({ database, clock, events }: Scene, username: string, role?: RoleName): Promise<Actor> {
  const passwords = { hash: async () => 'no hash' } as unknown as Passwords
  const users = new Users({ database, clock, events, passwords })
  const { id } = await users.createUser(system, { username, password: 'Correct-Horse-1' })
  const members = new Members({ database, clock, events })
  if (role !== undefined) await members.addMember(system, 'library', username, role)
  return { kind: 'user', id, username, admin: false }
}

const robotWith = (id: number, projectId: number, permissions: readonly string[]): Actor => ({
  ...{ kind: 'robot', id, username: `robot$${id}` },
  rights: {
    system: new Set(),
    everyProject: new Set(),
    projects: new Map([[projectId, new Set(permissions)]]),
  } as never,
})

describeEachDatabase('quarantine', (open) => {
  test('who may pull what is held: those with the right, robots that scan, whoever pushed; and who may when it is released', async () => {
    const scene = await composeScene(open)
    const { projectId } = scene
    const person = async (role: RoleName) => await addPerson(scene, role.toLowerCase(), role)
    const pusher = await person('developer')
    const actors: Readonly<Record<string, readonly [Actor, boolean]>> = {
      pusher: [pusher, true],
      'another developer': [await addPerson(scene, 'other', 'developer'), false],
      maintainer: [await person('maintainer'), true],
      'project admin': [await person('projectAdmin'), true],
      guest: [await person('guest'), false],
      'limited guest': [await person('limitedGuest'), false],
      stranger: [await addPerson(scene, 'stranger'), false],
      nobody: [anonymous, false],
      administrator: [{ kind: 'user', id: 1_000, username: 'root', admin: true }, true],
      'robot that pulls': [robotWith(1, projectId, ['repository:pull']), false],
      'robot that scans': [robotWith(2, projectId, ['repository:pull', 'repository:scanner-pull']), true],
      'robot with the right': [robotWith(3, projectId, ['repository:pull', 'quarantine:pull']), true],
      'robot of another project': [robotWith(4, projectId + 1, ['repository:pull', 'quarantine:pull']), false],
      'the program itself': [system, false],
    }
    const it = await scene.pushOf('it')
    await scene.database.write(
      async (tx) =>
        void (await tx
          .updateTable('quarantine_entry')
          .set({ pushed_by: `user:${(pusher as { id: number }).id}` })
          .execute()),
    )
    for (const [name, [actor, may]] of Object.entries(actors)) {
      const answer = await scene.pull(it, actor)
      expect([name, answer === 'done']).toEqual([name, may])
      if (!may) expect(answer).toMatch(waiting)
    }
    await scene.report(it)
    await scene.review()
    for (const [name, [actor]] of Object.entries(actors))
      expect([name, await scene.pull(it, actor)]).toEqual([name, 'done'])
  })

  test('nobody copies out what is held, whatever they may pull', async () => {
    const scene = await composeScene(open)
    await createProject(scene.database, 'elsewhere', scene.clock)
    const root: Actor = { kind: 'user', id: 1_000, username: 'root', admin: true }
    const { digest } = await scene.pushOf('it')
    const target = await scene.admit(system, 'copy', 'elsewhere/app' as RepositoryName)
    const source = await scene.admit(root, 'copy-from', app)
    expect(await refusalOf(copyArtifact(scene, source, target, { kind: 'digest', digest }))).toMatch(waiting)
    for (const [door, leave] of Object.entries(scene.doors))
      expect([door, await refusalOf(leave('it', digest))]).toEqual([door, expect.stringMatching(waiting)])
  })

  test('an artifact is released when its scan lets it pass, and stays held when it does not', async () => {
    const scene = await composeScene(open)
    const [clean, bad] = [await scene.pushOf('clean'), await scene.pushOf('bad')]
    await scene.review()
    expect((await scene.held()).map(({ tags, awaits }) => [tags[0], awaits[0]?.cause])).toEqual([
      ['clean', 'unscanned'],
      ['bad', 'unscanned'],
    ])
    await scene.report(clean)
    await scene.report(bad, [critical])
    await scene.review()
    expect((await scene.held()).map(({ tags, awaits }) => [tags[0], awaits[0]?.cause])).toEqual([['bad', 'vulnerable']])
    expect([await scene.pull(clean), await scene.pull(bad)]).toEqual(['done', expect.stringMatching(waiting)])
    expect(await scene.told()).toEqual([
      { type: 'quarantine_artifact', username: 'quarantine' },
      { type: 'quarantine_artifact', username: 'quarantine' },
      { type: 'release_artifact', username: 'quarantine' },
    ])
    const exemption = { policy: 'ours', repositories: '**', vulnerability: 'CVE-2026-1', reason: 'soon' }
    await scene.policies.createExemption(system, scene.projectId, { ...exemption, expiresAt: scene.clock.now() + day })
    await scene.review()
    expect([await scene.held(), await scene.pull(bad)]).toEqual([[], 'done'])
  })

  test('what passes at once is never held, nor are signatures, nor anything where no policy refuses', async () => {
    const scene = await composeScene(open)
    await scene.pushOf(
      'chart',
      ['application/vnd.cncf.helm.chart.content.v1.tar+gzip'],
      'application/vnd.cncf.helm.config.v1+json',
    )
    await scene.pushOf('signature', ['application/vnd.dev.cosign.simplesigning.v1+json'])
    expect(await scene.held()).toEqual([])
    const [{ id } = { id: 0 }] = await scene.policies.listPolicies(system, scene.projectId)
    const condition = { kind: 'scanned' as const }
    const warns = policyDefinition.parse({ name: 'ours', mode: 'warn', condition })
    await scene.policies.updatePolicy(system, scene.projectId, id, warns)
    await scene.pushOf('warned', [layer])
    expect(await scene.held()).toEqual([])
  })

  test('an index is given out when all of its images are', async () => {
    const scene = await composeScene(open)
    const [one, two] = [await scene.pushOf('one'), await scene.pushOf('two')]
    const index = await scene.pushIndex([one, two])
    await scene.report(one)
    await scene.review()
    expect([await scene.pull(one), await scene.pull(two), await scene.pull(index)]).toEqual([
      'done',
      expect.stringMatching(waiting),
      expect.stringMatching(waiting),
    ])
    await scene.report(two)
    await scene.review()
    expect([await scene.held(), await scene.pull(index)]).toEqual([[], 'done'])
  })

  test('a tag moves to what is held, and is refused until then; the digest that it left is pulled on', async () => {
    const scene = await composeScene(open)
    const before = await scene.pushOf('v1')
    await scene.report(before)
    await scene.review()
    const after = await scene.pushOf('v1', [layer, layer])
    const byTag = async () => await refusalOf(scene.read('pull', { kind: 'tag', tag: 'v1' as TagName }))
    expect([await byTag(), await scene.pull(before)]).toEqual([expect.stringMatching(waiting), 'done'])
    await scene.report(after)
    await scene.review()
    expect(await byTag()).toBe('done')
  })

  test('what was released does not enter again when it is pushed again', async () => {
    const scene = await composeScene(open)
    const it = await scene.pushOf('it')
    await scene.report(it)
    await scene.review()
    await scene.report(it, [critical])
    await scene.pushOf('it')
    expect(await scene.held()).toEqual([])
    // The policies hold on.
    expect(await scene.pull(it)).not.toMatch(waiting)
  })

  test('what is released by hand is exempt from what held it, by somebody who may exempt, and told', async () => {
    const scene = await composeScene(open)
    const ofRegistry = policyDefinition.parse({ name: 'all', mode: 'enforce', condition: { kind: 'scanned' } })
    await scene.policies.createPolicy(system, undefined, ofRegistry)
    const it = await scene.pushOf('it')
    const maintainer = await addPerson(scene, 'maintainer', 'maintainer')
    const admin = await addPerson(scene, 'boss', 'projectAdmin')
    const [{ artifactId } = { artifactId: 0 }] = await scene.held()
    const by = (actor: Actor) =>
      releaseHeld(
        scene,
        actor,
        { projectId: scene.projectId, artifactId },
        { reason: 'seen', expiresAt: scene.clock.now() + day },
      )
    expect([await scene.codeOf(by(maintainer)), await scene.codeOf(by(admin))]).toEqual(['FORBIDDEN', 'FORBIDDEN'])
    expect((await scene.held()).length).toBe(1)
    expect(await scene.policies.listExemptions(system, scene.projectId)).toEqual([])
    const root: Actor = { kind: 'open' }
    expect(await scene.codeOf(by(root))).toBe('done')
    expect([await scene.held(), await scene.pull(it)]).toEqual([[], 'done'])
    expect((await scene.told()).at(-1)).toEqual({ type: 'release_artifact', username: 'open' })
    expect(await scene.codeOf(by(root))).toBe('MANIFEST_UNKNOWN')
    scene.clock.advance(2 * day)
    expect(await scene.pull(it)).not.toBe('done')
  })

  test('what lay there for too long is deleted into the trash where the project wants that, else it stays held', async () => {
    for (const end of ['hold', 'delete']) {
      const scene = await composeScene(open, { quarantine_days: '2', quarantine_end: end })
      const it = await scene.pushOf('it')
      scene.clock.advance(2 * day - 1)
      await endQuarantine(scene, 10)
      expect((await scene.held()).length).toBe(1)
      scene.clock.advance(1)
      await endQuarantine(scene, 10)
      const trash = await scene.database.read.selectFrom('trash_entry').select('digest').execute()
      expect([end, (await scene.held()).length, trash.map(({ digest }) => digest as Digest)]).toEqual(
        end === 'hold' ? [end, 1, []] : [end, 0, [it.digest]],
      )
    }
  })

  test('what has been held for more than three days is told of, until it is released', async () => {
    const scene = await composeScene(open)
    const it = await scene.pushOf('it')
    const told = async () => await findQuarantineConcerns(scene.database.read, scene.clock.now())
    scene.clock.advance(3 * day)
    expect(await told()).toEqual([])
    scene.clock.advance(1)
    expect(await told()).toEqual([{ kind: 'quarantine-waiting', severity: 'warning', count: 1 }])
    await scene.report(it)
    await scene.review()
    expect(await told()).toEqual([])
  })

  test('two workers that review at once release once', async () => {
    const scene = await composeScene(open)
    const it = await scene.pushOf('it')
    await scene.review()
    await scene.report(it)
    await Promise.all([reviewQuarantine(scene, 10), reviewQuarantine(scene, 10), reviewQuarantine(scene, 10)])
    expect((await scene.told()).filter(({ type }) => type === 'release_artifact').length).toBe(1)
  })

  test('a project that switches its quarantine off lets go what it holds', async () => {
    const scene = await composeScene(open)
    const it = await scene.pushOf('it')
    await scene.set({ quarantine: 'false' })
    await reviewAll(scene, scene.projectId)
    await scene.review()
    expect(await scene.held()).toEqual([])
    expect(await scene.pull(it)).not.toMatch(waiting)
  })

  test('a push that fails holds nothing, and one that is there is held: both are one transaction', async () => {
    const scene = await composeScene(open)
    const failing = { ...scene.events, record: async () => Promise.reject(new Error('killed')) } as never
    const image = await scene.pushOf('v0')
    const { manifest, bytes } = await manifestOf(scene, image.digest)
    const changed = new TextEncoder().encode(`${new TextDecoder().decode(bytes)} `)
    const push = { reference: { kind: 'tag' as const, tag: 'v1' as TagName }, tags: [], manifest, bytes: changed }
    const admission = await scene.admit(system, 'push', app)
    expect(await pushManifest({ ...scene, events: failing }, admission, push).catch(() => 'failed')).toBe('failed')
    expect((await scene.held()).map(({ tags }) => tags[0])).toEqual(['v0'])
    expect((await scene.tags()).map(({ name }) => name)).toEqual(['v0'])
  })
})

async function manifestOf(scene: Scene, digest: Digest) {
  const { bytes, media_type: type } = await scene.database.read
    .selectFrom('artifact')
    .innerJoin('artifact_payload', 'artifact_payload.artifact_id', 'artifact.id')
    .select(['bytes', 'media_type'])
    .where('digest', '=', digest)
    .executeTakeFirstOrThrow()
  return { manifest: parseManifest(bytes, type), bytes }
}
