import { beforeAll, expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { V2Client } from '../harness/v2-client.ts'
import { Rules, siteSettings } from '../replication/rules.ts'
import { startControlledRegistry } from '../harness/scenario.ts'
import { describeConsole, languages } from './browser.ts'
import { people, seedRegistry } from './seed.ts'

const words = {
  en: {
    new: 'New rule',
    name: 'Name',
    registry: 'Remote registry',
    repositories: 'Repositories',
    tags: 'Tags',
    namespace: 'Namespace at the destination',
    save: 'Save',
    needed: 'Choose a remote registry.',
    preview: 'Preview',
    missing: 'Missing there',
    run: 'Run now',
    succeeded: 'succeeded',
    show: /^Show the log of platform\/gateway/,
    log: 'Log',
    compare: 'Compare both sides',
    same: 'Both sides have the same.',
    more: (name: string) => `More actions for ${name}`,
    delete: 'Delete',
    none: 'No replication rules yet',
  },
  'zh-CN': {
    new: '新建规则',
    name: '名称',
    registry: '远程仓库',
    repositories: '镜像仓库',
    tags: 'Tag',
    namespace: '目标命名空间',
    save: '保存',
    needed: '请选择一个远程仓库。',
    preview: '预览',
    missing: '目标缺少',
    run: '立即运行',
    succeeded: '成功',
    show: /^查看 platform\/gateway/,
    log: '日志',
    compare: '比较两边',
    same: '两边一致。',
    more: (name: string) => `${name} 的更多操作`,
    delete: '删除',
    none: '还没有复制规则',
  },
}

describeConsole(
  'replication',
  (scenario) => {
    beforeAll(async () => {
      const { registry, administrator } = scenario()
      await seedRegistry({ url: registry.url, ...administrator })
    }, 120_000)

    for (const language of languages) {
      test(`a rule is made, previewed, run, looked at and deleted, ${language}`, async () => {
        const say = words[language]
        const name = `to-shanghai-${language.toLowerCase()}`
        await using there = await startControlledRegistry({ env: siteSettings })
        const { registry, administrator } = scenario()
        await new Rules({ ...registry, ...administrator }).addRegistry('harbor', there.url, there)
        await scenario().visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
          await open('/administration/replication')
          await page.getByText(say.none).waitFor()
          await page.getByRole('button', { name: say.new }).first().click()
          const form = page.getByRole('dialog')
          await form.getByLabel(say.name, { exact: true }).fill(name)
          await form.getByRole('button', { name: say.save }).click()
          await form.getByText(say.needed).waitFor()
          await form.getByLabel(say.registry, { exact: true }).first().click()
          await page.getByRole('option', { name: there.url }).click()
          await form.getByLabel(say.repositories, { exact: true }).fill('platform/gateway')
          await form.getByLabel(say.namespace, { exact: true }).fill('mirror')
          await expectAccessible()
          await picture('replication-form')
          await form.getByRole('button', { name: say.save }).click()
          await page.getByRole('link', { name, exact: true }).waitFor()
          await expectAccessible()
          await picture('replication-rules')

          const openNewestRun = async () => await page.getByRole('table').getByRole('link').first().click()
          await page.getByRole('link', { name, exact: true }).click()
          await page.getByRole('button', { name: say.preview }).click()
          await page.getByRole('table').getByText(say.succeeded, { exact: true }).first().waitFor()
          await openNewestRun()
          await page.getByRole('columnheader', { name: say.missing }).waitFor()
          await page.getByRole('cell', { name: 'platform/gateway' }).waitFor()
          await expectAccessible()
          await picture('replication-preview')

          await page.goBack()
          await page.getByRole('button', { name: say.run }).click()
          await page.getByRole('table').getByText(say.succeeded, { exact: true }).nth(1).waitFor()
          await expectAccessible()
          await picture('replication-rule')
          await openNewestRun()
          await page.getByRole('button', { name: say.show }).click()
          await page.getByLabel(say.log, { exact: true }).getByText('completed').waitFor()
          await expectAccessible()
          await picture('replication-run')

          await page.goBack()
          await page.getByRole('button', { name: say.compare }).click()
          await page.getByRole('table').getByText(say.succeeded, { exact: true }).nth(2).waitFor()
          await openNewestRun()
          await page.getByText(say.same).waitFor()

          await open('/administration/replication')
          await page.getByRole('button', { name: say.more(name) }).click()
          await page.getByRole('menuitem', { name: say.delete }).click()
          await page.getByRole('dialog').getByRole('button', { name: say.delete }).click()
          await page.getByText(say.none).waitFor()
        })
        const tags = await new V2Client(there).request('/v2/mirror/gateway/tags/list')
        expect(tags.status).toBe(200)
      })
    }

    test('deletions that wait are seen, and somebody decides; it fits on a phone and into the dark', async () => {
      await using there = await startControlledRegistry({ env: siteSettings })
      const { registry, administrator } = scenario()
      const rules = new Rules({ ...registry, ...administrator })
      const dest_registry = { id: await rules.addRegistry('harbor', there.url, there) }
      const rule = await rules.add({
        ...{ name: 'follows', dest_registry, deletion: true, trigger: { type: 'event_based' } },
        filters: [{ type: 'name', value: 'platform/doomed' }],
      })
      const pusher = new V2Client({ ...registry, ...administrator })
      const image = createUniqueImage()
      for (let number = 0; number < 101; number++) await pusher.pushImage('platform/doomed', image, `v${number}`)
      await rules.followed(rule)
      await pusher.request('/api/v2.0/projects/platform/repositories/doomed', { method: 'DELETE' })
      await scenario().visit({ as: administrator, theme: 'dark', width: 390 }, async (visitor) => {
        const { page } = visitor
        await visitor.open(`/administration/replication/${rule}`)
        await page.getByText('This rule was about to delete very much').waitFor()
        await visitor.expectAccessible()
        await visitor.picture('replication-held')
        await page.getByRole('button', { name: 'Keep everything there' }).click()
        await page.getByText('task was dropped').waitFor()
      })
      expect((await new V2Client(there).request('/v2/platform/doomed/tags/list')).status).toBe(200)
      await scenario().visit({ as: people.wei }, async ({ page, open }) => {
        await open('/administration/replication')
        expect(await page.getByText('follows').count()).toBe(0)
      })
    })
  },
  { env: siteSettings },
)
