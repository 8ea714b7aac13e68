import { beforeAll, expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { createIndex } from '../harness/image.ts'
import { addProject, type ControlledRegistry } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, languages, type ConsoleScenario } from './browser.ts'
import { api, createUnknownSystemImage, createVulnerableImage, importAdvisories, scanned } from './seed-scans.ts'

const words = {
  en: {
    scan: 'Scan',
    scanAgain: 'Scan again',
    notYet: 'Not scanned yet',
    failed: 'The newest scan failed',
    noData: /no vulnerability data yet/,
    findings: 'List: Findings',
    exploited: 'Known to be exploited',
    gap: /no vulnerability data for pypi. 1 package was not checked/,
    system: /no vulnerability data for Alpine Linux v3.11/,
    rest: /Nothing was found in what could be checked/,
    details: 'Show details of CVE-2019-10744 in lodash',
    layer: 'Layer 2',
    log: 'Log',
    export: 'Export',
    csv: /^CSV of/,
    search: 'Search findings',
    column: '1 exploited',
    incomplete: 'incomplete',
    row: (name: string) => `Select ${name}`,
    queued: '2 scans were queued',
  },
  'zh-CN': {
    scan: '扫描',
    scanAgain: '重新扫描',
    notYet: '尚未扫描',
    failed: '最近一次扫描失败',
    noData: /还没有漏洞数据库/,
    findings: '列表：漏洞列表',
    exploited: '已被利用',
    gap: /没有 pypi 的数据，1 个软件包未经检查/,
    system: /没有 Alpine Linux v3.11 的数据/,
    rest: /已检查的部分未发现漏洞/,
    details: '显示 lodash 中 CVE-2019-10744 的详情',
    layer: '第 2 层',
    log: '日志',
    export: '导出',
    csv: /导出为 CSV/,
    search: '搜索漏洞',
    column: '1 个已被利用',
    incomplete: '不完整',
    row: (name: string) => `选择 ${name}`,
    queued: '已提交 2 个扫描',
  },
} as const

const looks = [
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
] as const

const addressOf = (project: string, repository: string, reference = 'v1') =>
  `/projects/${project}/repositories/${repository}/artifacts/${reference}?tab=vulnerabilities`

async function pushTo({ registry }: ConsoleScenario, repository: string, salt: string = crypto.randomUUID()) {
  const project = await addProject(registry as ControlledRegistry)
  await new V2Client(registry).pushImage(`${project}/${repository}`, createVulnerableImage(salt), 'v1')
  return project
}

describeConsole('scans in the console, without vulnerability data', (scenario) => {
  for (const language of languages) {
    test(`an artifact is scanned from its page, and the failure says what to do, ${language}`, async () => {
      const say = words[language]
      const project = await pushTo(scenario(), 'shop')
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open(addressOf(project, 'shop'))
        await page.getByRole('heading', { name: say.notYet }).waitFor()
        await expectAccessible()
        await picture('scan-never')
        await page.getByRole('button', { name: say.scan, exact: true }).click()
        await page.getByText(say.failed).waitFor()
        await page.getByText(say.noData).waitFor()
        // Nothing is known, and nothing is counted.
        expect(await page.getByRole('tabpanel').last().innerText()).not.toMatch(/\b0\b|none found|未发现/)
        expect(await page.getByRole('button', { name: say.export }).count()).toBe(0)
        await expectAccessible()
        await picture('scan-failed')
        await page.getByRole('button', { name: say.log }).click()
        await page.getByRole('dialog').getByText('berth db import').waitFor()
        await expectAccessible()
      })
    })
  }
})

