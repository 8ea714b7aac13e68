import { expect, test } from 'bun:test'
import { addAccount, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient } from './contract-client.ts'

const user = '/users/{user_id}'
const codes = (body: unknown) => (body as { errors: { code: string }[] }).errors.map(({ code }) => code)
const newPassword = () => `Aa1${crypto.randomUUID()}`

interface User {
  readonly user_id: number
  readonly username: string
  readonly sysadmin_flag: boolean
}

describeControlledScenario('users of the API', (registry) => {
  const admin = () => new ApiClient(registry())
  const newUser = async () => {
    const username = `u${crypto.randomUUID().slice(0, 8)}`
    const password = newPassword()
    const body = { username, password, email: `${username}@example.com`, realname: 'Somebody', comment: '' }
    const made = await admin().call('POST /users', { body })
    expect(made.status).toBe(201)
    const user_id = Number(/\/(\d+)$/.exec(made.headers.get('location') ?? '')?.[1])
    return { username, password, user_id, client: new ApiClient(registry(), { username, password }) }
  }

  test('an account is created, read, found, made administrator and deleted', async () => {
    const { username, user_id, client } = await newUser()
    const params = { user_id }
    expect((await admin().call<User>(`GET ${user}`, { params })).body).toMatchObject({ username, sysadmin_flag: false })
    expect((await client.call<User>('GET /users/current')).body).toMatchObject({ user_id, username })
    const found = await admin().call<User[]>('GET /users/search', { query: `username=${username}` })
    expect(found.body.map((each) => each.username)).toEqual([username])
    expect((await client.call('GET /users')).status).toBe(403)
    await admin().call(`PUT ${user}/sysadmin`, { params, body: { sysadmin_flag: true } })
    expect((await client.call('GET /users')).status).toBe(200)
    expect((await admin().call(`DELETE ${user}`, { params })).status).toBe(200)
    expect((await client.call('GET /users/current')).status).toBe(401)
    expect((await admin().call(`GET ${user}`, { params })).status).toBe(404)
  })

  test('a disabled account can do nothing at once, keeps its roles, and its session stays ended when it is enabled', async () => {
    const { username, password, user_id, client } = await newUser()
    const params = { user_id }
    const start = await fetch(`${registry().url}/c/session`)
    const cookieOf = (answer: Response) =>
      answer.headers
        .getSetCookie()
        .map((each) => each.split(';')[0])
        .join('; ')
    const signedIn = await fetch(`${registry().url}/c/login`, {
      method: 'POST',
      headers: {
        cookie: cookieOf(start),
        'x-harbor-csrf-token': start.headers.get('x-harbor-csrf-token') ?? '',
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ principal: username, password }),
    })
    const cookie = [cookieOf(start), cookieOf(signedIn)].join('; ')
    const bySession = async () =>
      (await fetch(`${registry().url}/api/v2.0/users/current`, { headers: { cookie } })).status
    const bearer = await new V2Client(registry(), { username, password }).fetchToken('registry:catalog:*')
    const byToken = async () =>
      (await fetch(`${registry().url}/v2/`, { headers: { authorization: `Bearer ${bearer}` } })).status
    expect([await bySession(), await byToken(), (await client.call('GET /users/current')).status]).toEqual([
      200, 200, 200,
    ])

    const disable = (as: ApiClient, disabled: boolean) =>
      as.call(`PUT ${user}/disabled`, { params, body: { disabled } })
    expect((await disable(client, true)).status).toBe(403)
    expect((await disable(admin(), true)).status).toBe(200)
    expect((await admin().call<User>(`GET ${user}`, { params })).body).toMatchObject({ username, disabled: true })
    expect([await bySession(), await byToken(), (await client.call('GET /users/current')).status]).toEqual([
      401, 401, 401,
    ])
    expect((await disable(admin(), false)).status).toBe(200)
    expect((await admin().call<object>(`GET ${user}`, { params })).body).not.toHaveProperty('disabled')
    expect([await bySession(), await byToken(), (await client.call('GET /users/current')).status]).toEqual([
      401, 401, 200,
    ])
    const log = await admin().call<{ resource: string; operation: string }[]>('GET /auditlog-exts', {
      query: `q=${encodeURIComponent('resource_type=user')}&page_size=5`,
    })
    expect(JSON.stringify(log.body)).toContain(username)
  })

  test('nobody disables themselves', async () => {
    const me = await admin().call<{ user_id: number }>('GET /users/current')
    const refused = await admin().call(`PUT ${user}/disabled`, {
      params: { user_id: me.body.user_id },
      body: { disabled: true },
    })
    expect([refused.status, refused.headers.get('x-berth-error')]).toEqual([403, 'OWN_ACCOUNT'])
  })

  test('a name or an address that is taken is a conflict, a weak password is refused', async () => {
    const { username } = await newUser()
    const body = { username, password: newPassword(), email: 'x@example.com', realname: 'x', comment: '' }
    expect((await admin().call('POST /users', { body })).status).toBe(409)
    const weak = await admin().call('POST /users', { body: { ...body, username: `${username}2`, password: 'short' } })
    expect([weak.status, codes(weak.body)]).toEqual([400, ['BAD_REQUEST']])
  })

  test('people change their own password, with the old one, and nobody else’s', async () => {
    const { username, password, user_id, client } = await newUser()
    const other = await newUser()
    const new_password = newPassword()
    const change = (as: ApiClient, id: number, body: object) =>
      as.call(`PUT ${user}/password`, { params: { user_id: id }, body })
    expect((await change(client, other.user_id, { old_password: password, new_password })).status).toBe(403)
    expect((await change(client, user_id, { old_password: 'Wrong12345', new_password })).status).toBe(403)
    expect((await change(client, user_id, { old_password: password, new_password })).status).toBe(200)
    expect((await client.call('GET /users/current')).status).toBe(401)
    const renewed = new ApiClient(registry(), { username, password: new_password })
    expect((await renewed.call('GET /users/current')).status).toBe(200)
  })

  test('who is nobody and who is no administrator changes no account and no setting', async () => {
    const { user_id } = await newUser()
    const stranger = new ApiClient(registry(), await addAccount(registry()))
    const nobody = new ApiClient(registry(), 'anonymous')
    const operations: [string, object?][] = [
      ['GET /users'],
      [`DELETE ${user}`],
      [`PUT ${user}/sysadmin`, { sysadmin_flag: true }],
      ['GET /configurations'],
      ['PUT /configurations', { self_registration: true }],
      ['GET /systeminfo/volumes'],
    ]
    for (const [operation, body] of operations) {
      expect([operation, (await stranger.call(operation, { params: { user_id }, body })).status]).toEqual([
        operation,
        403,
      ])
      expect([operation, (await nobody.call(operation, { params: { user_id }, body })).status]).toEqual([
        operation,
        401,
      ])
    }
    expect(
      (await admin().call<{ self_registration: { value: boolean } }>('GET /configurations')).body.self_registration
        .value,
    ).toBe(false)
  })
})

