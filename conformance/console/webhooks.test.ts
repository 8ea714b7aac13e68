import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, languages } from './browser.ts'
import { people, seedRegistry } from './seed.ts'

const words = {
  en: {
    new: 'New webhook',
    name: 'Name',
    url: 'URL',
    header: 'Authorization header',
    secret: 'Signing secret',
    save: 'Save',
    more: (name: string) => `More actions for ${name}`,
    test: 'Send test',
    delivered: 'delivered',
    failed: 'failed',
    show: /^Show delivery \d+$/,
    payload: 'Payload',
    log: 'Log',
    redeliver: 'Redeliver failed',
    addressInvalid: 'Enter a URL that starts with',
    reload: 'Reload',
    edit: 'Edit',
  },
  'zh-CN': {
    new: '新建 Webhook',
    name: '名称',
    url: 'URL',
    header: 'Authorization 头',
    secret: '签名密钥',
    save: '保存',
    more: (name: string) => `${name} 的更多操作`,
    test: '发送测试',
    delivered: '已送达',
    failed: '失败',
    show: /^查看投递 \d+$/,
    payload: '正文',
    log: '日志',
    redeliver: '重新投递失败的',
    addressInvalid: '请输入以 https:// 或 http:// 开头',
    reload: '刷新',
    edit: '编辑',
  },
}

describeConsole(
  'webhooks of a project',
  (scenario) => {
    let status = 200
    const bodies: string[] = []
    const receiver = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        bodies.push(await request.text())
        return new Response('noted', { status })
      },
    })
    beforeAll(async () => {
      const { registry, administrator } = scenario()
      await seedRegistry({ url: registry.url, ...administrator })
    }, 120_000)
    afterAll(() => receiver.stop(true))

    for (const language of languages) {
      test(`are made, tried, seen to fail and sent again, ${language}`, async () => {
        const say = words[language]
        const name = `ci-${language.toLowerCase()}`
        status = 200
        await scenario().visit({ language, as: people.ada }, async (visitor) => {
          const { page } = visitor
          await visitor.open('/projects/platform/webhooks')
          await visitor.expectAccessible()
          await page.getByRole('button', { name: say.new }).click()
          await page.getByLabel(say.name, { exact: true }).fill(name)
          await page.getByLabel(say.url, { exact: true }).fill('ci.example.com')
          await page.getByRole('button', { name: say.save }).click()
          await page.getByText(say.addressInvalid).waitFor()
          await page.getByLabel(say.url, { exact: true }).fill(`http://127.0.0.1:${receiver.port}/hook`)
          await page.getByLabel(say.secret, { exact: true }).fill('a secret of ours')
          await visitor.expectAccessible()
          await visitor.picture('webhook-form')
          await page.getByRole('button', { name: say.save }).click()
          await page.getByRole('link', { name, exact: true }).waitFor()
          await visitor.picture('webhooks')

          await page.getByRole('button', { name: say.more(name) }).click()
          await page.getByRole('menuitem', { name: say.test }).click()
          await page.getByRole('link', { name, exact: true }).click()
          const reloadUntil = async (text: string) => {
            for (;;) {
              await page.getByRole('button', { name: say.reload }).click()
              if ((await page.getByRole('table').getByText(text, { exact: true }).count()) > 0) return
              await page.waitForTimeout(200)
            }
          }
          await reloadUntil(say.delivered)
          await page.getByRole('button', { name: say.show }).first().click()
          expect(await page.getByLabel(say.payload, { exact: true }).innerText()).toContain('"test": true')
          expect(await page.getByLabel(say.log, { exact: true }).innerText()).toContain('success to run webhook job')
          await visitor.expectAccessible()
          await visitor.picture('webhook-deliveries')

          status = 400
          const { registry, administrator } = scenario()
          const pusher = new V2Client({ ...registry, ...administrator })
          await pusher.pushImage('platform/told', createUniqueImage(), name)
          await reloadUntil(say.failed)
          status = 200
          const before = bodies.length
          await page.getByRole('button', { name: say.redeliver }).click()
          while (bodies.length === before) await page.waitForTimeout(100)
          expect(bodies.at(-1)).toContain('PUSH_ARTIFACT')
        })
      })
    }

    test('fit on a phone and into the dark, and are only shown to who may see them', async () => {
      await scenario().visit({ as: people.ada, theme: 'dark', width: 390 }, async (visitor) => {
        await visitor.open('/projects/platform/webhooks')
        await visitor.page.getByRole('link', { name: 'ci-en' }).waitFor()
        await visitor.expectAccessible()
        await visitor.picture('webhooks')
        await visitor.page.getByRole('link', { name: 'ci-en' }).click()
        await visitor.page.getByText('delivered').first().waitFor()
        await visitor.picture('webhook-deliveries')
      })
      await scenario().visit({ as: people.wei }, async (visitor) => {
        await visitor.open('/projects/platform')
        await visitor.page.getByRole('link', { name: 'Repositories' }).first().waitFor()
        expect(await visitor.page.getByRole('link', { name: 'Webhooks' }).count()).toBe(0)
      })
    })
  },
  { env: { BERTH_OUTBOUND_ALLOW_LOCAL: 'true' } },
)
