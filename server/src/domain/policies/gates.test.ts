import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, system } from '#server-test/registry-for-test.ts'
import type { Database } from '../../database/database.ts'
import { setPreparedRunner } from '../../database/prepared.ts'
import type { Actor } from '../access/actor.ts'
import type { Operation } from '../access/admission.ts'
import { DomainError } from '../errors.ts'
import { composeAdmit } from './admit.ts'
import { assertRemovalsPossible, gates, pass, passes, type ContentContext, type TagContext } from './gates.ts'

const repositoryName = 'library/app' as RepositoryName
const writable = { readOnly: false, deleteEnabled: true }
const operations = ['pull', 'push', 'fill', 'delete'] as const satisfies readonly Operation[]

class Broken extends Error {}

/** The same database, which answers no question any more. */
function broken({ dialect, read: whole }: Database): Database {
  const fail = async (): Promise<never> => {
    throw new Broken('the database is away')
  }
  const read = whole.withoutPlugins()
  setPreparedRunner(read, { dialect, rows: fail, firstRow: fail, run: fail })
  return { dialect, read, epoch: () => undefined } as unknown as Database
}

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => 'done',
    (error: unknown) => (error instanceof DomainError ? error.code : (error as Error).constructor.name),
  )

describeEachDatabase('a gate whose data cannot be read refuses', (open) => {
  const clock = { now: () => 0 }
  const ada: Actor = { kind: 'user', id: 1, username: 'ada', admin: true, version: 1 }

  test('at the door, when what was asked before is asked again', async () => {
    const { database, clock: time } = await composeRegistryForTest(await open())
    const admission = await composeAdmit({ database, clock: time, settings: writable })(system, 'push', repositoryName)
    expect(await codeOf(admission.confirm(broken(database).read))).toBe('Broken')
  })

  test.each(operations)('at the door: %s', async (operation) => {
    const admit = composeAdmit({ database: broken(await open()), clock, settings: writable })
    expect(await codeOf(admit(ada, operation, repositoryName))).toBe('Broken')
  })

  test.each(['push', 'fill'] as const)('of content: %s', async (operation) => {
    const admission = { actor: ada, operation, projectId: 1, repositoryName } as unknown as ContentContext['admission']
    const { read: reader } = broken(await open())
    const content = { kind: 'blob', digest: 'sha256:0', addedBytes: 1 } as const
    for (const gate of gates.content[operation]) {
      expect(await codeOf(gate({ reader, admission, ...content }))).toBe('Broken')
    }
    expect(gates.content[operation].length).toBeGreaterThan(0)
  })

  test('of tags, also where a refusal only means that something stays', async () => {
    const { read: reader } = broken(await open())
    const move = { tags: ['v1'], departure: 'push', actor: { kind: 'open' }, now: 0 } as const
    const context: TagContext = { reader, projectId: 1, repositoryName, ...move }
    for (const gate of gates.tag) expect(await codeOf(gate(context))).toBe('Broken')
    expect(await codeOf(passes(gates.tag, context))).toBe('Broken')
    expect(gates.tag.length).toBeGreaterThan(0)
  })
})

describe('a list', () => {
  const gate =
    (log: string[], name: string, refuses = false) =>
    async () => {
      log.push(name)
      if (refuses) throw new DomainError('PRECONDITION', name)
    }

  test('is asked in its order, until one refuses', async () => {
    const log: string[] = []
    expect(await codeOf(pass([gate(log, 'a'), gate(log, 'b', true), gate(log, 'c')], {}))).toBe('PRECONDITION')
    expect(log).toEqual(['a', 'b'])
  })

  test('of the door authorises first, whatever the operation', async () => {
    for (const operation of operations) {
      const [first] = gates.door[operation]
      const context = { reader: {} as never, actor: { kind: 'anonymous' }, access: undefined, repositoryName } as const
      expect(await codeOf(first!({ ...context, settings: { readOnly: true, deleteEnabled: false } }))).toBe(
        'UNAUTHENTICATED',
      )
    }
  })
})

test('a rule of a gate is asked by its list and by nothing else', () => {
  const domain = join(import.meta.dir, '..')
  const sources = readdirSync(domain, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.test.ts'),
  )
  const using = (name: string) =>
    sources.filter((path) =>
      new RegExp(`import [^;]*?\\b${name}\\b[^;]*? from`).test(readFileSync(join(domain, path), 'utf8')),
    )
  for (const rule of ['assertTagsMutable', 'assertRoom', 'assertActorCan']) {
    expect({ rule, using: using(rule) }).toEqual({ rule, using: ['policies/gates.ts'] })
  }
})

