import { beforeAll, expect, test } from 'bun:test'
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
          ? { new: 'New robot', name: 'Name', create: 'Create robot', secret: 'Secret', kept: 'I have kept it' }
          : { new: '新建机器人账号', name: '名称', create: '创建机器人账号', secret: '密钥', kept: '我已保存' }
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

  test('who may only look sees the robots and nothing to change them by', async () => {
    for (const as of [wei, grace])
      await scenario().visit({ as }, async (visitor) => {
        await visitor.open('/projects/platform/robots')
        await visitor.page.getByText('robot$platform+ci', { exact: true }).waitFor()
        expect(await visitor.page.getByRole('button', { name: 'New robot' }).count()).toBe(0)
        expect(await visitor.page.getByRole('button', { name: /More actions/ }).count()).toBe(0)
      })
  })
})
