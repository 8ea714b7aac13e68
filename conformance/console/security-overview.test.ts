import { beforeAll, expect, test } from 'bun:test'
import { addProject, type ControlledRegistry } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, languages } from './browser.ts'
import {
  createBaseImage,
  createUnknownSystemImage,
  createVulnerableImage,
  importAdvisories,
  scanned,
} from './seed-scans.ts'

const words = {
  en: {
    nothing: 'Nothing has been scanned yet',
    worst: 'List: Fix these first',
    rebuilds: 'List: Rebuild these base images',
    artifacts: 'List: Images at most risk',
    showRebuild: 'Show images and layers',
    known: /rebuild the images that are based on it/,
    start: 'Scan all now',
    started: 'The scan of all images has started',
    done: '4 of 4 images scanned',
    findings: 'List: Findings',
    package: 'Package',
    search: 'Search',
    vulnerabilities: 'List: Vulnerabilities',
    edit: 'Change schedule',
    daily: 'Daily',
    save: 'Save',
    firstToFix: 'See what to fix first',
  },
  'zh-CN': {
    nothing: '尚未扫描任何镜像',
    worst: '列表：优先修复',
    rebuilds: '列表：重建这些基础镜像',
    artifacts: '列表：风险最高的镜像',
    showRebuild: '显示镜像和层',
    known: /重新构建基于它的镜像/,
    start: '立即全部扫描',
    started: '已开始扫描全部镜像',
    done: '已扫描 4 / 4 个镜像',
    findings: '列表：漏洞明细',
    package: '软件包',
    search: '搜索',
    vulnerabilities: '列表：漏洞',
    edit: '修改计划',
    daily: '每天',
    save: '保存',
    firstToFix: '查看应当优先修复的内容',
  },
} as const

const looks = [
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
] as const

describeConsole('the security overview of a registry without scans', (scenario) => {
  test('leads to the scan of everything', async () => {
    const { visit, administrator } = scenario()
    for (const language of languages)
      await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open('/administration/security')
        await page.getByRole('heading', { name: words[language].nothing }).waitFor()
        await expectAccessible()
        await picture('security-nothing')
      })
  })
})

describeConsole('the security overview', (scenario) => {
  let project = ''
  beforeAll(async () => {
    const { registry } = scenario()
    await importAdvisories(registry)
    project = await addProject(registry as ControlledRegistry)
    const client = new V2Client(registry)
    await client.pushImage(`${project}/base`, createBaseImage(), 'v1')
    await client.pushImage(`${project}/shop`, createVulnerableImage('shop'), 'v1')
    await client.pushImage(`${project}/till`, createVulnerableImage('till'), 'v1')
    await client.pushImage(`${project}/old`, createUnknownSystemImage(), 'v1')
  }, 120_000)

  test('everything is scanned from the page, which follows it to its end', async () => {
    const { visit, administrator } = scenario()
    const say = words.en
    await visit({ as: administrator }, async ({ page, open, expectAccessible, picture }) => {
      await open('/administration/security/scan-all')
      await page.getByRole('button', { name: say.start }).click()
      await page.getByText(say.started).waitFor()
      await page.getByText(say.done).waitFor({ timeout: 60_000 })
      await expectAccessible()
      await picture('scan-all-done')
    })
  })

  for (const language of languages)
    for (const [theme, width] of looks)
      test(`says what to fix first, ${language}, ${theme}, ${width} wide`, async () => {
        for (const repository of ['base', 'shop', 'till', 'old']) await ensureScanned(repository)
        const { visit, administrator } = scenario()
        const say = words[language]
        await visit(
          { language, theme, width, as: administrator },
          async ({ page, open, expectAccessible, picture }) => {
            await open('/administration/security')
            const worst = page.getByRole('table', { name: say.worst })
            // Exploited first, though others are worse.
            await worst.getByRole('row').nth(1).getByText('CVE-2020-7598').waitFor()
            const rebuilds = page.getByRole('table', { name: say.rebuilds })
            await rebuilds.getByText(`${project}/base`).waitFor()
            await page.getByRole('table', { name: say.artifacts }).getByText(`${project}/shop`).waitFor()
            await expectAccessible()
            await picture('security-overview')
            await rebuilds.getByRole('button', { name: say.showRebuild }).first().click()
            await page.getByText(say.known).waitFor()
            await worst.getByRole('link', { name: 'CVE-2019-10744' }).click()
            const found = page.getByRole('table', { name: say.findings })
            await found.getByRole('row').nth(2).waitFor()
            expect(await found.getByRole('row').count()).toBe(3)
            await expectAccessible()
            await picture('security-findings')
            await open('/administration/security/vulnerabilities?shows=exploited')
            const list = page.getByRole('table', { name: say.vulnerabilities })
            await list.getByText('CVE-2020-7598').waitFor()
            expect(await list.getByRole('row').count()).toBe(2)
            await expectAccessible()
            await picture('security-vulnerabilities')
            await open('/administration/security/scan-all')
            await page.getByRole('button', { name: say.start }).waitFor()
            await expectAccessible()
            await picture('scan-all')
            await open('/')
            await page.getByRole('link', { name: say.firstToFix }).waitFor()
            await expectAccessible()
          },
        )
      })

  test('findings are searched by what Harbor searches by, and the address keeps it', async () => {
    const { visit, administrator } = scenario()
    await visit({ as: administrator }, async ({ page, open }) => {
      await open('/administration/security/findings')
      const found = page.getByRole('table', { name: words.en.findings })
      await page.getByLabel(words.en.package, { exact: true }).fill('musl')
      await page.keyboard.press('Enter')
      await page.waitForURL(/package=musl/)
      await found.getByText('CVE-2025-26519').first().waitFor()
      expect(await found.getByText('CVE-2019-10744').count()).toBe(0)
      await page.reload()
      await found.getByText('CVE-2025-26519').first().waitFor()
      await open(`/administration/security/findings?project=${project}&from=9&severity=Critical`)
      await found.getByText('CVE-2019-10744').first().waitFor()
      await open('/administration/security/findings?project=not-there')
      await page.getByText('No finding matches the search').waitFor()
    })
  })

  async function ensureScanned(repository: string): Promise<void> {
    await scanned(scenario(), project, repository)
  }
})