test('an import writes into repositories by the verbs of a push alone', () => {
  const transfer = join(import.meta.dir, '..', 'transfer')
  const writing = readdirSync(transfer)
    .filter((name) => !name.endsWith('.test.ts'))
    .filter((name) =>
      /\b(database|tx|read)\.(write|insertInto|updateTable|deleteFrom)\(/.test(
        readFileSync(join(transfer, name), 'utf8'),
      ),
    )
  expect(writing).toEqual([])
})

describeEachDatabase('the list of removals', (open) => {
  test('is asked also where no repository is concerned', async () => {
    const { read: reader } = await open()
    expect(await codeOf(assertRemovalsPossible(reader, writable))).toBe('done')
    expect(await codeOf(assertRemovalsPossible(reader, { ...writable, readOnly: true }))).toBe('READ_ONLY')
    expect(await codeOf(assertRemovalsPossible(reader, { ...writable, deleteEnabled: false }))).toBe('DELETE_DISABLED')
  })
})

describeEachDatabase('the door', (open) => {
  test('of a registry that is read only is shut to every change, and open to pulls', async () => {
    const { database, clock } = await composeRegistryForTest(await open())
    const admit = composeAdmit({ database, clock, settings: { ...writable, readOnly: true } })
    const codes = await Promise.all(operations.map((operation) => codeOf(admit(system, operation, repositoryName))))
    expect(codes).toEqual(['done', 'READ_ONLY', 'READ_ONLY', 'READ_ONLY'])
  })

  test('is shut to deletes alone where those are off', async () => {
    const { database, clock } = await composeRegistryForTest(await open())
    const admit = composeAdmit({ database, clock, settings: { ...writable, deleteEnabled: false } })
    const codes = await Promise.all(operations.map((operation) => codeOf(admit(system, operation, repositoryName))))
    expect(codes).toEqual(['done', 'done', 'done', 'DELETE_DISABLED'])
  })

  test('shuts when an administrator makes the registry read only, also for what has passed it before', async () => {
    const { database, clock, admit } = await composeRegistryForTest(await open())
    const admission = await admit(system, 'push', repositoryName)
    const set = async (value: boolean) =>
      await database.write(async (tx) => {
        await tx.deleteFrom('setting').where('name', '=', 'read_only').execute()
        const row = { name: 'read_only', value: JSON.stringify(value), updated_at: clock.now() }
        await tx.insertInto('setting').values(row).execute()
      })
    await set(true)
    expect(await codeOf(admission.confirm(database.read))).toBe('READ_ONLY')
    const codes = await Promise.all(operations.map((operation) => codeOf(admit(system, operation, repositoryName))))
    expect(codes).toEqual(['done', 'READ_ONLY', 'READ_ONLY', 'READ_ONLY'])
    await set(false)
    expect(await codeOf(admission.confirm(database.read))).toBe('done')
  })

  test('admits a fill for somebody who may only pull, and no push', async () => {
    const { database, admit } = await composeRegistryForTest(await open())
    expect(await codeOf(admit({ kind: 'anonymous' }, 'fill', repositoryName))).toBe('done')
    expect(await codeOf(admit({ kind: 'anonymous' }, 'push', repositoryName))).toBe('UNAUTHENTICATED')
    await database.write(async (tx) => void (await tx.updateTable('project').set({ public: 0 }).execute()))
    expect(await codeOf(admit({ kind: 'anonymous' }, 'fill', repositoryName))).toBe('UNAUTHENTICATED')
  })

  test('is another one after a project was deleted and made anew under its name', async () => {
    const { database, clock, admit } = await composeRegistryForTest(await open())
    const admission = await admit(system, 'push', repositoryName)
    await admission.confirm(database.read)
    await database.write(async (tx) => {
      await tx.deleteFrom('project').execute()
      const times = { created_at: clock.now(), updated_at: clock.now() }
      await tx
        .insertInto('project')
        .values({ id: 99, name: 'library', owner_id: null, public: 1, ...times })
        .execute()
    })
    expect(await codeOf(admission.confirm(database.read))).toBe('PROJECT_UNKNOWN')
  })
})
