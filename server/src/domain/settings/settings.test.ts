import { secretsForTest } from '#server-test/secrets.ts'
import { expect, setDefaultTimeout, test } from 'bun:test'
import { composeAccessForTest, ManualClock, system } from '#server-test/access.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import type { Actor } from '../access/actor.ts'
import { Settings } from './settings.ts'
import { settingKeyOf, settingNames } from './setting-keys.ts'

const fixed = { read_only: false, token_expiration: 30 }

// Some of them ask for dozens of changes, on a machine that does other things too.
setDefaultTimeout(60_000)

async function compose(open: OpenDatabase) {
  const database = await open()
  const { users, clock, events } = composeAccessForTest(database)
  const secrets = secretsForTest(database)
  const settings = new Settings({ database, clock, events, secrets, fixed })
  return {
    ...{ database, users, settings },
    /** What another process of the same registry sees. */
    elsewhere: new Settings({ database, clock: new ManualClock(), events, secrets: secretsForTest(database), fixed }),
    stored: async () =>
      (await database.read.selectFrom('setting').select('name').orderBy('name').execute()).map(({ name }) => name),
    told: async () =>
      (await database.read.selectFrom('event').select(['type', 'payload']).orderBy('id').execute()).filter(
        ({ type }) => type === 'update_configuration',
      ),
  }
}

const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => 'done',
    (error: unknown) => (error as { code?: unknown }).code ?? error,
  )

