import { beforeAll, expect, test } from 'bun:test'
import { describeConsole, languages } from './browser.ts'
import { people, seedRegistry } from './seed.ts'

const words = {
  en: {
    members: 'Members',
    storage: 'Storage used',
    activity: 'Recent activity',
    policies: 'Policies',
    noLimit: 'no storage quota',
  },
  'zh-CN': {
    members: '成员',
    storage: '已用存储',
    activity: '最近的操作',
    policies: '策略',
    noLimit: '未设置存储配额',
  },
} as const

describeConsole('the summary of a project', (scenario) => {
  beforeAll(async () => await seedRegistry(scenario().registry), 60_000)

  for (const language of languages) {
    for (const [theme, width] of [
      ['light', 1280],
      ['dark', 390],
    ] as const) {
      test(`says members, storage, policies and what happened, ${language}, ${theme}, ${width} wide`, async () => {
        const say = words[language]
        const { visit, administrator } = scenario()
        await visit(
          { language, theme, width, as: administrator },
          async ({ page, open, expectAccessible, picture }) => {
            await open('/projects/platform/summary')
            const main = page.getByRole('main')
            for (const text of [say.members, say.storage, say.noLimit])
              await main.getByText(text, { exact: true }).last().waitFor()
            await main.getByRole('heading', { name: say.activity }).waitFor()
            await main.getByRole('heading', { name: say.policies }).waitFor()
            expect(await main.getByRole('listitem').filter({ hasText: 'platform/' }).count()).toBeGreaterThan(3)
            await expectAccessible()
            await picture('summary')
          },
        )
      })
    }
  }

  test('a guest sees no more than they may', async () => {
    const { visit } = scenario()
    await visit({ as: people.grace }, async ({ page, open }) => {
      await open('/projects/research/summary')
      await page.getByRole('link', { name: 'Repositories' }).first().waitFor()
      expect(await page.getByRole('heading', { name: 'Recent activity' }).count()).toBe(0)
    })
    await visit({}, async ({ page, open }) => {
      await open('/projects/research/summary')
      await page.getByRole('heading', { name: 'research' }).waitFor()
      expect(await page.getByRole('heading', { name: 'Recent activity' }).count()).toBe(0)
      expect(await page.getByText('Storage used').count()).toBe(0)
    })
  })
})
