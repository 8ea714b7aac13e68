import { expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Selectable } from 'kysely'
import type { Digest } from '#contract/digest.ts'
import type { TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import {
  composeRegistryForTest,
  createProject,
  digestOf,
  imageOf,
  leaseMs,
  system,
  type RegistryForTest,
} from '#server-test/registry-for-test.ts'
import type { QuarantineEntryTable } from '../../database/schema/quarantine.ts'
import { composeMemoryBlobStore } from '../../storage/memory.ts'
import type { Passwords } from '../access/credentials/passwords.ts'
import { findAccount } from '../access/accounts/accounts.ts'
import { Users } from '../access/accounts/users.ts'
import type { Actor } from '../access/actor.ts'
import type { Admission, Operation } from '../access/admission.ts'
import { copyArtifact } from '../artifacts/copy.ts'
import { deleteManifest, deleteRepository, untag } from '../artifacts/delete.ts'
import { pushManifest } from '../artifacts/push.ts'
import { restoreEntry, restoreRepository } from '../artifacts/restore.ts'
import { createTag } from '../artifacts/tags.ts'
import { Adoptions, type AdoptionsOptions } from '../content/adoptions.ts'
import { DomainError } from '../errors.ts'
import { Members } from '../projects/members.ts'
import type { Candidate } from '../retention/evaluation.ts'
import { rejectHeld } from '../quarantine/reject-held.ts'
import { removeArtifact, removeTag } from '../retention/remove.ts'
import { emptyTrash } from '../trash/trash.ts'
import { gates, type Gate } from './gates.ts'

const app = 'library/app' as RepositoryName
const bytes = (text: string) => new TextEncoder().encode(text)
const contents = [bytes('config'), bytes('layer')]
const digests = contents.map(digestOf)
const v1 = 'v1' as TagName

interface Scene extends RegistryForTest {
  readonly actor: Actor
  readonly adoptions: Adoptions
  /** The artifact that is `v1` of the repository, and in the trash of it another one that was `v1` before. */
  readonly artifact: Candidate
  readonly trashed: number
  as<Allowed extends Operation>(operation: Allowed, name?: RepositoryName): Promise<Admission<Allowed>>
  /** Everything that a verb could have changed for readers. */
  rows(): Promise<Readonly<Record<string, unknown>>>
  /** Sessions of uploads, which a refusal may end. */
  sessions(): Promise<unknown>
  revoke(): Promise<void>
  deleteAccount(): Promise<void>
}

async function openScene(open: OpenDatabase): Promise<Scene> {
  const registry = await composeRegistryForTest(await open(), composeMemoryBlobStore(), { trashWindowMs: 3_600_000 })
  const { database, clock, admit, events } = registry
  await createProject(database, 'other', clock, false)
  await database.write(async (tx) => void (await tx.updateTable('project').set({ public: 0 }).execute()))
  // Nobody signs in here, so nothing is hashed.
  const passwords = { hash: async () => 'no hash' } as unknown as Passwords
  const users = new Users({ database, clock, events, passwords })
  const { id } = await users.createUser(system, { username: 'ada', password: 'Correct-Horse-1' })
  const { version } = (await findAccount(database.read, id))!
  const members = new Members({ database, clock, events })
  for (const project of ['library', 'other']) await members.addMember(system, project, 'ada', 'projectAdmin')
  const actor: Actor = { kind: 'user', id, username: 'ada', admin: false, version }
  const before = await registry.pushImage(app, 'v1', [bytes('config'), bytes('older')])
  await deleteManifest(registry, await admit(system, 'delete', app), before)
  await registry.pushImage(app, 'v1', contents)
  const fake = { prepareAdoption: () => ({ location: 'blobs/fake', carryOut: async () => true }) }
  const store = fake as unknown as AdoptionsOptions['store']
  return {
    ...registry,
    actor,
    adoptions: new Adoptions({ database, store, clock, events, newId: randomUUID, leaseMs }),
    artifact: await candidateOf(registry),
    trashed: (await database.read.selectFrom('trash_entry').select('id').executeTakeFirstOrThrow()).id,
    as: async (operation, name = app) => await admit(actor, operation, name),
    rows: async () => ({
      tags: await database.read.selectFrom('tag').selectAll().orderBy('id').execute(),
      artifacts: await database.read.selectFrom('artifact').select(['id', 'digest', 'pushed_at']).execute(),
      links: await database.read.selectFrom('repository_blob').select(['repository_id', 'digest']).execute(),
      trash: await database.read.selectFrom('trash_entry').select('id').execute(),
      moves: await database.read.selectFrom('tag_move').select('id').execute(),
      usage: await database.read.selectFrom('project_usage').selectAll().execute(),
    }),
    sessions: async () => await database.read.selectFrom('upload').select(['id', 'offset']).execute(),
    revoke: async () => {
      for (const project of ['library', 'other']) await members.removeMember(system, project, 'ada')
    },
    deleteAccount: async () => await users.deleteUser(system, 'ada'),
  }
}

async function candidateOf({ database }: RegistryForTest): Promise<Candidate> {
  const tag = await database.read.selectFrom('tag').selectAll().executeTakeFirstOrThrow()
  const { digest, pushed_at: pushedAt } = await database.read
    .selectFrom('artifact')
    .select(['digest', 'pushed_at'])
    .where('id', '=', tag.artifact_id)
    .executeTakeFirstOrThrow()
  const tags = [{ id: tag.id, name: tag.name, pushedAt: tag.pushed_at, pulledAt: undefined }]
  return { artifactId: tag.artifact_id, digest: digest as Digest, pushedAt, pulledAt: undefined, tags }
}

/** `between` comes after the door and before the verb, as a body does. */
type Verb = (scene: Scene, between: () => Promise<unknown>) => Promise<unknown>

interface Door {
  /** Functions and methods of the domain that this covers. */
  readonly verbs: readonly string[]
  /** The lists that concern it besides the door's own. */
  readonly passes: readonly ('content' | 'tag')[]
  /** It mounts in transactions of their own before it names: a refusal then leaves links, under their lease. */
  readonly leavesLinks?: true
  readonly run: Verb
}

const push = imageOf('v1', [digests[0]!], [contents[0]!])
const byDigest = { ...push, reference: { kind: 'digest', digest: digestOf(push.bytes) } as const }

/** Everything that stores, names or removes. What reads is in `readers`. */
const doors: Readonly<Record<string, Door>> = {
  'a push of a tag': {
    verbs: ['pushManifest', 'bringArtifact', 'storeArtifact', 'nameArtifact'],
    passes: ['content', 'tag'],
    run: async (scene, between) => {
      const admission = await scene.as('push')
      await between()
      await pushManifest(scene, admission, push)
    },
  },
  'a fill, which the registry itself makes': {
    verbs: [],
    passes: ['content', 'tag'],
    run: async (scene, between) => {
      const admission = await scene.as('fill')
      await between()
      await pushManifest(scene, admission, push)
    },
  },
  'a push by digest with ?tag=': {
    verbs: [],
    passes: ['content', 'tag'],
    run: async (scene, between) => {
      const admission = await scene.as('push')
      await between()
      await pushManifest(scene, admission, { ...byDigest, tags: [v1] })
    },
  },
  'one more tag': {
    verbs: ['createTag'],
    passes: ['content', 'tag'],
    run: async (scene, between) => {
      const admission = await scene.as('tag')
      await between()
      const { artifactId: id, digest } = scene.artifact
      await createTag(scene, admission, { id, digest }, 'v2' as TagName)
    },
  },
  'beginning an upload': {
    verbs: ['createUpload'],
    passes: [],
    run: async (scene, between) => {
      const admission = await scene.as('push')
      await between()
      await scene.uploads.createUpload(admission)
    },
  },
  'a chunk': {
    verbs: ['appendToUpload'],
    passes: [],
    run: async (scene, between) => {
      const admission = await scene.as('push')
      const { id } = await scene.uploads.createUpload(admission)
      await scene.uploads.appendToUpload(admission, id, afterwards(between, bytes('chunk')))
    },
  },
  'the last chunk': {
    verbs: ['finishUpload'],
    passes: ['content'],
    run: async (scene, between) => {
      const admission = await scene.as('push')
      const { id } = await scene.uploads.createUpload(admission)
      const last = { bytes: afterwards(between, bytes('new blob')) }
      await scene.uploads.finishUpload(admission, id, digestOf(bytes('new blob')), last)
    },
  },
  'a whole blob in one request': {
    verbs: ['uploadAtOnce'],
    passes: ['content'],
    run: async (scene, between) => {
      const content = bytes('another blob')
      const admission = await scene.as('push')
      await scene.uploads.uploadAtOnce(admission, digestOf(content), afterwards(between, content))
    },
  },
  'a mount': {
    verbs: ['mountBlob'],
    passes: ['content'],
    run: async (scene, between) => {
      const [source, target] = [await scene.as('pull'), await scene.as('push', 'other/app' as RepositoryName)]
      await between()
      await scene.uploads.mountBlob(target, digests[0]!, source)
    },
  },
  'an import that links what is here': {
    verbs: ['linkKnown'],
    passes: ['content'],
    run: async (scene, between) => {
      const admission = await scene.as('push', 'library/imported' as RepositoryName)
      await between()
      await scene.adoptions.linkKnown(admission, { digest: digests[0]!, size: contents[0]!.byteLength })
    },
  },
  'an import that takes bytes over where they are': {
    verbs: ['adopt', 'take'],
    passes: ['content'],
    run: async (scene, between) => {
      const admission = await scene.as('push', 'library/imported' as RepositoryName)
      await between()
      const blob = { digest: digestOf(bytes('elsewhere')), size: 9 }
      await scene.adoptions.adopt(admission, blob, { kind: 'file', path: '/nowhere' }, true)
    },
  },
  'a copy': {
    verbs: ['copyArtifact'],
    passes: ['content', 'tag'],
    leavesLinks: true,
    run: async (scene, between) => {
      const [source, target] = [await scene.as('copy-from'), await scene.as('copy', 'other/app' as RepositoryName)]
      await between()
      await copyArtifact(scene, source, target, { kind: 'tag', tag: v1 })
    },
  },
  'a copy over a tag': {
    verbs: [],
    passes: ['tag'],
    leavesLinks: true,
    run: async (scene, between) => {
      await scene.pushImage('other/app', 'v1', [bytes('other config')])
      const [source, target] = [await scene.as('copy-from', 'other/app' as RepositoryName), await scene.as('copy')]
      await between()
      await copyArtifact(scene, source, target, { kind: 'tag', tag: v1 })
    },
  },
  'a restore over a tag': {
    verbs: ['restoreEntry'],
    passes: ['content', 'tag'],
    run: async (scene, between) => {
      const admission = await scene.as('push')
      await between()
      await restoreEntry(scene, admission, scene.trashed, { overwrite: true })
    },
  },
  'a restore of a tag': {
    verbs: [],
    passes: ['content', 'tag'],
    run: async (scene, between) => {
      await untag(scene, await scene.admit(system, 'delete', app), v1)
      const newest = scene.database.read.selectFrom('trash_entry').select('id').orderBy('id', 'desc')
      const { id } = await newest.executeTakeFirstOrThrow()
      const admission = await scene.as('push')
      await between()
      await restoreEntry(scene, admission, id, { overwrite: false })
    },
  },
  'a restore of a repository': {
    verbs: ['restoreRepository'],
    passes: ['content', 'tag'],
    run: async (scene, between) => {
      const admission = await scene.as('push')
      await between()
      await restoreRepository(scene, admission, { overwrite: true, max: 10 })
    },
  },
  'a delete by digest': {
    verbs: ['deleteManifest', 'deleteManifestWithin'],
    passes: ['tag'],
    run: async (scene, between) => {
      const admission = await scene.as('delete')
      await between()
      await deleteManifest(scene, admission, scene.artifact.digest)
    },
  },
  'a delete of a tag': {
    verbs: ['untag', 'untagWithin'],
    passes: ['tag'],
    run: async (scene, between) => {
      const admission = await scene.as('untag')
      await between()
      await untag(scene, admission, v1)
    },
  },
  'a delete of a repository': {
    verbs: ['deleteRepository'],
    passes: ['tag'],
    run: async (scene, between) => {
      const admission = await scene.as('delete-repository')
      await between()
      await deleteRepository(scene, admission)
    },
  },
  'a delete of a blob': {
    verbs: ['deleteBlob'],
    passes: [],
    run: async (scene, between) => {
      const digest = await scene.pushBlob(app, bytes('unused'))
      const admission = await scene.as('delete')
      await between()
      await scene.blobs.deleteBlob(admission, digest)
    },
  },
  'retention of an artifact': {
    verbs: ['removeArtifact'],
    passes: ['tag'],
    run: async (scene, between) => {
      const admission = await scene.as('delete')
      await between()
      await removeArtifact(scene, admission, scene.artifact, (work) => scene.database.write(work))
    },
  },
  'retention of a tag': {
    verbs: ['removeTag'],
    passes: ['tag'],
    run: async (scene, between) => {
      const admission = await scene.as('delete')
      await between()
      const removal = { candidate: scene.artifact, tag: scene.artifact.tags[0]! }
      await removeTag(scene, admission, removal, (work) => scene.database.write(work))
    },
  },
  'a rejection out of quarantine': {
    verbs: ['rejectHeld'],
    passes: ['tag'],
    run: async (scene, between) => {
      const { artifactId, digest } = scene.artifact
      await holdArtifact(scene, { artifactId, digest })
      const admission = await scene.as('delete')
      await between()
      await rejectHeld(scene, admission, { artifactId, reason: 'looked at' })
    },
  },
  'emptying the trash': {
    verbs: ['emptyTrash'],
    passes: [],
    run: async (scene, between) => {
      const admission = await scene.as('delete')
      await between()
      await emptyTrash(scene, admission)
    },
  },
}

async function holdArtifact({ database, clock }: Scene, held: { artifactId: number; digest: Digest }): Promise<void> {
  const now = clock.now()
  const row: Selectable<QuarantineEntryTable> = {
    ...{ artifact_id: held.artifactId, project_id: 1, digest: held.digest, pushed_by: 'user:1', username: 'ada' },
    ...{ entered_at: now, review_at: now, expires_at: null, announced: 1, awaits: '[]' },
    ...{ released_at: null, released_by: null, reason: null },
  }
  await database.write(async (tx) => void (await tx.insertInto('quarantine_entry').values(row).execute()))
}

const readers: Readonly<Record<string, Verb>> = {
  getManifest: async (scene) => await scene.manifests.getManifest(await scene.as('pull'), { kind: 'tag', tag: v1 }),
  statManifest: async (scene) => await scene.manifests.statManifest(await scene.as('pull'), { kind: 'tag', tag: v1 }),
  getBlob: async (scene) => await scene.blobs.getBlob(await scene.as('pull'), digests[0]!),
}

/** Verbs with an admission that need no entry above, each with the reason. */
const covered: Readonly<Record<string, string>> = {
  getUpload: 'tells its owner how far an upload is',
  acknowledgeAgain: 'repeats, behind the door gates, what finishUpload has let pass',
  cancelUpload: 'drops staged bytes of their own owner',
  keepForPush: 'renews a lease; acknowledges nothing',
  redirectFor: 'takes what getBlob has let pass',
  openBlob: 'takes what getBlob has let pass',
  passContent: 'is the list itself',
  removeOrphans: 'lets follow what belonged to something that passed',
  readLayers: 'reads by getManifest',
  layersOf: 'reads by getBlob',
  openSbom: 'reads by getBlob',
  readImageConfig: 'reads by getBlob',
  readDiffIds: 'reads by getBlob',
  readConfigFields: 'reads by getBlob',
  readChartMetadata: 'reads by getBlob',
  listReferrers: 'lists; what it names is read by getManifest',
  listTags: 'lists; what it names is read by getManifest',
  exportRepository: 'reads by getManifest and getBlob',
}

async function* afterwards(between: () => Promise<unknown>, content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content.subarray(0, 2)
  await between()
  yield content.subarray(2)
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'done',
    (error: unknown) => {
      if (error instanceof DomainError) return error.code
      throw error
    },
  )
}

