import { beforeAll, expect, test } from 'bun:test'
import { describeConsole, languages } from './browser.ts'
import { people, seedRegistry } from './seed.ts'

const words = {
  en: { disable: 'Disable', enable: 'Enable', disabled: 'disabled', more: /More actions.*grace/ },
  'zh-CN': { disable: '禁用', enable: '启用', disabled: '已禁用', more: /更多操作.*grace|grace.*更多操作/ },
} as const

describeConsole('disabling users', (scenario) => {
  beforeAll(async () => await seedRegistry(scenario().registry), 60_000)

  for (const language of languages) {
    test(`a disabled user is out of their open page at once, and can sign in again when enabled, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator } = scenario()
      await visit({ as: people.grace }, async (visitor) => {
        visitor.tolerate(/401/)
        await visitor.open('/projects')
        await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
          await open('/administration/users?q=grace')
          await page.getByRole('button', { name: say.more }).click()
          await page.getByRole('menuitem', { name: say.disable }).click()
          await page.getByRole('dialog').getByRole('button', { name: say.disable }).click()
          await page.getByRole('table').getByText(say.disabled, { exact: true }).waitFor()
          await expectAccessible()
          await picture('user-disabled')
        })
        await visitor.page.goto('/projects/platform/members')
        await visitor.page.waitForURL(/sign-in/)
        await visit({ language, as: administrator }, async ({ page, open }) => {
          await open('/administration/users?q=grace')
          await page.getByRole('button', { name: say.more }).click()
          await page.getByRole('menuitem', { name: say.enable }).click()
          await page.getByRole('table').getByText(say.disabled, { exact: true }).waitFor({ state: 'hidden' })
        })
      })
      await visit({ as: people.grace }, async ({ page, open }) => {
        await open('/projects')
        expect(await page.getByRole('link', { name: 'platform' }).count()).toBeGreaterThan(0)
      })
    })
  }
})
