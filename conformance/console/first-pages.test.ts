import { expect, test } from 'bun:test'
import { describeConsole, languages } from './browser.ts'

describeConsole('the console', (scenario) => {
  for (const language of languages) {
    test(`somebody signs in with the keyboard alone, ${language}`, async () => {
      const { visit, administrator } = scenario()
      await visit({ language }, async (visitor) => {
        const { page } = visitor
        await visitor.open('/')
        expect(new URL(page.url()).pathname).toBe('/sign-in')
        await visitor.picture('sign-in')
        await visitor.expectAccessible()
        await page.keyboard.type(administrator.username)
        await page.keyboard.press('Tab')
        await page.keyboard.type(administrator.password)
        await page.keyboard.press('Enter')
        await page.waitForURL((url) => url.pathname === '/')
        await page.getByRole('heading', { level: 1 }).waitFor()
      })
    })

    test(`a project is created, found and deleted, ${language}`, async () => {
      const { visit, administrator } = scenario()
      const words =
        language === 'en'
          ? { new: 'New project', name: 'Name', create: 'Create project', more: 'More actions for', delete: 'Delete' }
          : { new: '新建项目', name: '名称', create: '创建项目', more: '的更多操作', delete: '删除' }
      await visit({ language, as: administrator }, async (visitor) => {
        const { page } = visitor
        await visitor.open('/projects')
        await visitor.expectAccessible()
        await visitor.picture('projects')
        const name = `harbour-${language.toLowerCase()}`
        await page.getByRole('button', { name: words.new }).click()
        await page.getByLabel(words.name, { exact: true }).fill(name)
        await visitor.expectAccessible()
        await visitor.picture('new-project')
        await page.getByRole('button', { name: words.create }).click()
        await page.getByRole('cell', { name, exact: true }).waitFor()
        await page.getByRole('button', { name: new RegExp(`${words.more}.*${name}|${name}.*${words.more}`) }).click()
        await page.getByRole('menuitem', { name: words.delete }).click()
        const dialog = page.getByRole('dialog')
        await visitor.picture('delete-project')
        expect(await dialog.getByRole('button', { name: words.delete }).isDisabled()).toBe(true)
        await dialog.getByRole('textbox').fill(name)
        await dialog.getByRole('button', { name: words.delete }).click()
        await page.getByRole('cell', { name, exact: true }).waitFor({ state: 'detached' })
      })
    })
  }

  test('an address that is nothing is said by a page that leads home; a program gets text', async () => {
    const { visit, registry, administrator } = scenario()
    await visit({ as: administrator }, async ({ page, open, tolerate }) => {
      tolerate(/404/)
      await open('/no-such-page/at-all')
      await page.getByRole('heading', { name: 'Page not found' }).waitFor()
      await page.getByRole('link', { name: 'Go to the home page' }).click()
      await page.waitForURL((url) => url.pathname === '/')
      await page.getByRole('heading', { level: 1 }).waitFor()
    })
    const asked = async (accept: string) => await fetch(`${registry.url}/no-such-page`, { headers: { accept } })
    expect((await asked('text/html,*/*')).status).toBe(404)
    const plain = await asked('*/*')
    expect([plain.status, plain.headers.get('content-type')]).toEqual([404, 'text/plain; charset=utf-8'])
  })

  for (const theme of ['light', 'dark'] as const) {
    for (const width of [390, 1280]) {
      test(`pages can be read by everybody: ${theme}, ${width} wide`, async () => {
        const { visit, administrator } = scenario()
        await visit({ theme, width, as: administrator }, async (visitor) => {
          for (const path of ['/', '/projects']) {
            await visitor.open(path)
            await visitor.expectAccessible()
            await visitor.picture(path === '/' ? 'home' : 'projects')
            const overflow = await visitor.page.evaluate(
              () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
            )
            expect(overflow).toBeLessThanOrEqual(0)
          }
        })
      })
    }
  }
})
