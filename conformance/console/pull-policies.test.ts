import { beforeAll, expect, test } from 'bun:test'
import { addAccount, addProject, type ControlledRegistry } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, languages } from './browser.ts'
import { createVulnerableImage, importAdvisories, scanned } from './seed-scans.ts'

const words = {
  en: {
    none: 'No policies yet',
    newPolicy: 'New policy',
    name: 'Name',
    fixable: /Only those with a fix/,
    tags: 'Tags',
    tryIt: 'What would it hold back now?',
    save: 'Save',
    sentence: /no vulnerability that is critical and fixed in a newer version/,
    held: /Of 1 artifact, 1 is refused/,
    why: /It has CVE-2019-10744/,
    exempt: 'Exempt',
    reason: 'Reason',
    passes: /none is refused/,
    refused: 'This artifact cannot be pulled now.',
    every: 'Every policy lets this artifact pass.',
    ask: 'Ask for an exemption',
    more: (name: string) => `More actions for ${name}`,
    off: 'Off',
    end: 'End now',
    noExemptions: 'No exemptions',
    tryOn: 'Try it on the project',
  },
  'zh-CN': {
    none: '还没有策略',
    newPolicy: '新建策略',
    name: '名称',
    fixable: /只算可以修复的/,
    tags: 'Tag',
    tryIt: '现在会拦住什么？',
    save: '保存',
    sentence: /要求没有同时符合以下条件的漏洞：严重和新版本已修复/,
    held: /共 1 个 Artifact，拒绝 1 个/,
    why: /含有 CVE-2019-10744/,
    exempt: '豁免',
    reason: '原因',
    passes: /没有被拒绝的/,
    refused: '这个 Artifact 现在不能拉取。',
    every: '所有策略都放行这个 Artifact。',
    ask: '申请豁免',
    more: (name: string) => `${name} 的更多操作`,
    off: '关闭',
    end: '立即结束',
    noExemptions: '没有豁免',
    tryOn: '在这个项目上试用',
  },
} as const

const looks = [
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
] as const

describeConsole('policies of pulls in the console', (scenario) => {
  beforeAll(async () => await importAdvisories(scenario().registry))

  for (const language of languages) {
    test(`a policy is written, tried, saved, and exempted from where it holds an image back, ${language}`, async () => {
      const say = words[language]
      const { registry, visit, administrator } = scenario()
      const developer = await addAccount(registry as ControlledRegistry)
      const project = await addProject(registry as ControlledRegistry, [
        { username: developer.username, role: 'developer' },
      ])
      const image = createVulnerableImage(`policies ${language}`)
      await new V2Client(registry).pushImage(`${project}/app`, image, 'v1')
      await scanned(scenario(), project, 'app')
      const page1 = `/projects/${project}/pull-policies`
      const artifact = `/projects/${project}/repositories/app/artifacts/v1`

      await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open(page1)
        await page.getByRole('heading', { name: say.none }).waitFor()
        await expectAccessible()
        await picture('policies-none')
        await page.getByRole('button', { name: say.newPolicy }).focus()
        await page.keyboard.press('Enter')
        const form = page.getByRole('dialog')
        await form.getByLabel(say.name, { exact: true }).fill('no-exploited')
        await form.getByLabel(say.fixable).check()
        await form.getByText(say.sentence).waitFor()
        await form.getByRole('button', { name: say.tryIt }).click()
        await form.getByText(say.held).waitFor()
        await form.getByText(say.why).waitFor()
        await expectAccessible()
        await picture('policy-form')
        await form.getByRole('button', { name: say.save, exact: true }).click()
        await page.getByText(say.sentence).waitFor()
        await page.getByText(say.held).waitFor()
      })

      for (const [theme, width] of looks)
        await visit(
          { language, theme, width, as: administrator },
          async ({ page, open, expectAccessible, picture }) => {
            await open(page1)
            await page.getByText(say.held).waitFor()
            await expectAccessible()
            await picture('policies')
            await page.getByRole('button', { name: say.newPolicy }).click()
            await picture('policy-form-new')
            await open(artifact)
            await page.getByText(say.refused).waitFor()
            await expectAccessible()
            await picture('artifact-refused')
          },
        )

      const address = await askAsDeveloper()
      await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open(address)
        const form = page.getByRole('dialog')
        expect(await form.getByLabel(say.reason).inputValue()).toBe('needed for the demo')
        await expectAccessible()
        await picture('exemption-form')
        await form.getByRole('button', { name: say.exempt, exact: true }).click()
        await page.getByText(say.passes).waitFor()
        await expectAccessible()
        await picture('exemptions')
        await open(artifact)
        await page.getByText(say.every).waitFor()
        await page.getByText('needed for the demo').waitFor()
        await picture('artifact-exempt')
        await open(page1)
        await page.getByRole('button', { name: /sha256:/ }).click()
        await page.getByRole('menuitem', { name: say.end }).click()
        await page.getByRole('dialog').getByRole('button', { name: say.end }).click()
        await page.getByRole('heading', { name: say.noExemptions }).waitFor()
        await page.getByText(say.held).waitFor()
        await page.getByRole('button', { name: say.more('no-exploited') }).click()
        await page.getByRole('menuitem', { name: say.off, exact: true }).click()
        await page.getByText(say.passes).waitFor()
      })

      async function askAsDeveloper(): Promise<string> {
        let asked = ''
        await visit({ language, as: developer }, async ({ page, open, expectAccessible, picture }) => {
          await open(artifact)
          await page.getByRole('button', { name: say.ask }).click()
          const dialog = page.getByRole('dialog')
          await dialog.getByLabel(say.reason).fill('needed for the demo')
          asked = (await dialog.locator('code, pre').first().textContent()) ?? ''
          await expectAccessible()
          await picture('ask-for-exemption')
        })
        return asked.trim()
      }
    }, 170_000)

    test(`the registry has policies of its own, tried on a project, ${language}`, async () => {
      const say = words[language]
      const { registry, visit, administrator } = scenario()
      const project = await addProject(registry as ControlledRegistry)
      const image = createVulnerableImage(`registry ${language}`)
      await new V2Client(registry).pushImage(`${project}/app`, image, 'v1')
      for (const [theme, width] of looks)
        await visit(
          { language, theme, width, as: administrator },
          async ({ page, open, expectAccessible, picture }) => {
            await open('/administration/pull-policies')
            await page.getByRole('heading', { name: say.none }).waitFor()
            await expectAccessible()
            await picture('system-policies')
            await page.getByRole('button', { name: say.newPolicy }).click()
            const form = page.getByRole('dialog')
            await form.getByLabel(say.tryOn).fill(project)
            await page.getByRole('option', { name: project }).click()
            await form.getByRole('button', { name: say.tryIt }).click()
            await form.getByText(say.held).waitFor()
            await expectAccessible()
            await picture('system-policy-tried')
          },
        )
    }, 120_000)
  }
})
