import { expect, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import type { TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, createProject, digestOf, imageOf, system } from '#server-test/registry-for-test.ts'
import { composeMemoryBlobStore } from '../../storage/memory.ts'
import type { Passwords } from '../access/credentials/passwords.ts'
import { Users } from '../access/accounts/users.ts'
import type { Actor } from '../access/actor.ts'
import type { RoleName } from '../access/roles/permissions.ts'
import { copyArtifact } from '../artifacts/copy.ts'
import { deleteManifest, deleteRepository, untag } from '../artifacts/delete.ts'
import { pushManifest } from '../artifacts/push.ts'
import { restoreEntry } from '../artifacts/restore.ts'
import { createTag } from '../artifacts/tags.ts'
import { DomainError } from '../errors.ts'
import { Members } from '../projects/members.ts'
import { ProtectedTagRules, type ProtectedTagFields } from './protected-tags.ts'

const app = 'library/app' as RepositoryName
const bytes = (text: string) => new TextEncoder().encode(text)
const [config, older, newer] = [bytes('config'), bytes('older'), bytes('newer')]
const prod = 'prod' as TagName

async function openScene(open: OpenDatabase) {
  const registry = await composeRegistryForTest(await open(), composeMemoryBlobStore(), { trashWindowMs: 3_600_000 })
  const { database, clock, admit, events } = registry
  await createProject(database, 'other', clock)
  const passwords = { hash: async () => 'no hash' } as unknown as Passwords
  const users = new Users({ database, clock, events, passwords })
  const members = new Members({ database, clock, events })
  const person = async (username: string, role: RoleName): Promise<Actor> => {
    const { id } = await users.createUser(system, { username, password: 'Correct-Horse-1' })
    for (const project of ['library', 'other']) await members.addMember(system, project, username, role)
    return { kind: 'user', id, username, admin: false }
  }
  const rules = new ProtectedTagRules({ database, clock, events, robotPrefix: async () => 'robot$' })
  const projectId = (await admit(system, 'pull', app)).projectId
  const protect = async (fields: Partial<ProtectedTagFields> = {}) =>
    await rules.createRule(system, projectId, { repositories: '**', tags: 'prod', users: [], robots: [], ...fields })
  const gone = await registry.pushImage(app, 'prod', [config, bytes('gone')])
  await deleteManifest(registry, await admit(system, 'delete', app), gone)
  const trashed = await database.read.selectFrom('trash_entry').select('id').executeTakeFirstOrThrow()
  const digest = await registry.pushImage(app, 'prod', [config, older])
  const candidate = await registry.pushImage(app, 'candidate', [config, newer])
  await registry.pushImage('other/app', 'prod', [config, bytes('theirs')])
  const tags = async () =>
    await database.read
      .selectFrom('tag')
      .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
      .innerJoin('repository', 'repository.id', 'tag.repository_id')
      .select(['repository.name as repository', 'tag.name', 'artifact.digest'])
      .orderBy('repository.name')
      .orderBy('tag.name')
      .execute()
  return { ...registry, person, rules, protect, projectId, members, trashed: trashed.id, digest, candidate, tags }
}

type Scene = Awaited<ReturnType<typeof openScene>>

const newest = imageOf('prod', [digestOf(config), digestOf(newer)], [config, newer])
const small = imageOf('prod', [digestOf(config)], [config])
const idOf = async ({ database }: Scene, digest: Digest) =>
  (await database.read.selectFrom('artifact').select('id').where('digest', '=', digest).executeTakeFirstOrThrow()).id

/** Every way in which `prod` of the repository begins to name another artifact, or none. */
const doors: Readonly<Record<string, (scene: Scene, actor: Actor) => Promise<unknown>>> = {
  'a push over it': async (scene, actor) => await pushManifest(scene, await scene.admit(actor, 'push', app), newest),
  'a push by digest with ?tag=': async (scene, actor) =>
    await pushManifest(scene, await scene.admit(actor, 'push', app), {
      ...newest,
      ...{ reference: { kind: 'digest', digest: digestOf(newest.bytes) } as const, tags: [prod] },
    }),
  'a copy over it': async (scene, actor) =>
    await copyArtifact(
      scene,
      await scene.admit(actor, 'copy-from', 'other/app' as RepositoryName),
      await scene.admit(actor, 'copy', app),
      { kind: 'tag', tag: prod },
    ),
  'a restore over it': async (scene, actor) =>
    await restoreEntry(scene, await scene.admit(actor, 'push', app), scene.trashed, { overwrite: true }),
  'removing the tag': async (scene, actor) => await untag(scene, await scene.admit(actor, 'untag', app), prod),
  'deleting the artifact': async (scene, actor) =>
    await deleteManifest(scene, await scene.admit(actor, 'delete', app), scene.digest),
  'deleting the repository': async (scene, actor) =>
    await deleteRepository(scene, await scene.admit(actor, 'delete-repository', app)),
  'naming an artifact that nothing was named so before': async (scene, actor) => {
    await scene.protect({ tags: 'next' })
    const named = { id: await idOf(scene, scene.candidate), digest: scene.candidate }
    await createTag(scene, await scene.admit(actor, 'tag', app), named, 'next' as TagName)
  },
  'a first push of it': async (scene, actor) => {
    const name = 'library/new' as RepositoryName
    await scene.pushBlob(name, config)
    await pushManifest(scene, await scene.admit(actor, 'push', name), small)
  },
}

const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => 'done',
    (error: unknown) => {
      if (!(error instanceof DomainError)) throw error
      return error.reason ?? error.code
    },
  )

