import { expect, setDefaultTimeout, test } from 'bun:test'
import { composeAccessForTest } from '#server-test/access.ts'
import { app, bytes } from '#server-test/artifact-scene.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, createProject, system } from '#server-test/registry-for-test.ts'
import type { Actor } from '../access/actor.ts'
import type { RoleName } from '../access/roles/permissions.ts'
import { deleteManifest } from '../artifacts/delete.ts'
import { Labels, labelsOf, restoreLabels, type LabelFields } from './labels.ts'

const fields = (name: string, more: Partial<LabelFields> = {}): LabelFields => ({
  name,
  description: '',
  color: '#1f2e3d',
  ...more,
})
const all = { limit: 100, offset: 0 }

// Some of them ask for dozens of changes, on a machine that does other things too.
setDefaultTimeout(60_000)

async function compose(open: OpenDatabase) {
  const database = await open()
  const registry = await composeRegistryForTest(database)
  for (const name of ['other', 'third']) await createProject(database, name, registry.clock, false)
  const { users, members } = composeAccessForTest(database)
  const labels = new Labels(registry)
  const idOf = async (project: string) =>
    (await database.read.selectFrom('project').select('id').where('name', '=', project).executeTakeFirstOrThrow()).id
  const digest = await registry.pushImage(app, 'v1', [bytes('config'), bytes('layer')])
  const { id } = await database.read.selectFrom('artifact').select('id').executeTakeFirstOrThrow()
  const library = await idOf('library')
  return {
    ...registry,
    labels,
    library,
    other: await idOf('other'),
    third: await idOf('third'),
    artifact: { id, projectId: library, repository: app, digest },
    userAs: async (role: RoleName | undefined): Promise<Actor> => {
      const username = role?.toLowerCase() ?? 'nobody'
      const user = await users.createUser(system, { username })
      if (role !== undefined) await members.addMember(system, 'other', username, role)
      return { kind: 'user', id: user.id, username, admin: false }
    },
    namesOf: async (projectId: number | undefined) =>
      (await labels.pageLabels(system, { projectId, name: undefined }, all)).rows.map(({ name }) => name),
    namesOn: async (artifactId: number) =>
      ((await labelsOf(database.read, [artifactId])).get(artifactId) ?? []).map(({ name }) => name),
    told: async () =>
      (await database.read.selectFrom('event').select('type').orderBy('id').execute())
        .map(({ type }) => type)
        .filter((type) => type.includes('label')),
  }
}

const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => 'done',
    (error: unknown) => (error as { code?: unknown }).code ?? error,
  )

const refusalOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => 'done',
    (error: unknown) => (error as Error).message,
  )