describeConsole('scans in the console', (scenario) => {
  let project = ''
  beforeAll(async () => {
    const { registry } = scenario()
    await importAdvisories(registry)
    project = await pushTo(scenario(), 'shop', 'shop')
    const client = new V2Client(registry)
    await client.pushImage(`${project}/old`, createUnknownSystemImage(), 'v1')
    await client.pushImage(
      `${project}/both`,
      createIndex([createVulnerableImage('a'), createVulnerableImage('b')]),
      'v1',
    )
    for (const repository of ['shop', 'old', 'both']) await scanned(scenario(), project, repository)
  }, 120_000)

  for (const language of languages) {
    for (const [theme, width] of looks) {
      test(`findings, what could not be checked, and where each comes from, ${language}, ${theme}, ${width} wide`, async () => {
        const say = words[language]
        const { visit, administrator } = scenario()
        await visit(
          { language, theme, width, as: administrator },
          async ({ page, open, expectAccessible, picture }) => {
            await open(addressOf(project, 'shop'))
            const table = page.getByRole('table', { name: say.findings })
            await table.getByText('CVE-2019-10744').waitFor()
            await page.getByText(say.gap).waitFor()
            // Exploited first, though others are worse.
            expect(await table.getByRole('row').nth(1).innerText()).toContain('CVE-2020-7598')
            await expectAccessible()
            await picture('scan-findings')
            await table.getByRole('button', { name: say.details }).click()
            await page.getByText(say.layer, { exact: true }).waitFor()
            await page.getByText('RUN npm ci --omit=dev').waitFor()
            const reference = page.getByRole('link', { name: 'https://example.com/advisory' })
            expect(await reference.getAttribute('rel')).toContain('noopener')
            expect(await page.getByRole('link', { name: /javascript/ }).count()).toBe(0)
            expect(await page.locator('main img').count()).toBe(0)
            await expectAccessible()
            await picture('scan-detail')
          },
        )
      })
    }

    test(`nothing found where little could be checked is not called clean, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open(addressOf(project, 'old'))
        await page.getByText(say.system).waitFor()
        await page.getByText(say.rest).waitFor()
        await expectAccessible()
        await picture('scan-unknown-system')
        await open(`/projects/${project}/repositories/old`)
        await page.getByRole('table').getByText(say.incomplete).last().waitFor()
      })
    })

    test(`the list says what was found, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open(`/projects/${project}/repositories/shop`)
        await page.getByRole('table').getByText(say.column).last().waitFor()
        await expectAccessible()
        await picture('scan-list')
      })
    })
  }

  for (const [language, theme, width] of [
    ['en', 'light', 1280],
    ['zh-CN', 'dark', 390],
  ] as const)
    test(`artifacts that were not scanned are found, and scanned by one action, ${language}, ${theme}, ${width} wide`, async () => {
      const { registry, visit, administrator } = scenario()
      const say = words[language]
      const repository = `many-${width}`
      const client = new V2Client(registry)
      for (const tag of ['one', 'two'])
        await client.pushImage(`${project}/${repository}`, createVulnerableImage(`${tag} ${width}`), tag)
      await visit({ language, theme, width, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open(`/projects/${project}/repositories/${repository}?findings=none`)
        for (const tag of ['one', 'two']) await page.getByRole('checkbox', { name: say.row(tag), exact: true }).check()
        await expectAccessible()
        await picture('scan-bulk')
        await page.getByRole('button', { name: say.scan, exact: true }).click()
        const dialog = page.getByRole('dialog')
        await dialog.getByRole('button', { name: say.scan, exact: true }).click()
        await page.getByText(say.queued).waitFor()
        await open(`/projects/${project}/repositories/${repository}?findings=critical`)
        await page.getByRole('checkbox', { name: say.row('two'), exact: true }).waitFor()
        await open(`/projects/${project}/repositories/${repository}?findings=none`)
        await page.getByRole('table').waitFor({ state: 'detached' })
      })
    })

  test('filters narrow the list, and the files have what is shown', async () => {
    const { visit, administrator } = scenario()
    const say = words.en
    await visit({ as: administrator }, async ({ page, open }) => {
      await open(addressOf(project, 'shop'))
      const table = page.getByRole('table', { name: say.findings })
      await page.getByRole('searchbox', { name: say.search }).fill('lodash')
      await table.getByText('CVE-2025-26519').waitFor({ state: 'detached' })
      expect(await table.getByText('CVE-2019-10744').count()).toBe(1)
      await page.getByRole('button', { name: say.export }).click()
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('menuitem', { name: say.csv }).click(),
      ])
      const csv = await readFile(await file.path(), 'utf8')
      expect(csv.trim().split('\r\n')).toHaveLength(2)
      expect(csv).toContain('CVE-2019-10744,Critical,lodash,4.17.4,4.17.12')
    })
  })

  test('newer data is told by what it changed, and the report goes to other tools in their form', async () => {
    const { registry, visit, administrator } = scenario()
    await new V2Client(registry).pushImage(`${project}/changed`, createVulnerableImage('changed'), 'v1')
    await scanned(scenario(), project, 'changed')
    await importAdvisories(registry, true)
    await scanned(scenario(), project, 'changed')
    for (const [language, theme, width, added, sarif] of [
      ['en', 'light', 1280, '1 new finding', /SARIF/],
      ['zh-CN', 'dark', 390, '新增 1 个', /SARIF/],
    ] as const)
      await visit({ language, theme, width, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open(addressOf(project, 'changed'))
        await page.getByRole('list', { name: added }).getByText('CVE-2026-7').waitFor()
        await expectAccessible()
        await picture('scan-changes')
        await page.getByRole('button', { name: language === 'en' ? 'Scan in CI' : '在 CI 中扫描' }).click()
        const dialog = page.getByRole('dialog')
        await dialog.getByRole('tab', { name: 'Jenkins' }).click()
        await dialog
          .getByText(/berth scan app.tar --server http:/)
          .last()
          .waitFor()
        await expectAccessible()
        await picture('scan-in-ci')
        await page.keyboard.press('Escape')
        await dialog.waitFor({ state: 'detached' })
        await page.getByRole('button', { name: words[language].export }).click()
        const [file] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('menuitem', { name: sarif }).click(),
        ])
        const { version, runs } = JSON.parse(await readFile(await file.path(), 'utf8'))
        expect(version).toBe('2.1.0')
        expect(runs[0].results.map(({ ruleId }: { ruleId: string }) => ruleId)).toContain('CVE-2026-7')
      })
  })

  test('an index says which platforms have a finding', async () => {
    const { visit, administrator } = scenario()
    await visit({ as: administrator }, async ({ page, open }) => {
      await open(addressOf(project, 'both'))
      await page.getByRole('button', { name: words.en.details }).click()
      await page.getByText('linux/amd64').first().waitFor()
    })
  })

  test('a reader sees findings and cannot scan', async () => {
    const { visit, registry } = scenario()
    const member = await memberOf(registry, project)
    await visit({ as: member }, async ({ page, open }) => {
      await open(addressOf(project, 'shop'))
      await page.getByRole('table', { name: words.en.findings }).waitFor()
      expect(await page.getByRole('button', { name: words.en.scanAgain }).count()).toBe(0)
    })
  })
})

async function memberOf(registry: ConsoleScenario['registry'], project: string) {
  const member = { username: `guest-${crypto.randomUUID().slice(0, 8)}`, password: 'Reading1234' }
  const email = `${member.username}@example.com`
  await api({ registry }, '/users', {
    method: 'POST',
    body: JSON.stringify({ ...member, email, realname: 'Guest', comment: '' }),
  })
  await api({ registry }, `/projects/${project}/members`, {
    method: 'POST',
    body: JSON.stringify({ role_id: 3, member_user: { username: member.username } }),
  })
  return member
}
