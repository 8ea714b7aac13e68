import { expect, test } from 'bun:test'
import { describeConsole, languages } from './browser.ts'
import { people, seedRegistry } from './seed.ts'

const words = {
  en: {
    password: 'New password',
    again: 'Confirm password',
    set: 'Set password and continue',
    attention: 'Needs attention',
  },
  'zh-CN': { password: '新密码', again: '再次输入', set: '设置密码并继续', attention: '需要处理' },
} as const

for (const language of languages) {
  describeConsole(
    `the first run, ${language}`,
    (scenario) => {
      test('the administrator chooses a password before anything else, and gets the commands of this registry', async () => {
        const { visit, registry } = scenario()
        const as = { username: 'admin', password: 'Harbor12345' }
        await visit({ language, as }, async ({ page, open, expectAccessible, picture }) => {
          await open('/projects')
          expect(new URL(page.url()).pathname).toBe('/first-run')
          await expectAccessible()
          await picture('first-run')
          const { password, again, set } = words[language]
          await page.getByLabel(password, { exact: true }).fill('Harbour2026')
          await page.getByLabel(again, { exact: true }).fill('Harbour2027')
          await page.getByRole('button', { name: set }).click()
          await page.getByLabel(again, { exact: true }).fill('Harbour2026')
          await page.keyboard.press('Enter')
          await page.waitForURL((url) => url.pathname === '/first-image')
          await page.getByText(`docker push ${registry.host}/library/hello:v1`).waitFor()
          await expectAccessible()
          await picture('first-image')
        })
        const signedIn = await fetch(`${registry.url}/api/v2.0/users/current`, {
          headers: { authorization: `Basic ${btoa('admin:Harbour2026')}` },
        })
        expect(signedIn.status).toBe(200)
      })
    },
    { env: { BERTH_ADMIN_PASSWORD: 'Harbor12345' } },
  )
}

describeConsole('the start page and the palette', (scenario) => {
  test('an administrator sees what is there; the palette finds it by the keyboard alone', async () => {
    const { visit, registry, administrator } = scenario()
    await seedRegistry({ url: registry.url, ...administrator })
    await visit({ as: administrator }, async ({ page, open, expectAccessible, picture }) => {
      await open('/')
      await page.getByText('platform/gateway').waitFor()
      // The chart says the same numbers to who hears them.
      const numbers = page.getByRole('table', { name: /\d+ pushes in this period/ })
      await numbers.waitFor({ state: 'attached' })
      const pushes = (await numbers.getByRole('cell').allTextContents()).filter((_, index) => index % 2 === 1)
      const total = pushes.reduce((sum, text) => sum + Number(text), 0)
      expect(pushes.length).toBeGreaterThan(20)
      expect(await numbers.locator('caption').textContent()).toContain(`${total} pushes`)
      await expectAccessible()
      await picture('home')
      await page.keyboard.press('Control+k')
      const field = page.getByRole('combobox')
      await field.waitFor()
      await page.keyboard.type('gateway')
      await page.getByRole('option', { name: /platform\/gateway/ }).waitFor()
      await expectAccessible()
      await picture('palette')
      await page.keyboard.press('Escape')
      await field.waitFor({ state: 'detached' })
      await page.keyboard.press('Control+k')
      // The field has the keyboard a moment after it is there; keys before that go to the page.
      await page.locator('[role=combobox]:focus').waitFor()
      await page.keyboard.type('Projects')
      await page.getByRole('option', { name: 'Projects', selected: true }).first().waitFor()
      await page.keyboard.press('Enter')
      await page.waitForURL((url) => url.pathname === '/projects')
    })
  }, 120_000)

  test('somebody without rights sees their own and no storage', async () => {
    const { visit } = scenario()
    await visit({ as: people.grace, language: 'zh-CN' }, async ({ page, open, expectAccessible }) => {
      await open('/')
      await page.getByRole('heading', { level: 1 }).waitFor()
      expect(await page.getByRole('heading', { name: '存储' }).count()).toBe(0)
      await expectAccessible()
    })
  })

  test('a session that ended asks to sign in again, and leads back', async () => {
    const { visit, registry } = scenario()
    await visit({ as: people.wei }, async ({ page, open, tolerate }) => {
      await open('/projects')
      // The browser reports the 401 that tells the page of it.
      tolerate(/401/)
      await page.context().request.get(`${registry.url}/c/log_out`)
      await page.getByRole('link', { name: 'Home' }).first().click()
      await page.waitForURL((url) => url.pathname === '/sign-in')
      await page.getByLabel('Username').fill(people.wei.username)
      await page.getByLabel('Password', { exact: true }).fill(people.wei.password)
      await page.keyboard.press('Enter')
      await page.waitForURL((url) => url.pathname === '/')
    })
  })
})
