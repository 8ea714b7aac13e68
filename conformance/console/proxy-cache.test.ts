import { expect, test } from 'bun:test'
import { startHubStandIn, type HubStandIn } from '../harness/hub-stand-in.ts'
import { createUniqueImage } from '../harness/image.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, languages } from './browser.ts'

const words = {
  en: {
    ...{
      create: 'New project',
      name: 'Name',
      registry: 'Proxy cache of',
      submit: 'Create project',
      mark: 'Proxy cache',
    },
    ...{
      title: 'Proxy cache',
      limited: 'allows no more pulls for now',
      left: '0 of 100 in 6 hours',
      fails: 'fails',
    },
    ...{ freshness: 'Freshness of tags', save: 'Save', saved: 'Saved' },
  },
  'zh-CN': {
    ...{ create: '新建项目', name: '名称', registry: '代理缓存的上游', submit: '创建项目', mark: '代理缓存' },
    ...{ title: '代理缓存', limited: '暂时不允许更多拉取', left: '每 6 小时 100 次，剩余 0 次', fails: '故障' },
    ...{ freshness: 'Tag 有效时长', save: '保存', saved: '已保存' },
  },
} as const

describeConsole(
  'a proxy cache project in the console',
  (scenario) => {
    const addUpstream = async (name: string): Promise<HubStandIn> => {
      const hub = await startHubStandIn()
      hub.has('library/app', 'v1', createUniqueImage())
      hub.has('library/app', 'v2', createUniqueImage())
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ name, type: 'docker-registry', url: hub.url })
      const client = new V2Client(scenario().registry)
      expect((await client.request('/api/v2.0/registries', { method: 'POST', headers, body })).status).toBe(201)
      return hub
    }

    for (const language of languages) {
      const say = words[language]
      const project = `cache-${language.toLowerCase()}`
      test(`is made with the form of every project, shows its upstream, and is set, ${language}`, async () => {
        const { visit, administrator, registry } = scenario()
        // It wants to be left alone for an hour when its pulls are used up.
        await using hub = await addUpstream(`hub-${language.toLowerCase()}`)
        await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
          await open('/projects')
          await page.getByRole('button', { name: say.create }).click()
          const dialog = page.getByRole('dialog')
          await dialog.getByLabel(say.name, { exact: true }).fill(project)
          await dialog.getByRole('combobox', { name: say.registry }).click()
          await page.getByRole('option', { name: new RegExp(`^hub-${language.toLowerCase()}`) }).click()
          await picture('proxy-create')
          await expectAccessible()
          await dialog.getByRole('button', { name: say.submit }).click()
          await page.getByRole('link', { name: project }).waitFor()
          await page.getByText(say.mark, { exact: true }).last().waitFor()

          const client = new V2Client(registry)
          const pull = async (tag: string) =>
            (await client.request(`/v2/${project}/library/app/manifests/${tag}`)).status
          expect(await pull('v1')).toBe(200)
          hub.remaining = 0
          expect(await pull('v2')).toBe(429)
          const main = page.getByRole('main')
          for (let tries = 0; (await main.getByText(say.left).count()) === 0 && tries < 30; tries++)
            await open(`/projects/${project}/summary`)
          await main.getByText(say.limited).waitFor()
          await main.getByText(say.fails, { exact: true }).waitFor()
          await expectAccessible()
          await picture('proxy-summary')

          await open(`/projects/${project}/settings`)
          await main.getByLabel(say.freshness).fill('latest=30, v*=86400')
          await main.getByRole('button', { name: say.save, exact: true }).click()
          await page.getByText(say.saved).first().waitFor()
          await expectAccessible()
          await picture('proxy-settings')
          const answer = await client.request(`/api/v2.0/projects/${project}/proxy-cache`)
          const { freshness } = (await answer.json()) as { freshness: object[] }
          expect(freshness).toHaveLength(3)
        })
      })
    }
  },
  { env: { BERTH_OUTBOUND_ALLOW_LOCAL: 'true' } },
)
