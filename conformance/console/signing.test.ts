import { expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { addProject, type ControlledRegistry } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, languages } from './browser.ts'

const words = {
  en: {
    newKey: 'New signing key',
    key: 'Key',
    active: 'Signs',
    menu: 'More actions for v1',
    sign: 'Approve and sign',
    waits: /^Request \d+ waits/,
    verified: 'Verified',
  },
  'zh-CN': {
    newKey: '新建签名密钥',
    key: '密钥',
    active: '可签名',
    menu: 'v1 的更多操作',
    sign: '批准并签名',
    waits: /^申请 \d+ 等待/,
    verified: '已验证',
  },
} as const

describeConsole('signing in the console', (scenario) => {
  for (const language of languages) {
    test(`a key is made, an image is signed with it, and with two persons the wish waits, ${language}`, async () => {
      const say = words[language]
      const { registry, visit, administrator } = scenario()
      const project = await addProject(registry as ControlledRegistry)
      const client = new V2Client(registry)
      await client.pushImage(`${project}/app`, createUniqueImage(), 'v1')
      const artifact = `/projects/${project}/repositories/app/artifacts/v1`
      await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open(`/projects/${project}/settings`)
        await page.getByRole('button', { name: say.newKey }).click()
        const form = page.getByRole('dialog')
        await form.getByLabel(say.key, { exact: true }).fill('release')
        await expectAccessible()
        await form.getByRole('button', { name: say.newKey }).click()
        await page.getByText(say.active, { exact: true }).waitFor()
        await expectAccessible()
        await picture('signing-keys')

        const sign = async () => {
          await open(artifact)
          await page.getByRole('button', { name: say.menu }).first().click()
          await page.getByRole('menuitem', { name: say.sign }).click()
          const dialog = page.getByRole('dialog')
          await dialog.getByRole('button', { name: say.sign }).waitFor()
          await expectAccessible()
          await picture('sign-artifact')
          await dialog.getByRole('button', { name: say.sign }).click()
        }
        await sign()
        await open(`${artifact}?tab=accessories`)
        await page.getByText(say.verified, { exact: true }).first().waitFor()
        await picture('signed-artifact')

        const metadata = { metadata: { two_person_signing: 'true' } }
        const switched = await client.request(`/api/v2.0/projects/${project}`, {
          method: 'PUT',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(metadata),
        })
        expect(switched.status).toBe(200)
        await sign()
        await page.getByText(say.waits).waitFor()
        await open(`/projects/${project}/settings`)
        await page.getByRole('button', { name: say.sign }).waitFor()
        await expectAccessible()
        await picture('signing-requests')
      })
    }, 120_000)
  }
})
