import { beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { describeConsole, languages } from './browser.ts'
import { writeAdvisories } from './seed-scans.ts'

const words = {
  en: {
    none: 'No vulnerability data yet',
    outdated: /too old to rely on/,
    use: 'Use this one',
    more: 'More actions for 1',
    switched: 'Scans use generation 1 now',
    concern: 'Import newer data',
    default: 'default',
    scanner: 'Scanner',
    autoScan: 'Scan on push',
    saved: 'Saved',
  },
  'zh-CN': {
    none: '还没有漏洞数据库',
    outdated: /过于陈旧/,
    use: '改用这一代',
    more: /1/,
    switched: '现在使用第 1 代数据',
    concern: '导入较新的数据',
    default: '默认',
    scanner: '扫描器',
    autoScan: '推送后自动扫描',
    saved: '已保存',
  },
} as const

describeConsole('administration of scans', (scenario) => {
  test('a registry without data says so, and how to import some', async () => {
    const { visit, administrator } = scenario()
    for (const language of languages)
      await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open('/administration/vulnerability-data')
        await page.getByRole('heading', { name: words[language].none }).waitFor()
        await page.getByText('berth db import').first().waitFor()
        await expectAccessible()
        await picture('data-none')
      })
  })

  test('scanners are listed with the default, and a project shows its own and whether pushes are scanned', async () => {
    const { visit, administrator } = scenario()
    for (const language of languages)
      await visit({ language, theme: 'dark', as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open('/administration/scanners')
        await page.getByRole('table').getByText(words[language].default, { exact: true }).waitFor()
        await expectAccessible()
        await picture('scanners')
        await open('/projects/library/settings')
        await page.getByRole('heading', { name: language === 'en' ? 'Scanning' : '扫描' }).waitFor()
        expect(await page.getByLabel(words[language].scanner, { exact: true }).first().inputValue()).toContain('Berth')
        const scanOnPush = page.getByRole('switch', { name: words[language].autoScan })
        const before = await scanOnPush.isChecked()
        await scanOnPush.focus()
        await page.keyboard.press('Space')
        await page.getByText(words[language].saved, { exact: true }).waitFor()
        await page.reload()
        await scanOnPush.waitFor()
        expect(await scanOnPush.isChecked()).toBe(!before)
        await expectAccessible()
        await picture('project-scanner')
      })
  })
})

describeConsole('vulnerability data in the console', (scenario) => {
  beforeAll(async () => {
    const { control } = scenario().registry
    const folder = (name: string) => join(control!.dataFolder, '..', `${name}-${crypto.randomUUID()}`)
    await control!.berth(['db', 'import', await writeAdvisories(folder('old'), new Date('2026-01-01T00:00:00Z'))])
    await control!.berth(['db', 'import', await writeAdvisories(folder('new'), new Date())])
  }, 60_000)

  for (const language of languages) {
    test(`old data is warned of, and the start page says it too, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator } = scenario()
      const [theme, width] = language === 'en' ? (['light', 1280] as const) : (['dark', 390] as const)
      await visit({ language, theme, width, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open('/administration/vulnerability-data')
        expect(await page.getByText(say.outdated).count()).toBe(0)
        await expectAccessible()
        await picture('data-fresh')
        const row = page.getByRole('table').last().getByRole('row').last()
        await row.getByRole('button', { name: say.more }).click()
        await page.getByRole('menuitem', { name: say.use }).click()
        await page.getByText(say.switched).waitFor()
        await page.getByText(say.outdated).waitFor()
        await expectAccessible()
        await picture('data-outdated')
        await open('/')
        await page.getByRole('link', { name: say.concern }).waitFor()
        await expectAccessible()
        await picture('data-concern')
        // As it was, for who comes next.
        await scenario().registry.control!.berth(['db', 'use', '2'])
      })
    })
  }

  test('a file is uploaded and imported, an older generation forgotten, and fetching is set and shown', async () => {
    const { visit, administrator } = scenario()
    await visit({ language: 'en', as: administrator }, async ({ page, open, tolerate, expectAccessible, picture }) => {
      tolerate(/400/)
      await open('/administration/vulnerability-data')
      const entry = {
        id: 'GHSA-x',
        modified: new Date().toISOString(),
        affected: [{ package: { ecosystem: 'npm', name: 'x' } }],
      }
      const buffer = Buffer.from(JSON.stringify(entry))
      await page
        .locator('input[type=file]')
        .setInputFiles({ name: 'uploaded.json', mimeType: 'application/json', buffer })
      await page.getByText('scans use vulnerability data 3 from now on').waitFor()
      await page.getByRole('heading', { name: 'In use: generation 3' }).waitFor()
      await page
        .locator('input[type=file]')
        .setInputFiles({ name: 'a.sh', mimeType: 'text/x-sh', buffer: Buffer.from('#!/bin/sh') })
      await page.getByText(/no vulnerability data that Berth can read/).waitFor()
      const generations = page.getByRole('table').last()
      await generations.getByRole('button', { name: 'More actions for 1' }).click()
      await page.getByRole('menuitem', { name: 'Delete' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await generations.getByRole('button', { name: 'More actions for 1' }).waitFor({ state: 'detached' })
      await page.getByRole('button', { name: 'Change schedule' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Frequency').first().click()
      await page.getByRole('option', { name: 'Every day' }).click()
      await dialog.getByLabel('Artifact').fill('library/trivy-db:2')
      await expectAccessible()
      await picture('data-fetching-form')
      await dialog.getByRole('button', { name: 'Save' }).click()
      await page.getByText('library/trivy-db:2').waitFor()
      await page.getByRole('button', { name: 'Fetch now' }).click()
      await page.getByText('Vulnerability data is being fetched').waitFor()
      await expectAccessible()
      await picture('data-fetching')
    })
  })
})
