import { beforeAll, expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { createIndex } from '../harness/image.ts'
import { addProject, type ControlledRegistry } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, languages } from './browser.ts'
import { createVulnerableImage } from './seed-scans.ts'

const words = {
  en: {
    none: 'No SBOM yet',
    generate: 'Make an SBOM',
    again: 'Make it anew',
    made: 'ready',
    packages: 'List: Packages',
    mit: 'MIT: 2 packages',
    unstated: /^none stated: \d packages$/,
    search: 'Search packages',
    noMatch: 'No package matches the filters',
    details: 'Show details of lodash',
    layer: 'Layer 2',
    download: 'Download',
    each: /Each image of an index has an SBOM of its own/,
    switch: 'SBOM on push',
    saved: 'Saved',
  },
  'zh-CN': {
    none: '还没有 SBOM',
    generate: '生成 SBOM',
    again: '重新生成',
    made: '可用',
    packages: '列表：软件包',
    mit: 'MIT：2 个软件包',
    unstated: /^未声明：\d 个软件包$/,
    search: '搜索软件包',
    noMatch: '没有符合筛选条件的软件包',
    details: '查看 lodash 的详情',
    layer: '第 2 层',
    download: '下载',
    each: /索引中的每个镜像各有一份 SBOM/,
    switch: '推送后自动生成 SBOM',
    saved: '已保存',
  },
} as const

const looks = [
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
] as const

const addressOf = (project: string, repository: string) =>
  `/projects/${project}/repositories/${repository}/artifacts/v1?tab=sbom`

describeConsole('SBOMs in the console', (scenario) => {
  let project = ''
  beforeAll(async () => {
    const { registry } = scenario()
    project = await addProject(registry as ControlledRegistry)
    const client = new V2Client(registry)
    for (const language of languages)
      await client.pushImage(`${project}/${language.toLowerCase()}`, createVulnerableImage(language), 'v1')
    const images = [createVulnerableImage('c'), createVulnerableImage('d')]
    await client.pushImage(`${project}/both`, createIndex(images), 'v1')
  }, 60_000)

  for (const language of languages) {
    test(`an SBOM is made from the page of its image, and lists what lies in it, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator } = scenario()
      for (const [theme, width] of looks)
        await visit(
          { language, theme, width, as: administrator },
          async ({ page, open, expectAccessible, picture }) => {
            await open(addressOf(project, language.toLowerCase()))
            const first = page.getByRole('heading', { name: say.none })
            await first.or(page.getByRole('button', { name: say.again })).waitFor()
            if (await first.isVisible()) {
              await expectAccessible()
              await picture('sbom-none')
              await page.getByRole('button', { name: say.generate }).focus()
              await page.keyboard.press('Enter')
            }
            await page.getByText(say.made, { exact: true }).waitFor()
            const list = page.getByRole('table', { name: say.packages })
            await list.getByText('lodash').waitFor()
            if (width > 1_000) await list.getByText(say.layer).first().waitFor()
            await expectAccessible()
            await picture('sbom')
          },
        )
    })

    test(`packages are searched, found by licence, and taken along, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open(addressOf(project, language.toLowerCase()))
        const list = page.getByRole('table', { name: say.packages })
        await list.getByText('musl').waitFor()
        await page.getByText(say.mit).click()
        await list.getByText('musl').waitFor({ state: 'detached' })
        expect(await list.getByText('minimist').count()).toBe(1)
        await page.getByText(say.mit).click()
        await page.getByText(say.unstated).click()
        await list.getByText('lodash').waitFor({ state: 'detached' })
        await list.getByText('left-pad').waitFor()
        await page.getByText(say.unstated).click()
        await page.getByLabel(say.search).fill('lod')
        await list.getByText('musl').waitFor({ state: 'detached' })
        await page.getByRole('button', { name: say.details }).click()
        await page.getByText('pkg:npm/lodash@4.17.4').waitFor()
        await expectAccessible()
        await picture('sbom-package')
        await page.getByLabel(say.search).fill('nothing like it')
        await page.getByText(say.noMatch).waitFor()
        for (const [format, mark] of [
          [/SPDX/, 'spdxVersion'],
          [/CycloneDX/, 'bomFormat'],
        ] as const) {
          await page.getByRole('button', { name: say.download }).click()
          const saved = page.waitForEvent('download')
          await page.getByRole('menuitem', { name: format }).click()
          const document = JSON.parse(await readFile(await (await saved).path(), 'utf8')) as Record<string, unknown>
          expect(document[mark]).toBeDefined()
        }
      })
    })

    test(`an index says where its SBOMs are, and a project makes them on push by a switch, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open(addressOf(project, 'both'))
        const generate = page.getByRole('button', { name: say.generate })
        await generate
          .or(page.getByRole('button', { name: say.again }))
          .first()
          .waitFor()
        if (await generate.isVisible()) await generate.click()
        await page.getByText(say.each).waitFor()
        await expectAccessible()
        await picture('sbom-index')
        await open(`/projects/${project}/settings`)
        const onPush = page.getByRole('switch', { name: say.switch })
        const before = await onPush.isChecked()
        await onPush.focus()
        await page.keyboard.press('Space')
        await page.getByText(say.saved, { exact: true }).waitFor()
        await page.reload()
        await onPush.waitFor()
        expect(await onPush.isChecked()).toBe(!before)
      })
    })
  }
})
