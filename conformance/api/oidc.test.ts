import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Browser, oidcClient, startOidcProvider, type OidcProviderUnderTest } from '../harness/oidc-provider.ts'
import { addProject, describeControlledScenario } from '../harness/scenario.ts'
import { ApiClient } from './contract-client.ts'
import { dockerToken, mayPull } from './login.ts'

describeControlledScenario(
  'people of an OIDC provider',
  (registry) => {
    let provider: OidcProviderUnderTest
    beforeAll(async () => {
      provider = await startOidcProvider([`${registry().url}/c/oidc/callback`])
    })
    afterAll(() => provider?.[Symbol.asyncDispose]())

    const admin = () => new ApiClient(registry())
    const configure = async (changes: object = {}) => {
      const settings = {
        auth_mode: 'oidc_auth',
        oidc_endpoint: provider.issuer,
        oidc_client_id: oidcClient.id,
        oidc_client_secret: oidcClient.secret,
        oidc_scope: 'openid,profile,email,groups,offline_access',
        oidc_groups_claim: 'groups',
        oidc_user_claim: 'name',
        oidc_auto_onboard: true,
        oidc_admin_group: '',
        oidc_group_filter: '',
        oidc_extra_redirect_parms: '{"prompt":"consent"}',
        oidc_logout: false,
      }
      const answer = await admin().call('PUT /configurations', { body: { ...settings, ...changes } })
      expect(answer.status).toBe(200)
    }
    const newPerson = (groups: string[] = []) => {
      const sub = `s${crypto.randomUUID().slice(0, 8)}`
      provider.people.set(sub, { sub, name: `person ${sub}`, email: `${sub}@example.org`, groups })
      return { sub, username: `person_${sub}` }
    }
    const home = (url: URL) => url.origin === registry().url && !url.pathname.startsWith('/c/')
    const signIn = async (sub: string, browser = new Browser(), redirect = '/projects') => {
      const begin = `${registry().url}/c/oidc/login?redirect_url=${encodeURIComponent(redirect)}`
      return { browser, at: await browser.signIn(begin, sub, home) }
    }
    const current = async (browser: Browser) => {
      const answer = await browser.send(`${registry().url}/api/v2.0/users/current`)
      return { status: answer.status, body: (await answer.json()) as { user_id: number; [key: string]: unknown } }
    }
    const setCliSecret = async (browser: Browser, secret: string) => {
      const { user_id: id } = (await current(browser)).body
      const url = `${registry().url}/api/v2.0/users/${id}/cli_secret`
      const token = (await browser.send(`${registry().url}/api/v2.0/users/current`)).headers.get('x-harbor-csrf-token')!
      const headers = { 'content-type': 'application/json', 'x-harbor-csrf-token': token }
      return await browser.send(url, { method: 'PUT', headers, body: JSON.stringify({ secret }) })
    }

    test('a login at the provider makes an account with a session here, and leads to where it began', async () => {
      await configure()
      const ada = newPerson()
      const { browser, at } = await signIn(ada.sub)
      expect(new URL(at).pathname).toBe('/projects')
      expect(await current(browser)).toMatchObject({
        status: 200,
        body: { username: ada.username, email: `${ada.sub}@example.org`, sysadmin_flag: false },
      })
      const again = await signIn(ada.sub)
      expect((await current(again.browser)).body.user_id).toBe((await current(browser)).body.user_id)
    })

    test.each(['//evil.example', 'https://evil.example', '/\\evil.example', '/%0d/..', 'javascript:alert(1)'])(
      'a login never leads to %s',
      async (redirect) => {
        await configure()
        const { at } = await signIn(newPerson().sub, new Browser(), redirect)
        expect(new URL(at).origin).toBe(registry().url)
      },
    )

    test('an answer of the provider counts in the browser that asked, and once', async () => {
      await configure()
      const browser = new Browser()
      const isCallback = (url: URL) => url.pathname === '/c/oidc/callback'
      const callback = await browser.signIn(`${registry().url}/c/oidc/login`, newPerson().sub, isCallback)
      const stranger = await new Browser().send(callback)
      expect([stranger.status, await stranger.text()]).toEqual([400, expect.stringContaining('sign in again')])
      expect((await browser.send(callback)).status).toBe(302)
      expect((await browser.send(callback)).status).toBe(400)
    })

    test('somebody new chooses a name where accounts are not made by themselves', async () => {
      await configure({ oidc_auto_onboard: false })
      const ada = newPerson()
      const { browser, at } = await signIn(ada.sub)
      expect([new URL(at).pathname, new URL(at).searchParams.get('username')]).toEqual(['/oidc-onboard', ada.username])
      expect((await current(browser)).status).toBe(401)
      const csrf = (await browser.send(`${registry().url}/c/oidc/login`, { method: 'HEAD' })).headers
      const choose = async (username: string) =>
        await browser.send(`${registry().url}/c/oidc/onboard`, {
          method: 'POST',
          headers: { 'x-harbor-csrf-token': csrf.get('x-harbor-csrf-token')! },
          body: JSON.stringify({ username }),
        })
      expect((await choose('admin')).status).toBe(409)
      expect((await choose('a:b')).status).toBe(400)
      const chosen = `ada-${ada.sub}`
      expect((await choose(chosen)).status).toBe(200)
      expect((await current(browser)).body).toMatchObject({ username: chosen })
    })

    test('groups that the provider names give their roles; others, and those the filter holds back, do not', async () => {
      await configure({ oidc_group_filter: '^team-' })
      const project = await addProject(registry())
      const params = { project_name_or_id: project }
      for (const name of ['team-a', 'other']) {
        const body = { role_id: 3, member_group: { group_name: name, group_type: 3 } }
        expect((await admin().call('POST /projects/{project_name_or_id}/members', { params, body })).status).toBe(201)
      }
      const see = async (groups: string[]) => {
        const { browser } = await signIn(newPerson(groups).sub)
        return (await browser.send(`${registry().url}/api/v2.0/projects/${project}`)).status
      }
      expect([await see(['team-a']), await see(['other']), await see([])]).toEqual([200, 403, 403])
    })

    test('the group of administrators makes administrators, until the next login without it', async () => {
      await configure({ oidc_admin_group: 'admins' })
      const ada = newPerson(['admins'])
      const { browser } = await signIn(ada.sub)
      expect((await current(browser)).body).toMatchObject({ admin_role_in_auth: true })
      expect((await browser.send(`${registry().url}/api/v2.0/users`)).status).toBe(200)
      provider.people.get(ada.sub)!.groups = []
      const { browser: later } = await signIn(ada.sub)
      expect((await later.send(`${registry().url}/api/v2.0/users`)).status).toBe(403)
      // The session from before was an administrator's: it is over.
      expect((await current(browser)).status).toBe(401)
    })

    test('a CLI secret stands for the password, and a personal token does without the provider', async () => {
      await configure()
      const ada = newPerson()
      const project = await addProject(registry(), [], 'private')
      const { browser } = await signIn(ada.sub)
      const id = (await current(browser)).body.user_id
      await admin().call('POST /projects/{project_name_or_id}/members', {
        params: { project_name_or_id: project },
        body: { role_id: 2, member_user: { user_id: id } },
      })
      expect((await setCliSecret(browser, 'weak')).status).toBe(400)
      expect((await setCliSecret(browser, 'Secret12345')).status).toBe(200)
      const docker = { username: ada.username, password: 'Secret12345' }
      const scope = `repository:${project}/app:pull`
      expect(await mayPull(registry(), await dockerToken(registry(), docker, scope), `${project}/app`)).toBe(true)
      expect(dockerToken(registry(), { ...docker, password: 'Secret1234' }, scope)).rejects.toThrow('401')
    })

    test('who signs in by name and password is led to the provider; accounts of the registry still may', async () => {
      await configure()
      const browser = new Browser()
      const csrf = (await browser.send(`${registry().url}/c/log_out`)).headers.get('x-harbor-csrf-token')!
      const login = async (principal: string, password: string) =>
        await browser.send(`${registry().url}/c/login`, {
          method: 'POST',
          headers: { 'x-harbor-csrf-token': csrf },
          body: new URLSearchParams({ principal, password }),
        })
      const refused = await login('somebody', 'wrong')
      expect([refused.status, await refused.json()]).toEqual([403, { redirect_location: '/c/oidc/login' }])
      expect((await login(registry().username, registry().password)).status).toBe(200)
    })

    test('signing out ends the session here, and at the provider where that is wanted', async () => {
      await configure({ oidc_logout: true })
      const { browser } = await signIn(newPerson().sub)
      const out = await browser.send(`${registry().url}/c/oidc/logout`)
      expect(out.headers.get('location')).toStartWith(`${provider.issuer}/session/end`)
      expect((await current(browser)).status).toBe(401)
    })

    test('a provider that is none is told from one that is; one that is away lets nobody in', async () => {
      await configure()
      const ping = async (url: string) => await admin().call('POST /system/oidc/ping', { body: { url } })
      expect((await ping(provider.issuer)).status).toBe(200)
      expect((await ping(registry().url)).status).toBe(400)
      expect((await ping('file:///etc/passwd')).status).toBe(400)
      await configure({ oidc_endpoint: 'http://127.0.0.1:1' })
      const away = await new Browser().send(`${registry().url}/c/oidc/login`)
      expect(away.status).toBe(503)
      // Where it was looked for, and what was there, is for who runs the registry.
      expect(await away.text()).toBe('the OIDC provider cannot be asked; the log of the registry says why\n')
    })
  },
  { env: { BERTH_OUTBOUND_ALLOW_LOCAL: 'true' } },
)
