import { expect, test } from 'bun:test'
import { ApiClient } from '../api/contract-client.ts'
import { createUniqueImage } from '../harness/image.ts'
import { addAccount, addProject, type ControlledRegistry } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, languages } from './browser.ts'

const words = {
  en: {
    hold: /Hold what is pushed/,
    nothing: 'Nothing is held.',
    held: '2 artifacts are held.',
    why: /ours: It lacks a signature that counts\./,
    days: /Time limit \(days\)/,
    end: 'When it is over',
    endDelete: 'It is rejected into the trash',
    release: 'Release',
    reject: 'Reject',
    reason: 'Reason',
    here: 'In quarantine',
    protect: 'Protect tags',
    tags: 'Tags',
    users: 'Users',
    save: 'Save',
    saved: /prod in \*\*: /,
  },
  'zh-CN': {
    hold: /隔离推送的内容/,
    nothing: '隔离区是空的。',
    held: '隔离区里有 2 个 Artifact。',
    why: /ours：没有算数的签名/,
    days: /时限（天）/,
    end: '到期之后',
    endDelete: '拒绝并移入回收站',
    release: '解除隔离',
    reject: '拒绝',
    reason: '原因',
    here: '在隔离区',
    protect: '保护 Tag',
    tags: 'Tag',
    users: '用户',
    save: '保存',
    saved: /\*\* 中的 prod：/,
  },
} as const

const looks = [
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
] as const

describeConsole('quarantine and protected tags in the console', (scenario) => {
  for (const language of languages) {
    test(`what is pushed is held, released and rejected, and tags are protected, ${language}`, async () => {
      const say = words[language]
      const { registry, visit, administrator } = scenario()
      const signer = await addAccount(registry as ControlledRegistry)
      const project = await addProject(registry as ControlledRegistry, [
        { username: signer.username, role: 'maintainer' },
      ])
      const params = { project_name_or_id: project }
      const policy = { name: 'ours', mode: 'enforce', condition: { kind: 'signed' } }
      const made = await new ApiClient(registry).call('POST /projects/{project_name_or_id}/policies', {
        params,
        body: policy,
      })
      expect(made.status).toBe(201)
      const address = `/projects/${project}/pull-policies`
      const artifact = (tag: string) => `/projects/${project}/repositories/app/artifacts/${tag}`

      await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open(address)
        await page.getByLabel(say.hold).click()
        await page.getByText(say.nothing).waitFor()
        await page.getByLabel(say.days).fill('14')
        await page.getByLabel(say.days).blur()
        await page.getByRole('combobox', { name: say.end }).click()
        await page.getByRole('option', { name: say.endDelete }).click()
        await expectAccessible()
        await picture('quarantine-empty')
      })
      const { body } = await new ApiClient(registry).call<{ metadata: Record<string, string> }>(
        'GET /projects/{project_name_or_id}',
        { params },
      )
      expect(body.metadata).toMatchObject({ quarantine: 'true', quarantine_days: '14', quarantine_end: 'delete' })
      for (const tag of ['good', 'bad'])
        await new V2Client(registry, signer).pushImage(`${project}/app`, createUniqueImage(), tag)

      for (const [theme, width] of looks)
        await visit(
          { language, theme, width, as: administrator },
          async ({ page, open, expectAccessible, picture }) => {
            await open(address)
            await page.getByText(say.held).waitFor()
            await page.getByText(say.why).first().waitFor()
            await expectAccessible()
            await picture('quarantine')
            await open(artifact('good'))
            await page.getByText(say.here, { exact: true }).waitFor()
            await expectAccessible()
            await picture('artifact-in-quarantine')
          },
        )

      await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open(artifact('good'))
        await page.getByRole('button', { name: say.release, exact: true }).click()
        const releasing = page.getByRole('dialog')
        await releasing.getByLabel(say.reason).fill('looked at')
        await expectAccessible()
        await picture('release')
        await releasing.getByRole('button', { name: say.release, exact: true }).click()
        await page.getByText(say.here, { exact: true }).waitFor({ state: 'detached' })
      })
      await visit({ language, as: signer }, async ({ page, open, expectAccessible, picture }) => {
        await open(address)
        await page.getByRole('button', { name: say.reject, exact: true }).click()
        const rejecting = page.getByRole('dialog')
        await rejecting.getByLabel(say.reason).fill('not ours')
        await expectAccessible()
        await picture('reject')
        await rejecting.getByRole('button', { name: say.reject, exact: true }).click()
        await page.getByText(say.nothing).waitFor()
      })

      await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open(`/projects/${project}/policies`)
        await page.getByRole('button', { name: say.protect, exact: true }).click()
        const form = page.getByRole('dialog')
        await form.getByLabel(say.tags, { exact: false }).first().fill('prod')
        await form.getByLabel(say.users, { exact: true }).fill(signer.username)
        await page.keyboard.press('Enter')
        await expectAccessible()
        await picture('protect-tags')
        await form.getByRole('button', { name: say.save, exact: true }).click()
        await page.getByText(say.saved).waitFor()
        await expectAccessible()
        await picture('protected-tags')
      })
    }, 170_000)
  }
})