const refusing: Gate<unknown> = async () => {
  throw new DomainError('PRECONDITION', 'refused by the gate of a test')
}

const listsOf = {
  content: [gates.content.push, gates.content.copy, gates.content.fill, gates.content.tag],
  tag: [gates.tag],
  read: [
    gates.content.pull,
    gates.content['copy-from'],
    gates.content['read-artifact'],
    gates.content['read-addition'],
  ],
} as const

/** Puts a gate that refuses at the end of lists; `using` takes it away. */
function refuseBy(lists: keyof typeof listsOf): Disposable {
  const changed = listsOf[lists] as unknown as Gate<unknown>[][]
  for (const list of changed) list.push(refusing)
  return {
    [Symbol.dispose]: () => {
      for (const list of changed) list.pop()
    },
  }
}

const nothing = async () => {}

test('every verb of the domain that takes an admission stands in this table', () => {
  const known = new Set([
    ...Object.values(doors).flatMap(({ verbs }) => verbs),
    ...Object.keys(readers),
    ...Object.keys(covered),
  ])
  const found = admittedVerbs()
  expect(found.length).toBeGreaterThan(30)
  expect(found.filter((verb) => !known.has(verb))).toEqual([])
  expect([...known].filter((verb) => !found.includes(verb))).toEqual([])
})

