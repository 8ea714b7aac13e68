import { newOuterKey } from '#server/domain/secrets/outer-keys.ts'
import { outerKeyForTest, secretsForTest } from '#server-test/secrets.ts'
import { expect, test } from 'bun:test'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest } from '#server-test/registry-for-test.ts'
import { composeEvents } from '#server/compose/events.ts'
import { defaultPassword, Users } from '#server/domain/access/accounts/users.ts'
import { Passwords } from '#server/domain/access/credentials/passwords.ts'
import { checkContents } from './check-contents.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

const outerKey = { kind: 'value', text: outerKeyForTest } as const
const subject = 'outer key of the secrets'

describeEachDatabase('what doctor reads in a registry', (open) => {
  test('uploads that have expired, and events later than now', async () => {
    const registry = await composeRegistryForTest(await open())
    const { database, clock } = registry
    await registry.pushImage('library/a', 'v1', [bytes('config')])
    const look = async (now: number) =>
      Object.fromEntries(
        (await checkContents(database, () => now, { open: true, outerKey })).map(({ subject, status }) => [
          subject,
          status,
        ]),
      )
    expect(await look(clock.now())).toEqual({ uploads: 'good', 'clock and data': 'good', [subject]: 'good' })
    const repository = await database.read.selectFrom('repository').select('id').executeTakeFirstOrThrow()
    await database.write(async (tx) => {
      const upload = { id: 'one', repository_id: repository.id, offset: 100, actor: 'user:1', digest_state: null }
      const times = { created_at: clock.now(), expires_at: clock.now() - 1 }
      await tx
        .insertInto('upload')
        .values({ ...upload, ...times, algorithm: 'sha256' })
        .execute()
    })
    expect(await look(clock.now())).toEqual({ uploads: 'warning', 'clock and data': 'good', [subject]: 'good' })
    expect(await look(clock.now() - 3_600_000)).toMatchObject({ 'clock and data': 'problem' })
  })

  test('registries behind proxy cache projects that fail, or allow few more pulls', async () => {
    const registry = await composeRegistryForTest(await open())
    const { database, clock } = registry
    const look = async () =>
      (await checkContents(database, () => clock.now(), { open: true, outerKey }))
        .filter(({ subject }) => subject.startsWith('proxy cache'))
        .map(({ subject, status }) => [subject, status])
    const row = { name: 'hub', type: 'docker-hub', url: 'http://hub.example', description: '', insecure: 0 as const }
    const rest = { ca_certificate: null, credential_type: '', access_key: '', access_secret: '', status: 'healthy' }
    await database.write(async (tx) => {
      const times = { created_at: 1, updated_at: 1 }
      await tx
        .insertInto('registry')
        .values({ ...row, ...rest, ...times })
        .execute()
    })
    const { id } = await database.read.selectFrom('registry').select('id').executeTakeFirstOrThrow()
    const seen = { answered_at: 1, failing_since: null, failed_at: null, failure_code: null, failure_message: null }
    const limit = { limit_total: 100, limit_remaining: 80, limit_window_seconds: 21_600, limit_seen_at: 1 }
    await database.write((tx) =>
      tx
        .insertInto('proxy_upstream')
        .values({ registry_id: id, ...seen, retry_at: null, ...limit })
        .execute(),
    )
    expect(await look()).toEqual([])
    await database.write((tx) => tx.updateTable('project').set({ registry_id: id }).execute())
    expect(await look()).toEqual([['proxy cache of hub', 'good']])
    await database.write((tx) => tx.updateTable('proxy_upstream').set({ limit_remaining: 3 }).execute())
    expect(await look()).toEqual([['proxy cache of hub', 'warning']])
    await database.write((tx) => tx.updateTable('proxy_upstream').set({ failing_since: 1 }).execute())
    expect(await look()).toEqual([['proxy cache of hub', 'warning']])
  })

  test('the password of every manual, until it is changed', async () => {
    const registry = await composeRegistryForTest(await open())
    const { database, clock } = registry
    const events = composeEvents(clock)
    const users = new Users({ database, clock, events, passwords: new Passwords() })
    const look = async () =>
      (await checkContents(database, () => clock.now(), { open: false, outerKey })).find(
        ({ subject }) => subject === 'password of admin',
      )
    await users.ensureAdministrator(defaultPassword)
    expect(await look()).toMatchObject({ status: 'warning', remedy: ['berth user set-password admin'] })
    await users.setPassword({ kind: 'system', name: 'command line' }, 'admin', 'Better-Horse-8')
    expect(await look()).toMatchObject({ status: 'good' })
  })

  test('an outer key that opens the secrets, another one, and none', async () => {
    const database = await open()
    await database.write(async (tx) => secretsForTest(database).ensureDataKey(tx))
    const look = async (key: Parameters<typeof checkContents>[2]['outerKey']) =>
      (await checkContents(database, Date.now, { open: true, outerKey: key })).find((each) => each.subject === subject)
    expect(await look(outerKey)).toMatchObject({ status: 'good' })
    const another = { kind: 'value', text: newOuterKey() } as const
    expect(await look(another)).toMatchObject({ status: 'problem', remedy: [expect.stringContaining('--dry-run')] })
    expect(await look({ kind: 'file', file: '/nowhere/key', make: true })).toMatchObject({ status: 'problem' })
    expect(await look({ kind: 'value', text: 'no key' })).toMatchObject({ status: 'problem' })
    const both = `${another.text}\n${outerKeyForTest}`
    expect(await look({ kind: 'value', text: both })).toMatchObject({ status: 'good' })
    const withOld = `${outerKeyForTest}\n${another.text}`
    expect(await look({ kind: 'value', text: withOld })).toMatchObject({ status: 'warning' })
  })
})