describeEachDatabase('protected tags', (open) => {
  test.each(Object.entries(doors))('%s is for those whom the rule names, and for nobody else', async (_, run) => {
    const outcomes: Record<string, unknown> = {}
    const actors: Readonly<Record<string, (scene: Scene) => Promise<Actor>>> = {
      maintainer: async (scene) => await scene.person('maintainer', 'maintainer'),
      'project admin': async (scene) => await scene.person('boss', 'projectAdmin'),
      'system administrator': async () => ({ kind: 'open' }),
      'the program, for replication, import and retention': async () => system,
      signer: async (scene) => await scene.person('signer', 'maintainer'),
    }
    for (const [name, find] of Object.entries(actors)) {
      const scene = await openScene(open)
      const actor = await find(scene)
      if (name !== 'signer') await scene.person('signer', 'maintainer')
      await scene.protect({ users: ['signer'] })
      const before = await scene.tags()
      // Rules that a door adds name nobody: the signer needs the permission there.
      const scope = {
        ...scene,
        protect: async (fields: object) => await scene.protect({ users: ['signer'], ...fields }),
      }
      outcomes[name] = await codeOf(run(scope as Scene, actor))
      if (outcomes[name] !== 'done') expect(await scene.tags()).toEqual(before)
    }
    expect(outcomes).toEqual({
      maintainer: 'TAG_PROTECTED',
      'project admin': 'TAG_PROTECTED',
      'system administrator': 'TAG_PROTECTED',
      'the program, for replication, import and retention': 'TAG_PROTECTED',
      signer: 'done',
    })
  })

  test('without a name, those with the permission move them, as it is in the transaction', async () => {
    const scene = await openScene(open)
    const [boss, maintainer] = [await scene.person('boss', 'projectAdmin'), await scene.person('m', 'maintainer')]
    await scene.protect()
    const push = async (actor: Actor) =>
      await codeOf(scene.admit(actor, 'push', app).then((admission) => pushManifest(scene, admission, newest)))
    expect([await push(maintainer), await push(system)]).toEqual(['TAG_PROTECTED', 'TAG_PROTECTED'])
    expect(await push(boss)).toBe('done')
    const admission = await scene.admit(boss, 'untag', app)
    await scene.members.removeMember(system, 'library', 'boss')
    await scene.members.addMember(system, 'library', 'boss', 'maintainer')
    expect(await codeOf(untag(scene, admission, prod))).toBe('TAG_PROTECTED')
  })

  test('other tags and other repositories are open, and a push of what the tag names already moves nothing', async () => {
    const scene = await openScene(open)
    await scene.protect({ repositories: 'app' })
    const maintainer = await scene.person('m', 'maintainer')
    const same = imageOf('prod', [digestOf(config), digestOf(older)], [config, older])
    const push = async (name: RepositoryName, content: typeof same) =>
      await codeOf(scene.admit(maintainer, 'push', name).then((admission) => pushManifest(scene, admission, content)))
    expect(await push(app, { ...newest, reference: { kind: 'tag', tag: 'dev' as TagName } })).toBe('done')
    const tools = 'library/tools' as RepositoryName
    await scene.pushBlob(tools, config)
    expect(await push(tools, small)).toBe('done')
    expect(await push(app, same)).toBe('done')
  })

  test('every rule that is about a tag must let pass', async () => {
    const scene = await openScene(open)
    const [one, both] = [await scene.person('one', 'maintainer'), await scene.person('both', 'maintainer')]
    await scene.protect({ users: ['one', 'both'] })
    await scene.protect({ tags: 'p*', users: ['both'] })
    const push = async (actor: Actor) =>
      await codeOf(scene.admit(actor, 'push', app).then((admission) => pushManifest(scene, admission, newest)))
    expect([await push(one), await push(both)]).toEqual(['TAG_PROTECTED', 'done'])
  })

  test('a rule names accounts that there are, and is told of with its change', async () => {
    const scene = await openScene(open)
    expect(await codeOf(scene.protect({ users: ['nobody'] }))).toBe('BAD_REQUEST')
    expect(await codeOf(scene.protect({ robots: ['robot$other+ci'] }))).toBe('BAD_REQUEST')
    expect(await codeOf(scene.protect({ tags: 'no/tag' }))).toBe('BAD_REQUEST')
    const maintainer = await scene.person('m', 'maintainer')
    const fields = { repositories: '**', tags: 'prod', users: ['m'], robots: [] }
    expect(await codeOf(scene.rules.createRule(maintainer, scene.projectId, fields))).toBe('FORBIDDEN')
    const id = await scene.protect({ users: ['m'] })
    expect(await codeOf(scene.protect())).toBe('CONFLICT')
    await scene.rules.updateRule(system, scene.projectId, id, { ...fields, tags: 'v*' })
    await scene.rules.deleteRule(system, scene.projectId, id)
    expect(await codeOf(scene.rules.deleteRule(system, scene.projectId, id))).toBe('RULE_UNKNOWN')
    const told = await scene.database.read.selectFrom('event').select('type').orderBy('id').execute()
    expect(told.map(({ type }) => type).filter((type) => type.endsWith('protected_tag'))).toEqual([
      'create_protected_tag',
      'update_protected_tag',
      'delete_protected_tag',
    ])
  })
})