/** Exported functions and methods with an admission among their parameters. */
function admittedVerbs(): string[] {
  const domain = join(import.meta.dir, '..')
  const sources = readdirSync(domain, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.test.ts'),
  )
  const verbs = sources.flatMap((path) => {
    const heads = readFileSync(join(domain, path), 'utf8').matchAll(
      /(?:export (?:async )?function|\n  async) (\w+)(?:<[^(]*>)?\(([^\n]*|[\s\S]*?\n\s*)\): /g,
    )
    return [...heads].filter(([, , parameters]) => /: Admission</.test(parameters!)).map(([, name]) => name!)
  })
  return [...new Set(verbs)]
}

describeEachDatabase('every door', (open) => {
  const each = Object.entries(doors)
  const passing = each.flatMap(([name, door]) => door.passes.map((list) => [name, list, door] as const))

  test.each(each)('%s is open to somebody who may', async (_, { run }) => {
    const scene = await openScene(open)
    const state = async () => [await scene.rows(), await scene.sessions()]
    let before: unknown
    expect(await codeOf(run(scene, async () => (before = await state())))).toBe('done')
    expect(before).toBeDefined()
    expect(await state()).not.toEqual(before)
  })

  test.each(each)('%s is refused to somebody who lost the membership behind the door', async (_, { run }) => {
    const scene = await openScene(open)
    let before = {}
    const lose = async () => {
      await scene.revoke()
      before = await scene.rows()
    }
    expect(await codeOf(run(scene, lose))).toBe('FORBIDDEN')
    expect(await scene.rows()).toEqual(before)
  })

  test.each(each)('%s is refused to an account that was deleted behind the door', async (_, { run }) => {
    const scene = await openScene(open)
    expect(await codeOf(run(scene, scene.deleteAccount))).toBe('UNAUTHENTICATED')
  })

  test.each(passing)(
    '%s passes the %s list, and is not done where that refuses',
    async (_, list, { run, leavesLinks }) => {
      const scene = await openScene(open)
      const rows = async () => ({ ...(await scene.rows()), ...(leavesLinks === undefined ? {} : { links: undefined }) })
      using undone = new DisposableStack()
      let before = {}
      const refuse = async () => {
        before = await rows()
        undone.use(refuseBy(list))
      }
      expect(await codeOf(run(scene, refuse))).toBe('PRECONDITION')
      expect(await rows()).toEqual(before)
    },
  )

  test.each(Object.entries(readers))('%s passes the content list', async (_, read) => {
    const scene = await openScene(open)
    expect(await codeOf(read(scene, nothing))).toBe('done')
    using _refused = refuseBy('read')
    expect(await codeOf(read(scene, nothing))).toBe('PRECONDITION')
  })
})