describeEachDatabase('settings', (open) => {
  test('are their defaults until somebody sets them, and each default may be set', async () => {
    const { settings } = await compose(open)
    const defaults = Object.fromEntries(settingNames.map((name) => [name, settingKeyOf(name).default]))
    expect(await settings.getSettings()).toEqual(defaults as never)
    await settings.updateSettings(system, defaults)
    expect(await settings.getSettings()).toEqual(defaults as never)
  })

  test('that are changed are so at every process, and the others stay', async () => {
    const { settings, elsewhere } = await compose(open)
    expect((await elsewhere.getSettings()).banner_message).toBe('')
    await settings.updateSettings(system, { banner_message: 'tonight', session_timeout: 5 })
    await settings.updateSettings(system, {
      banner_message: null,
      self_registration: true,
      storage_per_project: undefined,
    })
    const changed = { banner_message: 'tonight', session_timeout: 5, self_registration: true, storage_per_project: -1 }
    for (const process of [settings, elsewhere]) expect(await process.getSettings()).toMatchObject(changed)
  })

  test('are understood when a number or a truth value comes as text, and refused when it is another kind', async () => {
    const { settings, stored } = await compose(open)
    await settings.updateSettings(system, {
      session_timeout: ' 90 ',
      self_registration: 'true',
      ldap_verify_cert: 'false',
    })
    expect(await settings.getSettings()).toMatchObject({
      session_timeout: 90,
      self_registration: true,
      ldap_verify_cert: false,
    })
    const before = await stored()
    const refused: Record<string, unknown>[] = [
      ...['', 'x', '1.5', '1e3', 1.5, true, 2 ** 60, Number.NaN, [], {}].map((value) => ({ session_timeout: value })),
      ...['yes', '1', 1, 0, [], {}].map((value) => ({ self_registration: value })),
      ...[1, true, [], {}, 'x'.repeat(65_537)].map((value) => ({ banner_message: value })),
    ]
    for (const change of refused)
      expect([change, await codeOf(settings.updateSettings(system, change))]).toEqual([change, 'BAD_REQUEST'])
    expect(await stored()).toEqual(before)
  })

  test('are refused beyond what they may be', async () => {
    const { settings, stored } = await compose(open)
    const refused: Record<string, readonly unknown[]> = {
      project_creation_restriction: ['nobody', ''],
      session_timeout: [0, -1, 525_601],
      robot_token_duration: [0, 36_501],
      robot_name_prefix: ['', 'a b', 'a:b', 'a,b', 'a/b', 'r'.repeat(33)],
      auth_mode: ['uaa_auth', 'http_auth', ''],
      storage_per_project: [0, -2],
      ldap_timeout: [0, 61],
      ldap_scope: [3, -1],
      ldap_filter: [
        '(objectClass=person',
        'objectClass=person)',
        String.raw`memberOf=CN=Ops\, Platform,OU=Groups,DC=example,DC=org`,
        '(&(objectClass=person)',
        '(objectClass=a)\n(objectClass=b)',
        'person',
      ],
      ldap_ca_certificate: ['none', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', '-----BEGIN X'],
      ldap_group_search_filter: ['(cn=a', '(|(cn=a)(cn=b)'],
      ldap_url: ['https://directory.example.org', 'ldap://'],
      oidc_endpoint: ['login.example.org', 'ftp://login.example.org'],
      oidc_extra_redirect_parms: ['[]', 'null', '{', '"a"'],
      oidc_group_filter: ['(', '['],
    }
    for (const [name, values] of Object.entries(refused)) {
      for (const value of values) {
        const change = { [name]: value }
        expect([change, await codeOf(settings.updateSettings(system, change))]).toEqual([change, 'BAD_REQUEST'])
      }
    }
    expect(await stored()).toEqual([])
  })

  test('that are none are refused in words of Harbor, and change nothing beside them', async () => {
    const { settings, stored } = await compose(open)
    for (const name of ['ldap_gropu_base_dn', 'Banner_Message', '__proto__x', 'constructor', 'toString', '']) {
      const change = settings.updateSettings(system, { banner_message: 'x', [name]: 'x' })
      expect(await change.catch((error: Error) => error.message)).toStartWith(
        `configure item is not defined in metadata: ${name}`,
      )
    }
    expect(await stored()).toEqual([])
  })

  test('that are filters of a directory are taken as directories read them', async () => {
    const { settings } = await compose(open)
    for (const ldap_filter of [
      '',
      'objectClass=person',
      '(objectClass=person)',
      ' (&(objectClass=person)(!(uid=root))) ',
      String.raw`(memberOf=CN=Ops\5c, Platform,OU=Groups,DC=example,DC=org)`,
      '(memberOf:1.2.840.113556.1.4.1941:=cn=all,dc=example,dc=org)',
    ]) {
      const done = await codeOf(settings.updateSettings(system, { ldap_filter }))
      expect([ldap_filter, done]).toEqual([ldap_filter, 'done'])
    }
  })

  test('a refusal says the name of its setting once', async () => {
    const { settings } = await compose(open)
    for (const [name, value] of Object.entries({ ldap_url: 'https://x', ldap_filter: '(a', session_timeout: 0 })) {
      const message = await settings.updateSettings(system, { [name]: value }).catch((error: Error) => error.message)
      expect(String(message).split(name)).toHaveLength(2)
    }
  })

  test('are changed all or none, with one event that names them and tells no value', async () => {
    const { settings, stored, told } = await compose(open)
    const change = { banner_message: 'new', session_timeout: 0 }
    expect(await codeOf(settings.updateSettings(system, change))).toBe('BAD_REQUEST')
    expect([await stored(), await told()]).toEqual([[], []])
    await settings.updateSettings(system, { ldap_search_password: 'bind-secret', banner_message: 'words' })
    const [event, ...more] = await told()
    expect(more).toEqual([])
    expect(JSON.parse(event!.payload)).toMatchObject({ changed: ['banner_message', 'ldap_search_password'] })
    expect(event!.payload).not.toContain('bind-secret')
    await settings.updateSettings(system, { scan_all_policy: { type: 'none' }, email_host: 'mail.example.org' })
    expect(await told()).toHaveLength(1)
  })

  test('that are secret are given to who uses them and never read back; those that nothing uses are refused', async () => {
    const { settings, stored } = await compose(open)
    const secrets = { ldap_search_password: 'one', oidc_client_secret: 'two' }
    await settings.updateSettings(system, secrets)
    expect(await codeOf(settings.updateSettings(system, { uaa_client_secret: 'three' }))).toBe('BAD_REQUEST')
    const empty = { ldap_search_password: '', oidc_client_secret: '', uaa_client_secret: '' }
    expect(await settings.getSettings()).toMatchObject(empty)
    expect(await settings.getSecret('ldap_search_password')).toBe('one')
    expect(await settings.getSecret('oidc_client_secret')).toBe('two')
    expect(await stored()).toEqual(['ldap_search_password', 'oidc_client_secret'])
  })

  test('of the operator stay as the registry was started; writing back what was read is no change', async () => {
    const { settings, told } = await compose(open)
    expect(await codeOf(settings.updateSettings(system, { ...fixed, banner_message: 'x' }))).toBe('done')
    expect(await codeOf(settings.updateSettings(system, { read_only: 'false', token_expiration: '30' }))).toBe('done')
    for (const change of [{ read_only: true }, { token_expiration: 60 }, { read_only: true, banner_message: 'y' }])
      expect(await codeOf(settings.updateSettings(system, change))).toBe('FORBIDDEN')
    expect((await settings.getSettings()).banner_message).toBe('x')
    expect(await told()).toHaveLength(1)
  })

  test('are changed by who is an administrator at that moment, and by nobody else', async () => {
    const { settings, users, stored } = await compose(open)
    const { id } = await users.createUser(system, { username: 'ada' })
    const ada: Actor = { kind: 'user', id, username: 'ada', admin: true }
    const change = { banner_message: 'x' }
    expect(await codeOf(settings.updateSettings({ kind: 'anonymous' }, change))).toBe('UNAUTHENTICATED')
    expect(await codeOf(settings.updateSettings({ ...ada, admin: false }, change))).toBe('FORBIDDEN')
    // The request came while they were one.
    expect(await codeOf(settings.updateSettings(ada, change))).toBe('FORBIDDEN')
    expect(await stored()).toEqual([])
    await users.setAdmin(system, 'ada', true)
    expect(await codeOf(settings.updateSettings(ada, change))).toBe('done')
  })
})
