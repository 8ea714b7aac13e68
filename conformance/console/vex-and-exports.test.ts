import { beforeAll, expect, test } from 'bun:test'
import { addProject, type ControlledRegistry } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole } from './browser.ts'
import { api, createVulnerableImage, importAdvisories, scanned } from './seed-scans.ts'

const words = {
  en: {
    upload: 'Upload a document',
    added: 'statements.json was added. Reports are updated now.',
    notJson: 'notes.json is not a JSON document.',
    begin: 'Export vulnerabilities',
    beginButton: 'Export',
    cveIds: 'Vulnerabilities',
    nothing: 'Nothing was found that matches.',
    download: 'Download',
  },
  'zh-CN': {
    upload: '上传文档',
    added: '已添加 statements.json，正在更新报告。',
    notJson: 'notes.json 不是 JSON 文档。',
    begin: '导出漏洞',
    beginButton: '导出',
    cveIds: '漏洞',
    nothing: '没有匹配的漏洞。',
    download: '下载',
  },
} as const

const statements = JSON.stringify({
  '@context': 'https://openvex.dev/ns/v0.2.0',
  author: 'Ada',
  timestamp: '2026-01-01T00:00:00Z',
  statements: [
    {
      vulnerability: { name: 'CVE-2019-10744' },
      products: [{ '@id': 'pkg:npm/lodash' }],
      status: 'not_affected',
      justification: 'vulnerable_code_not_in_execute_path',
    },
  ],
})

const fileOf = (name: string, text: string) => ({ name, mimeType: 'application/json', buffer: Buffer.from(text) })

const looks = [
  ['en', 'light', 1280],
  ['zh-CN', 'dark', 390],
] as const

describeConsole('VEX documents and exports', (scenario) => {
  beforeAll(async () => await importAdvisories(scenario().registry), 60_000)

  async function pushScanned(): Promise<string> {
    const { registry } = scenario()
    const project = await addProject(registry as ControlledRegistry)
    await new V2Client(registry).pushImage(`${project}/shop`, createVulnerableImage(project), 'v1')
    await scanned(scenario(), project, 'shop')
    return project
  }

  for (const [language, theme, width] of looks) {
    const say = words[language]

    test(`a VEX document is given to a project and to the registry, ${language}, ${theme}, ${width} wide`, async () => {
      const project = await pushScanned()
      const { visit, administrator } = scenario()
      await visit({ language, theme, width, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        for (const [at, path] of [
          [`/projects/${project}/settings`, `/projects/${project}/vex`],
          ['/administration/security/allowlist', '/system/vex'],
        ] as const) {
          await open(at)
          const choose = async (name: string, text: string) => {
            const chooser = page.waitForEvent('filechooser')
            await page.getByRole('button', { name: say.upload }).click()
            await (await chooser).setFiles(fileOf(name, text))
          }
          await choose('notes.json', 'no JSON at all')
          await page.getByText(say.notJson).waitFor()
          await choose('statements.json', statements)
          await page.getByText(say.added).waitFor()
          await page.getByRole('table').getByText('openvex').waitFor()
          await expectAccessible()
          await picture('vex-documents')
          const kept = (await (await api(scenario(), path)).json()) as readonly { id: number; name: string }[]
          expect(kept.map(({ name }) => name)).toEqual(['statements.json'])
          await api(scenario(), `${path}/${kept[0]!.id}`, { method: 'DELETE' })
        }
      })
    })

    test(`what was found in a project is exported, ${language}, ${theme}, ${width} wide`, async () => {
      const project = await pushScanned()
      const { visit, administrator } = scenario()
      await visit({ language, theme, width, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open(`/projects/${project}/summary`)
        const begin = async (cveIds: string) => {
          await page.getByRole('button', { name: say.begin }).click()
          const dialog = page.getByRole('dialog')
          await dialog.getByLabel(say.cveIds).fill(cveIds)
          await dialog.getByRole('button', { name: say.beginButton, exact: true }).click()
          await dialog.waitFor({ state: 'detached' })
        }
        await begin('CVE-1999-*')
        await page.getByText(say.nothing).waitFor()
        await begin('CVE-2019-*')
        const download = page.waitForEvent('download')
        await page.getByRole('link', { name: say.download }).click()
        const text = await Bun.file(await (await download).path()).text()
        expect(text).toStartWith('Repository,Artifact Digest,CVE,')
        expect(text).toContain(',CVE-2019-10744,lodash,4.17.4,')
        await expectAccessible()
        await picture('vulnerability-exports')
      })
    })
  }
})
