import { expect, test } from 'bun:test'
import { startScannerAdapter } from '../harness/scanner-adapter.ts'
import { describeConsole, languages } from './browser.ts'

const words = {
  en: {
    add: 'Add scanner',
    name: 'Name',
    address: 'Address',
    signIn: 'Signing in to the adapter',
    token: 'token',
    credential: 'Credential',
    test: 'Test',
    works: 'The scanner answers and can be used',
    refused: /does not answer/,
    save: 'Save',
    saved: 'Saved',
    healthy: 'healthy',
    disable: 'Disable',
    disabled: 'disabled',
    delete: 'Delete',
    gone: 'is deleted',
  },
  'zh-CN': {
    add: '添加扫描器',
    name: '名称',
    address: '地址',
    signIn: '登录适配器的方式',
    token: '令牌',
    credential: '凭据',
    test: '测试',
    works: '扫描器有响应，可以使用',
    refused: /没有响应/,
    save: '保存',
    saved: '已保存',
    healthy: '健康',
    disable: '禁用',
    disabled: '已禁用',
    delete: '删除',
    gone: '已删除',
  },
} as const

describeConsole(
  'scanners that are adapters',
  (scenario) => {
    test('an administrator adds, tries, disables and deletes one', async () => {
      const { visit, administrator } = scenario()
      await using adapter = startScannerAdapter({ credential: ['authorization', 'Bearer token-1'] })
      for (const language of languages)
        await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture, tolerate }) => {
          tolerate(/status of 500/) // of the adapter that refuses the credential
          const said = words[language]
          await open('/administration/scanners')
          await page.getByRole('button', { name: said.add }).click()
          const form = page.getByRole('dialog')
          await form.getByLabel(said.name, { exact: true }).fill(`Trivy ${language}`)
          await form.getByLabel(said.address, { exact: true }).fill(adapter.url)
          await form.getByLabel(said.signIn).first().click()
          await page.getByRole('option', { name: said.token, exact: true }).click()
          await form.getByLabel(said.credential, { exact: true }).fill('wrong')
          await form.getByRole('button', { name: said.test, exact: true }).click()
          await form.getByText(said.refused).first().waitFor()
          await expectAccessible()
          await picture('scanner-form')
          await form.getByLabel(said.credential, { exact: true }).fill('token-1')
          await form.getByRole('button', { name: said.test, exact: true }).click()
          await form.getByText(said.works).waitFor()
          await form.getByRole('button', { name: said.save, exact: true }).click()
          const row = page.getByRole('row').filter({ hasText: `Trivy ${language}` })
          await row.getByText(said.healthy, { exact: true }).waitFor()
          await row.getByText('Scripted 1.2.3').waitFor()
          await expectAccessible()
          await picture('scanners-with-adapter')
          await row.getByRole('button').click()
          await page.getByRole('menuitem', { name: said.disable }).click()
          await row.getByText(said.disabled, { exact: true }).waitFor()
          await row.getByRole('button').click()
          await page.getByRole('menuitem', { name: said.delete }).click()
          await page.getByRole('dialog').getByRole('button', { name: said.delete }).click()
          await page.getByText(said.gone).first().waitFor()
          await row.waitFor({ state: 'detached' })
        })
      expect(adapter.asked.some(({ headers }) => headers.get('authorization') === 'Bearer token-1')).toBe(true)
    })
  },
  { env: { BERTH_OUTBOUND_ALLOW_LOCAL: 'true' } },
)
