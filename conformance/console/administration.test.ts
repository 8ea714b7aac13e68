import { expect, test } from 'bun:test'
import type { RegistryUnderTest } from '../harness/registry.ts'
import { describeConsole, languages, settle } from './browser.ts'

const pages = [
  'users',
  'groups',
  'robots',
  'authentication',
  'quotas',
  'labels',
  'registries',
  'scanners',
  'vulnerability-data',
  'jobs',
  'queues',
  'schedules',
  'garbage-collection',
  'scrub',
  'audit-log',
  'configuration',
  'health',
] as const

describeConsole('administration', (scenario) => {
  for (const language of languages) {
    test(`every page can be read by everybody, ${language}`, async () => {
      const { visit, administrator } = scenario()
      const [theme, width] = language === 'en' ? (['light', 1280] as const) : (['dark', 390] as const)
      await visit({ language, theme, width, as: administrator }, async (visitor) => {
        for (const path of [...pages.map((page) => `/administration/${page}`), '/profile', '/profile/tokens']) {
          await visitor.open(path)
          await visitor.page.getByRole('heading', { level: 1 }).waitFor()
          await visitor.expectAccessible()
          await visitor.picture(path.slice(1).replaceAll('/', '-'))
          const overflow = await visitor.page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          )
          expect([path, overflow]).toEqual([path, 0])
        }
      })
    })
  }

  test('who is no administrator reads that it is not for them, and is not led there', async () => {
    const { visit, registry } = scenario()
    const ada = await addPerson(registry)
    await visit({ as: ada }, async (visitor) => {
      await visitor.open('/administration/users')
      await visitor.page.getByRole('heading', { name: 'You do not have access' }).waitFor()
      expect(await visitor.page.getByRole('link', { name: 'Garbage collection' }).count()).toBe(0)
    })
  })

  test('a user is created, made an administrator and deleted', async () => {
    const { visit, administrator } = scenario()
    await visit({ as: administrator }, async ({ page, open, expectAccessible }) => {
      await open('/administration/users')
      await page.getByRole('button', { name: 'New user' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Username').fill('grace')
      await dialog.getByLabel('Full name').fill('Grace Hopper')
      await dialog.getByLabel('Email').fill('grace@example.com')
      await dialog.getByRole('textbox', { name: 'Password' }).fill('weak')
      await page.keyboard.press('Enter')
      await dialog.getByText('8 to 128 characters').first().waitFor()
      await dialog.getByRole('textbox', { name: 'Password' }).fill('Compiler1952')
      await expectAccessible()
      await page.keyboard.press('Enter')
      const row = page.getByRole('row').filter({ hasText: 'grace' })
      await row.getByRole('button', { name: 'More actions for grace' }).click()
      await page.getByRole('menuitem', { name: 'Make administrator' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Make administrator' }).click()
      await row.getByText('administrator', { exact: true }).waitFor()
      await row.getByRole('button', { name: 'More actions for grace' }).click()
      await page.getByRole('menuitem', { name: 'Delete' }).click()
      await page.getByRole('dialog').getByRole('textbox').fill('grace')
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await row.waitFor({ state: 'detached' })
    })
  })

  test('garbage collection is run, and its log is read as it comes', async () => {
    const { visit, administrator } = scenario()
    await visit({ as: administrator }, async ({ page, open }) => {
      await open('/administration/garbage-collection')
      await page.getByRole('button', { name: 'Run now' }).click()
      await page.getByRole('dialog').getByLabel('Dry run').check()
      await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click()
      const row = page.getByRole('row').filter({ hasText: 'dry run' })
      await row.getByText('success').waitFor()
      await row.getByRole('link').click()
      await page.getByRole('log').getByText('dry run:').first().waitFor()
      await page.getByRole('heading', { level: 1, name: /Garbage collection \d+/ }).waitFor()
    })
  })

  test('a schedule is set, read in words, and taken away', async () => {
    const { visit, administrator } = scenario()
    await visit({ as: administrator }, async ({ page, open }) => {
      await open('/administration/garbage-collection')
      const set = async (type: string) => {
        await page.getByRole('button', { name: 'Change schedule' }).click()
        await page.getByRole('dialog').getByRole('combobox', { name: 'Frequency' }).click()
        await page.getByRole('option', { name: type }).click()
        await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
      }
      await set('Every day')
      await page.getByText('Every day at 00:00').waitFor()
      await open('/administration/schedules')
      await page.getByRole('cell', { name: 'Garbage collection' }).waitFor()
      await open('/administration/garbage-collection')
      await set('Never')
      await page.getByText('Not scheduled.').waitFor()
    })
  })

  test('a robot is created, and its secret is shown this once', async () => {
    const { visit, administrator } = scenario()
    await visit({ as: administrator }, async ({ page, open, expectAccessible }) => {
      await open('/administration/robots')
      await page.getByRole('button', { name: 'New robot' }).first().click()
      await page.getByRole('dialog').getByLabel('Name').fill('nightly')
      await expectAccessible()
      await page.getByRole('dialog').getByRole('button', { name: 'Create robot' }).click()
      const secret = page.getByRole('dialog').getByLabel('Secret', { exact: true })
      expect((await secret.inputValue()).length).toBeGreaterThan(20)
      await page.getByRole('dialog').getByRole('button').last().click()
      await page.getByRole('cell', { name: 'robot$nightly', exact: true }).waitFor()
      expect(await page.getByLabel('Secret', { exact: true }).count()).toBe(0)
    })
  })

  test('a setting is changed, and a directory that does not answer is said what to do about', async () => {
    const { visit, administrator } = scenario()
    await visit({ as: administrator }, async ({ page, open, expectAccessible }) => {
      await open('/administration/configuration')
      await page.getByLabel('Banner').fill('Maintenance on Friday')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByRole('main').getByText('Maintenance on Friday').first().waitFor()
      await page.getByLabel('Banner').fill('')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await open('/administration/authentication')
      await page.getByText('LDAP', { exact: true }).click()
      await page.getByLabel('LDAP URL').fill('ldap://127.0.0.1:9')
      await page.getByLabel('Base DN', { exact: true }).fill('dc=example,dc=com')
      await page.getByRole('button', { name: 'Test connection' }).click()
      await page.getByText('change the named setting in the config file').waitFor()
      await expectAccessible()
    })
  })

  test('the audit log is filtered, and what the filter shows is exported', async () => {
    const { visit, administrator } = scenario()
    await visit({ as: administrator }, async ({ page, open }) => {
      await open('/administration/audit-log?operation=login')
      await page.getByRole('cell', { name: 'Sign in' }).first().waitFor()
      const started = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Export' }).click()
      await page.getByRole('menuitem', { name: 'As JSON lines' }).click()
      const lines = (await new Response((await (await started).createReadStream()) as never).text()).trim().split('\n')
      expect(lines.length).toBeGreaterThan(0)
      expect(new Set(lines.map((line) => (JSON.parse(line) as { operation: string }).operation))).toEqual(
        new Set(['login']),
      )
    })
  })

  test('somebody ends their other browser, changes their password and stays here', async () => {
    const { visit, registry } = scenario()
    const ada = await addPerson(registry)
    await visit({ as: ada }, async (elsewhere) => {
      await elsewhere.open('/profile')
      await visit({ as: ada }, async ({ page, open }) => {
        await open('/profile')
        await page.getByRole('button', { name: 'More actions for another browser' }).click()
        await page.getByRole('menuitem', { name: 'Sign out' }).click()
        await page.getByText('another browser').waitFor({ state: 'detached' })
        await page.getByLabel('Current password').fill(ada.password)
        await page.getByLabel('New password', { exact: true }).fill('Analytical1843')
        await page.getByLabel('Confirm new password').fill('Analytical1843')
        await page.getByRole('button', { name: 'Change password' }).click()
        await page.getByText('Your password was changed').waitFor()
        await open('/profile')
        await page.getByText('this browser').waitFor()
      })
      await elsewhere.page.reload()
      await elsewhere.page.waitForURL((url) => url.pathname === '/sign-in')
      await settle(elsewhere.page)
    })
  })

  test('a token is made and pulls, until it is deleted', async () => {
    const { visit, registry } = scenario()
    const ada = await addPerson(registry)
    await visit({ as: ada }, async ({ page, open }) => {
      await open('/profile/tokens')
      await page.getByRole('button', { name: 'New token' }).first().click()
      await page.getByRole('dialog').getByLabel('Name').fill('laptop')
      await page.getByRole('dialog').getByRole('button', { name: 'Create token' }).click()
      const secret = await page.getByRole('dialog').getByLabel('Secret', { exact: true }).inputValue()
      const signsIn = async () => {
        const headers = { authorization: `Basic ${btoa(`${ada.username}:${secret}`)}` }
        return (await fetch(`${registry.url}/v2/`, { headers })).status
      }
      expect(await signsIn()).toBe(200)
      await page.getByRole('dialog').getByRole('button').last().click()
      await page.getByRole('button', { name: 'More actions for laptop' }).click()
      await page.getByRole('menuitem', { name: 'Delete' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('cell', { name: 'laptop', exact: true }).waitFor({ state: 'detached' })
      expect(await signsIn()).toBe(401)
    })
  })
})

async function addPerson({ url, username: admin, password: secret }: RegistryUnderTest) {
  const username = `ada-${crypto.randomUUID().slice(0, 8)}`
  const person = { username, password: 'Analytical1', email: `${username}@example.com`, realname: 'Ada Lovelace' }
  const response = await fetch(`${url}/api/v2.0/users`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${admin}:${secret}`)}`, 'content-type': 'application/json' },
    body: JSON.stringify(person),
  })
  expect(response.status).toBe(201)
  return person
}
