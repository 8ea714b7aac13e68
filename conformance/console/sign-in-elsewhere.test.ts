import { expect, test } from 'bun:test'
import { ApiClient } from '../api/contract-client.ts'
import { ldapSearchAccount, ldapServerMissing, startLdapServer } from '../harness/ldap-server.ts'
import { oidcClient, startOidcProvider } from '../harness/oidc-provider.ts'
import { skipLoudly } from '../harness/real-client.ts'
import type { RegistryUnderTest } from '../harness/registry.ts'
import { describeConsole, languages } from './browser.ts'

const words = {
  en: {
    username: 'Username',
    password: 'Password',
    signIn: 'Sign in',
    goOn: 'Continue',
    again: 'Sign in again',
    more: 'More actions for',
    handOver: 'Hand over account',
    issuer: 'Issuer URL',
    handedOver: /was handed over/,
  },
  'zh-CN': {
    username: '用户名',
    password: '密码',
    signIn: '登录',
    goOn: '使用此用户名继续',
    again: '重新登录',
    more: '更多操作',
    handOver: '移交账号',
    issuer: 'Issuer 地址',
    handedOver: /已移交/,
  },
} as const
const taken = { en: /is taken/, 'zh-CN': /已被另一个账号使用/ } as const
const invalid = { en: /1 to 255 characters/, 'zh-CN': /1 到 255 个字符/ } as const

async function configure(registry: RegistryUnderTest, body: object): Promise<void> {
  expect((await new ApiClient(registry).call('PUT /configurations', { body })).status).toBe(200)
}

describeConsole(
  'signing in with an account of elsewhere',
  (scenario) => {
    for (const language of languages) {
      test(`somebody new of an OIDC provider chooses a name and is in, ${language}`, async () => {
        const { visit, registry, administrator } = scenario()
        await using provider = await startOidcProvider([`${registry.url}/c/oidc/callback`])
        await configure(registry, {
          auth_mode: 'oidc_auth',
          oidc_name: 'Harbour Office',
          oidc_endpoint: provider.issuer,
          oidc_client_id: oidcClient.id,
          oidc_client_secret: oidcClient.secret,
          oidc_scope: 'openid,profile,email,offline_access',
          oidc_user_claim: 'name',
          oidc_auto_onboard: false,
          oidc_extra_redirect_parms: '{"prompt":"consent"}',
        })
        const sub = `s${crypto.randomUUID().slice(0, 8)}`
        provider.people.set(sub, { sub, name: `person ${sub}`, email: `${sub}@example.org`, groups: [] })
        const say = words[language]
        await visit({ language }, async ({ page, open, expectAccessible, picture, tolerate }) => {
          // The provider's own page, and the refusals that this test asks for.
          tolerate(/40[049] \(|ERR_NAME_NOT_RESOLVED/)
          await open('/sign-in?next=%2Fprojects')
          await page.getByRole('link', { name: /Harbour Office/ }).click()
          await page.locator('input[name=login]').fill(sub)
          await page.locator('input[name=password]').fill('any')
          await page.locator('button[type=submit]').click()
          await page.waitForURL(/interaction/)
          await page.locator('button[type=submit]').click()
          await page.waitForURL((url) => url.pathname === '/oidc-onboard')
          const field = page.getByLabel(say.username)
          await page.waitForFunction((name) => document.querySelector('input')?.value === name, `person_${sub}`)
          await expectAccessible()
          await picture('onboarding')
          await field.fill('a:b')
          await page.keyboard.press('Enter')
          await page.getByText(invalid[language]).waitFor()
          await field.fill(registry.username)
          await page.keyboard.press('Enter')
          await page.getByText(taken[language]).waitFor()
          await expectAccessible()
          await field.fill(`chosen-${sub}`)
          await page.keyboard.press('Enter')
          await page.waitForURL((url) => url.pathname === '/projects')
          const mine = await page.context().request.get(`${registry.url}/api/v2.0/users/current`)
          expect(await mine.json()).toMatchObject({ username: `chosen-${sub}`, email: `${sub}@example.org` })
          // The name is chosen once; the page tells whoever comes back to it where to go.
          await open(`/oidc-onboard?username=again-${sub}`)
          await page.getByRole('button', { name: say.goOn }).click()
          await page.getByRole('link', { name: say.again }).waitFor()
          await expectAccessible()
          await picture('onboarding-expired')
        })
        const [theme, width] = language === 'en' ? (['light', 1280] as const) : (['dark', 390] as const)
        const asAdministrator = { language, theme, width, as: administrator }
        await visit(asAdministrator, async ({ page, open, expectAccessible, picture }) => {
          await open(`/administration/users?q=chosen-${sub}`)
          await page
            .getByRole('button', { name: new RegExp(`${say.more}.*chosen-${sub}|chosen-${sub}.*${say.more}`) })
            .click()
          await page.getByRole('menuitem', { name: say.handOver }).click()
          const dialog = page.getByRole('dialog')
          const submit = dialog.getByRole('button', { name: say.handOver })
          await submit.click()
          await dialog.getByLabel(say.issuer).fill('https://new.example.org/realms/company')
          await dialog.getByLabel('Subject').fill(sub)
          await expectAccessible()
          await picture('hand-over-account')
          await submit.click()
          await page.getByText(say.handedOver).waitFor()
        })
      }, 60_000)
    }

    if (ldapServerMissing !== undefined) skipLoudly('somebody of a directory signs in by the form', ldapServerMissing)
    else
      test('somebody of a directory signs in by the form', async () => {
        const { visit, registry, administrator } = scenario()
        await using directory = await startLdapServer()
        await directory.addPerson('ada', 'Analytical1')
        await visit({}, async ({ page, open, tolerate }) => {
          tolerate(/401/)
          const { en: say } = words
          await configure(registry, {
            auth_mode: 'ldap_auth',
            ldap_url: directory.url,
            ldap_search_dn: ldapSearchAccount.dn,
            ldap_search_password: ldapSearchAccount.password,
            ldap_base_dn: 'ou=people,dc=example,dc=org',
            ldap_uid: 'uid',
            ldap_filter: '(objectClass=inetOrgPerson)',
          })
          await open('/sign-in')
          await page.getByText('Use your LDAP account').waitFor()
          for (const password of ['wrong', 'Analytical1']) {
            await page.getByLabel(say.username).fill('ada')
            await page.getByLabel(say.password, { exact: true }).fill(password)
            await page.getByRole('button', { name: say.signIn }).click()
            if (password === 'wrong') await page.getByRole('alert').waitFor()
          }
          await page.waitForURL((url) => url.pathname === '/')
          const mine = await page.context().request.get(`${registry.url}/api/v2.0/users/current`)
          expect(await mine.json()).toMatchObject({ username: 'ada', email: 'ada@example.org' })
        })
        await visit({ as: administrator }, async ({ page, open, expectAccessible, picture }) => {
          const { en: say } = words
          await open('/administration/users?q=ada')
          await page.getByRole('button', { name: `${say.more} ada` }).click()
          await page.getByRole('menuitem', { name: say.handOver }).click()
          await expectAccessible()
          await picture('hand-over-account-of-directory')
          await page.getByRole('dialog').getByRole('button', { name: say.handOver }).click()
          await page.getByText(say.handedOver).waitFor()
        })
      }, 60_000)
  },
  { env: { BERTH_OUTBOUND_ALLOW_LOCAL: 'true' } },
)
