import { beforeAll, expect, test } from 'bun:test'
import type { RegistryUnderTest } from '../harness/registry.ts'
import { describeConsole, languages } from './browser.ts'
import { people, seedRegistry } from './seed.ts'

const { ada, wei, grace } = people

describeConsole('robots and policies of a project', (scenario) => {
  beforeAll(async () => {
    const { registry, administrator } = scenario()
    await seedRegistry({ url: registry.url, ...administrator })
  }, 120_000)

  for (const language of languages) {
    test(`a robot's secret is shown once, in the forms that it is needed in, ${language}`, async () => {
      const words =
        language === 'en'
          ? { new: 'New robot', name: 'Name', create: 'Create robot', secret: 'Secret', kept: 'Done, I saved it' }
          : { new: '新建机器人账户', name: '名称', create: '创建机器人账户', secret: '密钥', kept: '我已保存' }
      const { visit, registry } = scenario()
      await visit({ language, as: ada }, async (visitor) => {
        const { page } = visitor
        await visitor.open('/projects/platform/robots')
        await visitor.expectAccessible()
        await visitor.picture('robots')
        await page.getByRole('button', { name: words.new }).click()
        const name = `builder-${language.toLowerCase()}`
        await page.getByLabel(words.name, { exact: true }).fill(name)
        await visitor.expectAccessible()
        await visitor.picture('robot-form')
        await page.getByRole('button', { name: words.create }).click()
        const secret = await page.getByLabel(words.secret, { exact: true }).inputValue()
        const username = `robot$platform+${name}`
        await visitor.expectAccessible()
        await visitor.picture('robot-secret')
        for (const form of ['Kubernetes', 'GitHub Actions', 'GitLab CI']) {
          await page.getByRole('tab', { name: form }).click()
          expect(await page.getByRole('tabpanel').innerText()).toContain(secret)
        }
        const token = await fetch(
          `${registry.url}/service/token?service=harbor-registry&scope=repository:platform/search:pull`,
          {
            headers: { authorization: `Basic ${btoa(`${username}:${secret}`)}` },
          },
        )
        expect(token.status).toBe(200)
        // Neither a key nor a click beside it loses the secret.
        await page.keyboard.press('Escape')
        expect(await page.getByLabel(words.secret, { exact: true }).inputValue()).toBe(secret)
        await page.getByRole('button', { name: words.kept }).click()
        await page.getByText(username, { exact: true }).waitFor()
        expect(await page.content()).not.toContain(secret)
      })
    })
  }

  for (const language of languages) {
    test(`the preview shows what a run then does, before anything is saved, ${language}`, async () => {
      const words =
        language === 'en'
          ? {
              add: 'Add rule',
              many: 'Number',
              take: 'Apply rule',
              preview: 'Preview',
              goes: 'Removed',
              save: 'Save policy',
              dryRun: 'Dry run',
              done: 'Success',
            }
          : {
              add: '添加规则',
              many: '数量',
              take: '应用规则',
              preview: '预览',
              goes: '移除',
              save: '保存策略',
              dryRun: '模拟运行',
              done: '成功',
            }
      const { visit, registry } = scenario()
      // A project of its own for each language: a policy is there once.
      const project = language === 'en' ? 'platform' : 'research'
      const [repository, expected] = language === 'en' ? ['search', 24] : ['models/embedder', 12]
      await visit({ language, as: ada }, async (visitor) => {
        const { page } = visitor
        await visitor.open(`/projects/${project}/policies`)
        await visitor.expectAccessible()
        await visitor.picture('policies-empty')
        await page.getByRole('button', { name: words.add, exact: true }).click()
        await page.getByLabel(words.many, { exact: true }).fill('1')
        await visitor.expectAccessible()
        await visitor.picture('retention-rule')
        await page.getByRole('button', { name: words.take }).click()
        await page.getByRole('button', { name: words.preview, exact: true }).click()
        const rows = page.getByRole('row').filter({ hasText: words.goes })
        await rows.first().waitFor()
        await visitor.expectAccessible()
        await visitor.picture('retention-preview')
        // All tags but one of each repository, and nothing has been saved yet.
        const table = page.getByRole('table').filter({ has: rows.first() })
        expect(Number(await table.getAttribute('aria-rowcount')) - 1).toBe(expected)
        expect(await policyOf(registry, project)).toBeUndefined()
        await page.getByRole('button', { name: words.save }).click()
        await page.getByRole('button', { name: words.dryRun, exact: true }).click()
        const run = page.getByRole('link', { name: new RegExp(`^${words.dryRun}`) })
        await run.waitFor()
        await page.getByText(words.done, { exact: true }).waitFor({ timeout: 60_000 })
        await visitor.picture('retention-runs')
        await run.click()
        await page.getByRole('row').filter({ hasText: repository }).first().waitFor()
        await visitor.expectAccessible()
        await visitor.picture('retention-run')
        await page.getByRole('row').filter({ hasText: repository }).getByRole('button').click()
        await page.getByRole('dialog').getByText('1.0.0').first().waitFor()
        await visitor.expectAccessible()
        await visitor.picture('retention-log')
      })
      expect(await policyOf(registry, project)).toBeDefined()
    })
  }

  test('an immutable tag is one that a rule names, and the preview says that it stays', async () => {
    await scenario().visit({ as: ada }, async (visitor) => {
      const { page } = visitor
      await visitor.open('/projects/library/policies')
      await page.getByRole('button', { name: 'Add immutability rule' }).click()
      await page.getByLabel('Tag pattern').fill('1.0.*')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('tags matching 1.0.* in all repositories').waitFor()
      await page.getByRole('button', { name: 'Add rule', exact: true }).click()
      await page.getByLabel('Number', { exact: true }).fill('1')
      await page.getByRole('button', { name: 'Apply rule' }).click()
      await page.getByRole('button', { name: 'Preview', exact: true }).click()
      await page.getByRole('switch', { name: 'Removed only' }).setChecked(false, { force: true })
      await page.getByText('Tag 1.0.0 is immutable.').filter({ visible: true }).first().waitFor()
    })
  })

  test('a schedule says when it comes next, and only a good one is saved', async () => {
    await scenario().visit({ as: ada, width: 390 }, async (visitor) => {
      const { page } = visitor
      await visitor.open('/projects/library/policies')
      await page.getByRole('button', { name: 'Add rule', exact: true }).click()
      await page.getByRole('button', { name: 'Apply rule' }).click()
      await page.getByRole('combobox', { name: 'Schedule' }).click()
      await page.getByRole('option', { name: 'Cron expression' }).click()
      await page.getByLabel('Cron expression (UTC)').fill('0 0 3 30 2 *')
      await page.getByText('Six fields, seconds first').waitFor()
      expect(await page.getByRole('button', { name: 'Save policy' }).isDisabled()).toBe(true)
      await page.getByLabel('Cron expression (UTC)').fill('0 30 2 * * 1-5')
      await page.getByText('Next runs in your time zone:').waitFor()
      await visitor.expectAccessible()
      await visitor.picture('retention-schedule')
      await page.getByRole('button', { name: 'Save policy' }).click()
      await page.getByText('Policy saved').waitFor()
    })
  })

  test('an administrator limits the storage of a project; its members see how much of it is used', async () => {
    const { visit, administrator } = scenario()
    await visit({ as: administrator }, async (visitor) => {
      const { page } = visitor
      await visitor.open('/projects/platform/policies')
      await page.getByRole('button', { name: 'Change limit' }).click()
      await page.getByLabel('Limit', { exact: true }).fill('10 GiB')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByText(/ of 10 GiB used/).waitFor()
    })
    await visit({ as: ada, theme: 'dark', height: 1400 }, async (visitor) => {
      await visitor.open('/projects/platform/policies')
      await visitor.page.getByText(/ of 10 GiB used/).waitFor()
      expect(await visitor.page.getByRole('button', { name: 'Change limit' }).count()).toBe(0)
      await visitor.picture('policies-whole')
    })
  })

  for (const theme of ['light', 'dark'] as const) {
    for (const width of [390, 1280]) {
      test(`they can be read by everybody: ${theme}, ${width} wide`, async () => {
        const { visit, administrator } = scenario()
        await visit({ theme, width, as: administrator }, async (visitor) => {
          for (const page of ['robots', 'policies']) {
            await visitor.open(`/projects/platform/${page}`)
            await visitor.expectAccessible()
            await visitor.picture(page)
            const overflow = await visitor.page.evaluate(
              () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
            )
            expect(overflow).toBeLessThanOrEqual(0)
          }
        })
      })
    }
  }

  test('who may only look sees the robots and nothing to change them by', async () => {
    for (const as of [wei, grace])
      await scenario().visit({ as }, async (visitor) => {
        await visitor.open('/projects/platform/robots')
        await visitor.page.getByText('robot$platform+ci', { exact: true }).waitFor()
        expect(await visitor.page.getByRole('button', { name: 'New robot' }).count()).toBe(0)
        expect(await visitor.page.getByRole('button', { name: /More actions/ }).count()).toBe(0)
      })
  })

  test('a robot gets other permissions, trusts an issuer, gets a new secret, is disabled and deleted', async () => {
    await scenario().visit({ as: ada, height: 1000 }, async (visitor) => {
      const { page } = visitor
      const name = 'robot$platform+ci'
      const choose = async (item: string) => {
        await page.getByRole('button', { name: `More actions for ${name}` }).click()
        await page.getByRole('menuitem', { name: item }).click()
      }
      await visitor.open('/projects/platform/robots')
      await choose('Edit')
      await page.getByText('Custom', { exact: true }).click()
      await page.getByRole('group', { name: 'Tags', exact: true }).getByLabel('list').check()
      await visitor.expectAccessible()
      await visitor.picture('robot-permissions')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByRole('cell', { name: '3 permissions' }).waitFor()
      await choose('Sign-in without a secret')
      await page.getByRole('combobox', { name: 'Token source' }).click()
      await page.getByRole('option', { name: 'GitHub Actions' }).click()
      await visitor.expectAccessible()
      await visitor.picture('robot-trust')
      await page.getByRole('button', { name: 'Trust this issuer' }).click()
      await page.getByText('repository = owner/name').waitFor()
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
      await choose('Refresh secret')
      await page.getByRole('dialog').getByRole('button', { name: 'Refresh secret' }).click()
      expect((await page.getByLabel('Secret', { exact: true }).inputValue()).length).toBeGreaterThan(20)
      await page.getByRole('button', { name: 'Done, I saved it' }).click()
      await choose('Disable')
      await page.getByRole('cell', { name: 'Disabled' }).waitFor()
      await choose('Delete')
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await page.getByText(name, { exact: true }).waitFor({ state: 'detached' })
    })
  })
})

async function policyOf(registry: RegistryUnderTest, project: string): Promise<unknown> {
  const response = await fetch(`${registry.url}/api/v2.0/projects/${project}`, {
    headers: { authorization: `Basic ${btoa(`${registry.username}:${registry.password}`)}` },
  })
  const { metadata } = (await response.json()) as { metadata: { retention_id?: string } }
  return metadata.retention_id
}
