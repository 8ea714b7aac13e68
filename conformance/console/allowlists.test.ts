import { beforeAll, expect, test } from 'bun:test'
import { addProject, type ControlledRegistry } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole } from './browser.ts'
import { api, createVulnerableImage, importAdvisories, scanned } from './seed-scans.ts'

const words = {
  en: {
    add: 'Add vulnerabilities',
    addButton: 'Add',
    save: 'Save',
    saved: 'Saved',
    own: 'A list of this project only',
    remove: 'Remove CVE-2026-9',
    lastDay: 'Valid until',
    details: 'Show details of CVE-2019-10744 in lodash',
    everywhere: 'Accept in all projects that use the registry’s list',
    here: 'Accept in this project',
    mark: 'accepted',
    byRegistry: 'Accepted by the allowlist of the registry.',
    byProject: 'Accepted by the allowlist of this project.',
  },
  'zh-CN': {
    add: '添加漏洞',
    addButton: '添加',
    save: '保存',
    saved: '已保存',
    own: '该项目自己的白名单',
    remove: '移除 CVE-2026-9',
    lastDay: '有效期至',
    details: '显示 lodash 中 CVE-2019-10744 的详情',
    everywhere: '在所有使用系统白名单的项目中接受',
    here: '在该项目中接受',
    mark: '已接受',
    byRegistry: '已由系统白名单接受。',
    byProject: '已由该项目的白名单接受。',
  },
} as const

const looks = [
  ['en', 'light', 1280],
  ['zh-CN', 'dark', 390],
] as const

describeConsole('allowlists', (scenario) => {
  beforeAll(async () => await importAdvisories(scenario().registry), 60_000)

  async function pushScanned(): Promise<string> {
    const { registry } = scenario()
    const project = await addProject(registry as ControlledRegistry)
    await new V2Client(registry).pushImage(`${project}/shop`, createVulnerableImage(project), 'v1')
    await scanned(scenario(), project, 'shop')
    return project
  }

  const read = async (path: string) => await (await api(scenario(), path)).json()

  for (const [language, theme, width] of looks) {
    const say = words[language]

    test(`the list of the registry is kept with its last day, ${language}, ${theme}, ${width} wide`, async () => {
      const { visit, administrator } = scenario()
      await visit({ language, theme, width, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open('/administration/security/allowlist')
        await page.getByLabel(say.add).fill('CVE-2026-8, CVE-2026-9')
        await page.getByRole('button', { name: say.addButton, exact: true }).click()
        await page.getByLabel(say.lastDay).fill('2099-12-31')
        await page.getByRole('button', { name: say.save }).click()
        await page.getByText(say.saved, { exact: true }).waitFor()
        await expectAccessible()
        await picture('allowlist-registry')
        const saved = (await read('/system/CVEAllowlist')) as { items: unknown; expires_at: number }
        expect(saved.items).toEqual([{ cve_id: 'CVE-2026-8' }, { cve_id: 'CVE-2026-9' }])
        expect(new Date(saved.expires_at * 1_000).getFullYear()).toBeGreaterThanOrEqual(2099)
        await page.getByRole('button', { name: say.remove }).focus()
        await page.keyboard.press('Enter')
        await page.getByRole('button', { name: say.save }).click()
        await page.getByRole('button', { name: say.remove }).waitFor({ state: 'detached' })
        await expectAccessible()
      })
      await api(scenario(), '/system/CVEAllowlist', { method: 'PUT', body: '{"items":[]}' })
    })

    test(`a finding is accepted by one click, in the list that counts, ${language}, ${theme}, ${width} wide`, async () => {
      const project = await pushScanned()
      const { visit, administrator } = scenario()
      await visit({ language, theme, width, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        const artifact = `/projects/${project}/repositories/shop/artifacts/v1?tab=vulnerabilities`
        await open(artifact)
        await page.getByRole('button', { name: say.details }).click()
        await page.getByRole('button', { name: say.everywhere }).click()
        await page.getByText(say.byRegistry).waitFor()
        await page.getByRole('table').getByText(say.mark, { exact: true }).waitFor()
        await expectAccessible()
        await picture('finding-accepted')
        expect(await read('/system/CVEAllowlist')).toMatchObject({ items: [{ cve_id: 'CVE-2019-10744' }] })
        // A list of its own counts alone.
        await open(`/projects/${project}/settings`)
        await page.getByRole('radio', { name: say.own }).click()
        await page.getByLabel(say.add).waitFor()
        await expectAccessible()
        await picture('allowlist-project')
        await open(artifact)
        await page.getByRole('button', { name: say.details }).click()
        await page.getByRole('button', { name: say.here }).click()
        await page.getByText(say.byProject).waitFor()
        expect(await read(`/projects/${project}`)).toMatchObject({
          metadata: { reuse_sys_cve_allowlist: 'false' },
          cve_allowlist: { items: [{ cve_id: 'CVE-2019-10744' }] },
        })
      })
      await api(scenario(), '/system/CVEAllowlist', { method: 'PUT', body: '{"items":[]}' })
    })
  }
})