describeEachDatabase('labels', (open) => {
  test('have a name once in a project, and once in the registry', async () => {
    const { labels, library, other, namesOf, told } = await compose(open)
    const first = await labels.createLabel(system, library, fields('tested'))
    const second = await labels.createLabel(system, library, fields('slow'))
    expect(await codeOf(labels.createLabel(system, library, fields('tested')))).toBe('CONFLICT')
    expect(await codeOf(labels.updateLabel(system, second, fields('tested')))).toBe('CONFLICT')
    for (const where of [other, undefined]) {
      await labels.createLabel(system, where, fields('tested'))
      expect(await codeOf(labels.createLabel(system, where, fields('tested')))).toBe('CONFLICT')
      expect(await namesOf(where)).toEqual(['tested'])
    }
    await labels.updateLabel(system, first, fields('tested', { description: 'by night' }))
    expect(await labels.getLabel(system, first)).toMatchObject({ name: 'tested', description: 'by night' })
    expect(await namesOf(library)).toEqual(['slow', 'tested'])
    // A refused change tells of nothing.
    expect(await told()).toEqual([...Array.from({ length: 4 }, () => 'create_label'), 'update_label'])
  })

  test('are refused with a name, a description or a color that cannot be, when made and when changed', async () => {
    const { labels, library, namesOf } = await compose(open)
    const id = await labels.createLabel(system, library, fields('a'.repeat(128), { color: '', description: 'd' }))
    const refused = [
      fields(''),
      fields('  '),
      fields('a'.repeat(129)),
      fields('b', { description: 'd'.repeat(1_025) }),
      ...['#', 'a red', 'url(x)', '#123;x', '#1234567890123456'].map((color) => fields('b', { color })),
    ]
    for (const each of refused) {
      expect([each, await codeOf(labels.createLabel(system, library, each))]).toEqual([each, 'BAD_REQUEST'])
      expect([each, await codeOf(labels.updateLabel(system, id, each))]).toEqual([each, 'BAD_REQUEST'])
    }
    expect(await namesOf(library)).toEqual(['a'.repeat(128)])
  })

  test('of a project are made by its maintainers and read by its guests; others hear nothing', async () => {
    const { labels, other, third, userAs } = await compose(open)
    const own = await labels.createLabel(system, other, fields('tested'))
    const far = await labels.createLabel(system, third, fields('secret'))
    const expected: [RoleName | undefined, string, string][] = [
      ['projectAdmin', 'done', 'done'],
      ['maintainer', 'done', 'done'],
      ['developer', 'FORBIDDEN', 'done'],
      ['guest', 'FORBIDDEN', 'done'],
      ['limitedGuest', 'FORBIDDEN', 'FORBIDDEN'],
      [undefined, 'FORBIDDEN', 'FORBIDDEN'],
    ]
    for (const [role, changing, reading] of expected) {
      const actor = await userAs(role)
      const changes = [
        await codeOf(labels.createLabel(actor, other, fields(`of ${role}`))),
        await codeOf(labels.updateLabel(actor, own, fields('tested'))),
      ]
      expect([role, ...changes]).toEqual([role, changing, changing])
      expect([role, await codeOf(labels.getLabel(actor, own))]).toEqual([role, reading])
      // A label of a project that they are not in looks like one that does not exist.
      const [ofFar, ofNone] = [
        await refusalOf(labels.getLabel(actor, far)),
        await refusalOf(labels.getLabel(actor, 999)),
      ]
      expect(ofFar.replace(String(far), '999')).toBe(ofNone)
      expect(await codeOf(labels.deleteLabel(actor, far))).toBe('FORBIDDEN')
    }
  })

  test('of the registry are read by everybody with an account, and changed by administrators', async () => {
    const { labels, userAs } = await compose(open)
    const id = await labels.createLabel(system, undefined, fields('approved'))
    const owner = await userAs('projectAdmin')
    expect(await codeOf(labels.getLabel(owner, id))).toBe('done')
    expect(await codeOf(labels.pageLabels(owner, { projectId: undefined, name: undefined }, all))).toBe('done')
    for (const work of [
      labels.createLabel(owner, undefined, fields('own')),
      labels.updateLabel(owner, id, fields('approved')),
      labels.deleteLabel(owner, id),
    ])
      expect(await codeOf(work)).toBe('FORBIDDEN')
    const anonymous: Actor = { kind: 'anonymous' }
    expect(await codeOf(labels.getLabel(anonymous, id))).toBe('UNAUTHENTICATED')
    expect(await codeOf(labels.pageLabels(anonymous, { projectId: undefined, name: undefined }, all))).toBe(
      'UNAUTHENTICATED',
    )
  })

  test('are listed in pages by name, those whose name contains a text as it is written', async () => {
    const { labels, library } = await compose(open)
    for (const name of ['d', 'a_1', 'a%1', 'ab1']) await labels.createLabel(system, library, fields(name))
    const page = async (name: string | undefined, offset: number) => {
      const { rows, total } = await labels.pageLabels(system, { projectId: library, name }, { limit: 2, offset })
      return [total, ...rows.map((row) => row.name)]
    }
    expect(await page(undefined, 0)).toEqual([4, 'a%1', 'a_1'])
    expect(await page(undefined, 2)).toEqual([4, 'ab1', 'd'])
    expect(await page('_', 0)).toEqual([1, 'a_1'])
    expect(await page('%', 0)).toEqual([1, 'a%1'])
  })

  test('are put on artifacts of their own project only, and those of the registry on all', async () => {
    const { labels, library, other, artifact, namesOn, told } = await compose(open)
    const own = await labels.createLabel(system, library, fields('own'))
    const everywhere = await labels.createLabel(system, undefined, fields('everywhere'))
    const foreign = await labels.createLabel(system, other, fields('foreign'))
    await labels.addToArtifact(system, artifact, own)
    await labels.addToArtifact(system, artifact, everywhere)
    expect(await codeOf(labels.addToArtifact(system, artifact, own))).toBe('CONFLICT')
    for (const unknown of [foreign, 999]) {
      expect(await codeOf(labels.addToArtifact(system, artifact, unknown))).toBe('LABEL_UNKNOWN')
      expect(await codeOf(labels.removeFromArtifact(system, artifact, unknown))).toBe('LABEL_UNKNOWN')
    }
    expect(await namesOn(artifact.id)).toEqual(['everywhere', 'own'])
    await labels.removeFromArtifact(system, artifact, own)
    expect(await codeOf(labels.removeFromArtifact(system, artifact, own))).toBe('LABEL_UNKNOWN')
    expect(await namesOn(artifact.id)).toEqual(['everywhere'])
    expect((await told()).slice(3)).toEqual(['add_artifact_label', 'add_artifact_label', 'remove_artifact_label'])
  })

  test('are changed only with the rights of the moment of the change', async () => {
    const { labels, other, userAs, database, artifact } = await compose(open)
    const tested = await labels.createLabel(system, other, fields('tested'))
    const elsewhere = { ...artifact, projectId: other, repository: 'other/app' }
    const maintainer = await userAs('maintainer')
    const attempts = [
      async () => await labels.createLabel(maintainer, other, fields('late')),
      async () => await labels.updateLabel(maintainer, tested, fields('late')),
      async () => await labels.addToArtifact(maintainer, elsewhere, tested),
      async () => await labels.removeFromArtifact(maintainer, elsewhere, tested),
      async () => await labels.deleteLabel(maintainer, tested),
    ]
    // Between the door and the transaction, as somebody else may do it.
    const memberships = await database.read.selectFrom('project_member').selectAll().execute()
    const write = database.write.bind(database)
    database.write = async (work, durability) => {
      await write(async (tx) => await tx.deleteFrom('project_member').execute())
      return await write(work, durability)
    }
    const codes: unknown[] = []
    for (const attempt of attempts) {
      codes.push(await codeOf(attempt()))
      await write(async (tx) => await tx.insertInto('project_member').values(memberships).execute())
    }
    expect(codes).toEqual(attempts.map(() => 'FORBIDDEN'))
    database.write = write
    expect((await labels.getLabel(system, tested)).name).toBe('tested')
  })

  test('may be given to what has them already, and taken from what does not', async () => {
    const { labels, library, artifact, namesOn, told, admit, ...registry } = await compose(open)
    const id = await labels.createLabel(system, library, fields('own'))
    expect(await labels.ensureOnArtifact(system, artifact, id)).toBe(true)
    expect(await labels.ensureOnArtifact(system, artifact, id)).toBe(false)
    expect(await namesOn(artifact.id)).toEqual(['own'])
    expect(await labels.ensureNotOnArtifact(system, artifact, id)).toBe(true)
    expect(await labels.ensureNotOnArtifact(system, artifact, id)).toBe(false)
    expect((await told()).slice(1)).toEqual(['add_artifact_label', 'remove_artifact_label'])
    await deleteManifest(registry, await admit(system, 'delete', app), artifact.digest)
    expect(await codeOf(labels.ensureOnArtifact(system, artifact, id))).toBe('MANIFEST_UNKNOWN')
  })

  test('that are deleted are on no artifact any more; an artifact that is deleted keeps the label', async () => {
    const { labels, library, artifact, namesOn, namesOf, admit, ...registry } = await compose(open)
    const [one, two] = [
      await labels.createLabel(system, library, fields('one')),
      await labels.createLabel(system, library, fields('two')),
    ]
    for (const id of [one, two]) await labels.addToArtifact(system, artifact, id)
    await labels.deleteLabel(system, one)
    expect(await codeOf(labels.deleteLabel(system, one))).toBe('LABEL_UNKNOWN')
    expect(await namesOn(artifact.id)).toEqual(['two'])
    await deleteManifest(registry, await admit(system, 'delete', app), artifact.digest)
    expect(await registry.database.read.selectFrom('artifact_label').selectAll().execute()).toEqual([])
    expect(await namesOf(library)).toEqual(['two'])
  })

  test('come back with an artifact when they are still there for its project', async () => {
    const { labels, library, other, artifact, namesOn, database } = await compose(open)
    const own = await labels.createLabel(system, library, fields('own'))
    const everywhere = await labels.createLabel(system, undefined, fields('everywhere'))
    const foreign = await labels.createLabel(system, other, fields('foreign'))
    await labels.addToArtifact(system, artifact, own)
    await database.write((tx) => restoreLabels(tx, artifact, [own, everywhere, foreign, 999]))
    expect(await namesOn(artifact.id)).toEqual(['everywhere', 'own'])
  })
})
