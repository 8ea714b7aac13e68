import { beforeAll, expect, test } from 'bun:test'
import { createIndex, createUniqueImage } from '../harness/image.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, languages } from './browser.ts'
import { people, seedRegistry } from './seed.ts'

const words = {
  en: {
    delete: 'Delete',
    undo: 'Undo',
    addTag: 'Add tag',
    tag: 'Tag',
    graph: 'Graph',
    layers: 'Layers',
    platforms: 'Platforms',
    tags: 'Tags',
    more: /More actions/,
    members: 'Members',
    settings: 'Settings',
    restore: 'Restore',
  },
  'zh-CN': {
    delete: '删除',
    undo: '撤销',
    addTag: '添加 Tag',
    tag: 'Tag',
    graph: '关系图',
    layers: '层',
    platforms: '平台',
    tags: 'Tags',
    more: /更多操作/,
    members: '成员',
    settings: '设置',
    restore: '恢复',
  },
} as const

describeConsole('repositories and artifacts in the console', (scenario) => {
  beforeAll(async () => await seedRegistry(scenario().registry), 60_000)

  for (const language of languages) {
    test(`an image of several platforms is looked at by its parts, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator }, async (visitor) => {
        const { page } = visitor
        await visitor.open('/projects/platform')
        await visitor.expectAccessible()
        await visitor.picture('repositories')
        await page.getByRole('link', { name: 'identity/server' }).click()
        await page.getByRole('link', { name: 'latest' }).waitFor()
        await visitor.expectAccessible()
        await visitor.picture('artifacts')
        await page.getByRole('link', { name: 'latest' }).click()
        await page.getByRole('link', { name: 'linux/arm64' }).waitFor()
        await visitor.expectAccessible()
        await visitor.picture('artifact-platforms')
        await page.getByRole('tab', { name: say.graph }).click()
        await page.getByRole('tabpanel').getByRole('link').first().waitFor()
        expect(await page.getByRole('tabpanel').getByRole('link').count()).toBe(4)
        await visitor.expectAccessible()
        await page.getByRole('tab', { name: say.platforms }).click()
        await page.getByRole('link', { name: 'linux/arm64' }).click()
        await page.getByRole('tab', { name: say.layers, exact: true }).waitFor()
        await page.getByRole('tabpanel').getByRole('listitem').first().waitFor()
        await visitor.expectAccessible()
        await visitor.picture('artifact-layers')
      })
    })

    test(`an artifact is tagged, deleted, and had back, with the keyboard alone, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator, registry } = scenario()
      const repository = `platform/keys-${language.toLowerCase()}`
      const client = new V2Client(registry)
      // One that stays: without an artifact a repository is none.
      await client.pushImage(repository, createUniqueImage(), 'other')
      await client.pushImage(repository, createUniqueImage(), 'v1')
      await visit({ language, as: administrator }, async (visitor) => {
        const { page } = visitor
        await visitor.open(`/projects/platform/repositories/${repository.split('/')[1]}`)
        await page.getByRole('button', { name: say.more }).first().focus()
        await page.keyboard.press('Enter')
        await page.getByRole('menuitem', { name: say.addTag }).press('Enter')
        await page.getByRole('textbox', { name: say.tag }).waitFor()
        await visitor.expectAccessible()
        await page.keyboard.type('stable')
        await page.keyboard.press('Enter')
        const dialog = page.getByRole('dialog')
        // As it closes it gives the focus back to the menu.
        await dialog.waitFor({ state: 'detached' })
        await page.getByRole('link', { name: 'stable' }).waitFor()
        await page.getByRole('button', { name: say.more }).first().focus()
        await page.keyboard.press('Enter')
        await page.getByRole('menuitem', { name: say.delete }).press('Enter')
        await dialog.getByText('stable · v1').waitFor()
        await visitor.picture('delete-artifact')
        await dialog.getByRole('button', { name: say.delete }).press('Enter')
        await page.getByRole('link', { name: 'stable' }).waitFor({ state: 'detached' })
        await page.getByRole('button', { name: say.undo }).press('Enter')
        await page.getByRole('link', { name: 'stable' }).waitFor()
      })
    })
  }

  test('a guest looks and is offered no change; a stranger is told to sign in', async () => {
    const { visit } = scenario()
    await visit({ as: people.grace }, async (visitor) => {
      const { page } = visitor
      await visitor.open('/projects/platform')
      await page.getByRole('link', { name: 'gateway', exact: true }).waitFor()
      expect(await page.getByRole('link', { name: words.en.settings }).count()).toBe(0)
      await visitor.open('/projects/platform/repositories/gateway')
      await page.getByRole('button', { name: words.en.more }).first().click()
      await page.getByRole('menuitem').first().waitFor()
      expect(await page.getByRole('menuitem', { name: words.en.delete }).count()).toBe(0)
    })
    await visit({}, async (visitor) => {
      await visitor.open('/projects/platform/members')
      expect(new URL(visitor.page.url()).pathname).toBe('/sign-in')
    })
  })

  test('what an owner of a project deletes lies in its trash until they take it back', async () => {
    const { visit, registry } = scenario()
    await new V2Client(registry).pushImage('platform/gone', createIndex([createUniqueImage()]), 'v9')
    const admin = `Basic ${btoa(`${registry.username}:${registry.password}`)}`
    const path = '/api/v2.0/projects/platform/repositories/gone/artifacts/v9'
    await fetch(`${registry.url}${path}`, { method: 'DELETE', headers: { authorization: admin } })
    await visit({ as: people.ada, width: 390 }, async (visitor) => {
      const { page } = visitor
      await visitor.open('/projects/platform/trash')
      await visitor.expectAccessible()
      await visitor.picture('trash')
      const row = page.getByRole('row').filter({ hasText: 'gone' })
      await row.getByRole('button', { name: words.en.more }).click()
      await page.getByRole('menuitem', { name: words.en.restore }).click()
      await row.waitFor({ state: 'detached' })
    })
    const back = await fetch(`${registry.url}${path}`, { headers: { authorization: admin } })
    expect(back.status).toBe(200)
  })

  for (const theme of ['light', 'dark'] as const) {
    for (const width of [390, 1280]) {
      test(`pages of a project can be read by everybody: ${theme}, ${width} wide`, async () => {
        const { visit, administrator } = scenario()
        await visit({ theme, width, as: administrator }, async (visitor) => {
          for (const path of [
            '',
            '/members',
            '/labels',
            '/logs',
            '/settings',
            '/repositories/gateway/artifacts/latest',
          ]) {
            await visitor.open(`/projects/platform${path}`)
            await visitor.expectAccessible()
            await visitor.picture(`project${path.replaceAll('/', '-')}`)
            const overflow = await visitor.page.evaluate(
              () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
            )
            expect([path, overflow]).toEqual([path, 0])
          }
        })
      })
    }
  }
})