describeControlledScenario('sessions of browsers', (registry) => {
  /** A browser: keeps cookies and the token against forged requests. */
  class Browser {
    readonly #cookies = new Map<string, string>()
    csrf = ''

    async send(path: string, init: RequestInit = {}): Promise<Response> {
      const answer = await fetch(`${registry().url}${path}`, {
        ...init,
        headers: {
          cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
          ...(this.csrf === '' ? {} : { 'x-harbor-csrf-token': this.csrf }),
          ...(init.headers as Record<string, string>),
        },
      })
      for (const cookie of answer.headers.getSetCookie()) {
        const [pair = ''] = cookie.split(';')
        const equals = pair.indexOf('=')
        this.#cookies.set(pair.slice(0, equals), pair.slice(equals + 1))
      }
      this.csrf = answer.headers.get('x-harbor-csrf-token') ?? this.csrf
      return answer
    }

    async signIn(username: string, password: string): Promise<number> {
      await this.send('/c/login')
      const body = new URLSearchParams({ principal: username, password })
      return (await this.send('/c/login', { method: 'POST', body })).status
    }

    cookie(name: string): string | undefined {
      return this.#cookies.get(name)
    }
  }

  const current = '/api/v2.0/users/current'

  test('signing in gives a session, signing out ends it everywhere', async () => {
    const browser = new Browser()
    expect(await browser.signIn('admin', 'wrong-Password1')).toBe(401)
    expect((await browser.send(current)).status).toBe(401)
    expect(await browser.signIn('admin', registry().password)).toBe(200)
    expect((await browser.send(current)).status).toBe(200)
    const stolen = browser.cookie('sid')
    expect((await browser.send('/c/log_out')).status).toBe(200)
    const replayed = await fetch(`${registry().url}${current}`, { headers: { cookie: `sid=${stolen}` } })
    expect(replayed.status).toBe(401)
  })

  const elsewhere: readonly Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' },
    { 'sec-fetch-site': 'cross-site', referer: 'https://evil.example/' },
    { referer: 'https://evil.example/' },
    { origin: 'null' },
    { origin: 'https://evil.example' },
  ]

  test.each(['/c/log_out', '/c/oidc/logout'])('a page of another site signs nobody out by %s', async (path) => {
    const browser = new Browser()
    await browser.signIn('admin', registry().password)
    for (const headers of elsewhere) {
      const refused = await browser.send(path, { headers, redirect: 'manual' })
      expect({ headers, status: refused.status }).toEqual({ headers, status: 403 })
      expect((await browser.send(current)).status).toBe(200)
    }
  })

  test.each([{ 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, {}])(
    'our own pages, typed addresses and old browsers sign out: %j',
    async (headers) => {
      const browser = new Browser()
      await browser.signIn('admin', registry().password)
      const referer = Object.keys(headers).length === 1 ? { referer: `${registry().url}/projects` } : {}
      expect(
        (await browser.send('/c/log_out', { headers: { ...headers, ...referer } as Record<string, string> })).status,
      ).toBe(200)
      expect((await browser.send(current)).status).toBe(401)
    },
  )

  test('a session is another one after signing in, whatever cookie came along', async () => {
    const browser = new Browser()
    await browser.signIn('admin', registry().password)
    const first = browser.cookie('sid')
    await browser.signIn('admin', registry().password)
    expect(browser.cookie('sid')).not.toBe(first)
    const old = await fetch(`${registry().url}${current}`, { headers: { cookie: `sid=${first}` } })
    expect(old.status).toBe(401)
  })

  test('a request that changes something needs the token of our own pages, and comes from them', async () => {
    const browser = new Browser()
    await browser.signIn('admin', registry().password)
    const create = (headers: Record<string, string>) =>
      browser.send('/api/v2.0/projects', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ project_name: `csrf-${crypto.randomUUID().slice(0, 8)}` }),
      })
    const token = browser.csrf
    browser.csrf = ''
    expect((await create({})).status).toBe(403)
    expect((await create({ 'x-harbor-csrf-token': 'AAAA' })).status).toBe(403)
    browser.csrf = ''
    expect((await create({ 'x-harbor-csrf-token': token, origin: 'https://evil.example' })).status).toBe(403)
    browser.csrf = ''
    expect((await create({ 'x-harbor-csrf-token': token, origin: registry().url })).status).toBe(201)
  })

  test('a session is worth nothing at /v2', async () => {
    const browser = new Browser()
    await browser.signIn('admin', registry().password)
    expect((await browser.send('/v2/')).status).toBe(401)
  })

  test('the session of an account ends when it is disabled or its password changes', async () => {
    const account = await addAccount(registry())
    const browser = new Browser()
    expect(await browser.signIn(account.username, account.password)).toBe(200)
    expect((await browser.send(current)).status).toBe(200)
    await registry().control.berth(['user', 'set-password', account.username, '--password-stdin'], `${newPassword()}\n`)
    expect((await browser.send(current)).status).toBe(401)
  })
})
