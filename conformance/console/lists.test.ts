import { beforeAll, expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import type { RegistryUnderTest } from '../harness/registry.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, languages, settle, type Visitor } from './browser.ts'
import { seedRegistry } from './seed.ts'

const words = {
  en: {
    selectAllShown: 'Select all shown rows',
    delete: 'Delete',
    undo: 'Undo',
    close: 'Close',
    remain: /1 could not be changed/,
    immutable: /immutable/,
    selected: (count: number) => `${count} selected`,
    row: (name: string) => `Select ${name}`,
    all: /^Select all \d+/,
    addLabel: 'Add label',
    label: 'Label',
    tagged: 'Tagged or not',
    untagged: 'untagged',
    types: 'All types',
    chart: 'Helm chart',
    labels: 'Labels',
    noMatch: 'No artifact matches the filters',
    parts: /Show platforms/,
    columns: 'Columns',
    mediaType: 'Media type',
    restore: 'Restore',
    pull: /Copy the pull command of debug/,
    changeRole: 'Change role',
    role: 'Role',
    guest: 'Guest',
    clear: 'Clear the selection',
  },
  'zh-CN': {
    selectAllShown: '选择显示的所有行',
    delete: '删除',
    undo: '撤销',
    close: '关闭',
    remain: /1 项未能更改/,
    immutable: /不可变/,
    selected: (count: number) => `已选择 ${count} 项`,
    row: (name: string) => `选择 ${name}`,
    all: /^选择全部 \d+ 项/,
    addLabel: '添加标签',
    label: '标签',
    tagged: '有无 Tag',
    untagged: '无 Tag',
    types: '所有类型',
    chart: 'Helm Chart',
    labels: '标签',
    noMatch: '没有符合筛选条件的 Artifact',
    parts: /显示平台/,
    columns: '列',
    mediaType: '媒体类型',
    restore: '恢复',
    pull: /复制 debug 的拉取命令/,
    changeRole: '更改角色',
    role: '角色',
    guest: '访客',
    clear: '取消选择',
  },
} as const

async function api(registry: RegistryUnderTest, method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${registry.url}/api/v2.0${path}`, {
    method,
    headers: {
      authorization: `Basic ${btoa(`${registry.username}:${registry.password}`)}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  const text = await answer.text()
  return text === '' ? undefined : JSON.parse(text)
}

/** The result of a scan is a link as well. */
const nameOfRows = async ({ page }: Visitor) =>
  (await page.getByRole('row').locator('a:not([href*="tab=vulnerabilities"])').allInnerTexts()).map((text) =>
    text.trim(),
  )

describeConsole('lists in the console', (scenario) => {
  beforeAll(async () => {
    const { registry } = scenario()
    await seedRegistry(registry)
    const client = new V2Client(registry)
    for (const language of languages) {
      for (const tag of ['v1', 'v2', 'v3', 'kept'])
        await client.pushImage(`platform/many-${language.toLowerCase()}`, createUniqueImage(), tag)
    }
    for (let index = 0; index < 120; index += 1)
      await client.pushImage('platform/long', createUniqueImage(), `build-${String(index).padStart(3, '0')}`)
    await api(registry, 'POST', '/projects/platform/immutabletagrules', {
      scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: 'many-*' }] },
      tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: 'kept' }],
    })
    await api(registry, 'POST', '/labels', { name: 'approved', color: '#2e7d32', scope: 'g' })
  }, 120_000)

  for (const language of languages) {
    const say = words[language]
    const repository = `many-${language.toLowerCase()}`

    test(`chosen artifacts are deleted by one request; one that cannot go says why and stays chosen, ${language}`, async () => {
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator }, async (visitor) => {
        const { page } = visitor
        await visitor.open(`/projects/platform/repositories/${repository}`)
        await page.getByRole('checkbox', { name: say.row('v1') }).check()
        await page.getByRole('checkbox', { name: say.row('v2') }).check()
        await page.getByRole('checkbox', { name: say.row('kept') }).check()
        await page
          .getByRole('status')
          .filter({ hasText: say.selected(3) })
          .waitFor()
        await visitor.expectAccessible()
        await visitor.picture('list-selection')
        const requests: string[] = []
        page.on('request', (request) => {
          if (['POST', 'DELETE'].includes(request.method())) requests.push(new URL(request.url()).pathname)
        })
        await page.getByRole('toolbar').getByRole('button', { name: say.delete }).click()
        const dialog = page.getByRole('dialog')
        await dialog.waitFor()
        await visitor.expectAccessible()
        await dialog.getByRole('button', { name: say.delete }).click()
        await dialog.getByText(say.remain).first().waitFor()
        await dialog.getByText(say.immutable).waitFor()
        await visitor.expectAccessible()
        await visitor.picture('list-partial-failure')
        expect(requests.filter((path) => path.startsWith('/api/'))).toEqual([
          `/api/v2.0/projects/platform/repositories/${repository}/batch/delete-artifacts`,
        ])
        await dialog.getByRole('button', { name: say.close }).last().click()
        await dialog.waitFor({ state: 'detached' })
        await page
          .getByRole('status')
          .filter({ hasText: say.selected(1) })
          .waitFor()
        expect(await nameOfRows(visitor)).toEqual(['kept', 'v3'])
        await page.getByRole('button', { name: say.undo }).click()
        await page.getByRole('link', { name: 'v1' }).waitFor()
        await page.getByRole('link', { name: 'v2' }).waitFor()
      })
    })

    test(`artifacts are filtered by type, label and whether they have a tag; the address keeps it, ${language}`, async () => {
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator }, async (visitor) => {
        const { page } = visitor
        await visitor.open('/projects/platform/repositories/gateway')
        await page.getByRole('checkbox', { name: say.row('latest') }).check()
        await page.getByRole('button', { name: say.addLabel }).click()
        const dialog = page.getByRole('dialog')
        await dialog.getByRole('combobox', { name: say.label }).click()
        await page.getByRole('option', { name: 'approved' }).click()
        await dialog.getByRole('button', { name: say.addLabel }).click()
        await dialog.waitFor({ state: 'detached' })
        await page.getByRole('combobox', { name: say.labels, exact: true }).click()
        await page.getByRole('option', { name: 'approved' }).click()
        await page.waitForURL(/labels=/)
        await settle(page)
        await page.keyboard.press('Escape')
        expect(await nameOfRows(visitor)).toEqual(['latest'])
        await visitor.picture('artifact-filters')
        await page.reload()
        await settle(page)
        expect(await nameOfRows(visitor)).toEqual(['latest'])
        await page.getByRole('combobox', { name: say.types }).click()
        await page.getByRole('option', { name: say.chart, exact: true }).click()
        await page.getByText(say.noMatch).waitFor()
        await visitor.expectAccessible()
        await visitor.open('/projects/platform/repositories/gateway?tags=untagged')
        await page.getByText(say.noMatch).waitFor()
      })
    })

    test(`an index is opened in the list, and columns are chosen and remembered, ${language}`, async () => {
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator, width: 1440 }, async (visitor) => {
        const { page } = visitor
        await visitor.open('/projects/platform/repositories/search')
        await page.getByRole('button', { name: say.parts }).first().click()
        await page.getByRole('link', { name: 'linux/arm64' }).waitFor()
        await visitor.expectAccessible()
        await visitor.picture('list-opened-index')
        await page.getByRole('button', { name: say.columns, exact: true }).click()
        await page.getByRole('checkbox', { name: say.mediaType }).check()
        await page.getByRole('columnheader', { name: say.mediaType }).waitFor()
        await page.keyboard.press('Escape')
        await page.reload()
        await page.getByRole('columnheader', { name: say.mediaType }).waitFor()
      })
    })

    test(`on a phone, in the dark, ${language}`, async () => {
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator, width: 390, height: 844, theme: 'dark' }, async (visitor) => {
        const { page } = visitor
        for (const [path, name] of [
          ['/projects', 'projects'],
          ['/projects/platform', 'repositories'],
          ['/projects/platform/repositories/gateway', 'artifacts'],
          ['/projects/platform/members', 'members'],
          ['/projects/platform/robots', 'robots'],
          ['/projects/platform/trash', 'trash'],
          ['/administration/users', 'users'],
          ['/administration/labels', 'labels'],
          ['/administration/robots', 'system-robots'],
          ['/administration/quotas', 'quotas'],
        ] as const) {
          await visitor.open(path)
          const wide = await page.evaluate(() => document.documentElement.scrollWidth)
          expect([name, wide <= 390]).toEqual([name, true])
          const boxes = page.getByRole('row').getByRole('checkbox')
          if (name !== 'projects' && (await boxes.count()) > 1) await boxes.nth(1).check()
          await visitor.expectAccessible()
          await visitor.picture(`phone-list-${name}`)
        }
      })
    })
  }

  test('all of a long list are chosen without looking at them, with Shift those in between', async () => {
    const { visit, administrator, registry } = scenario()
    const say = words.en
    await visit({ as: administrator }, async (visitor) => {
      const { page } = visitor
      // A repository without an artifact is none.
      visitor.tolerate(/404/)
      await visitor.open('/projects/platform/repositories/long')
      await page.getByRole('checkbox', { name: say.row('build-119') }).click()
      await page.getByRole('checkbox', { name: say.row('build-115') }).click({ modifiers: ['Shift'] })
      await page
        .getByRole('status')
        .filter({ hasText: say.selected(5) })
        .waitFor()
      await page.getByRole('button', { name: say.all }).click()
      await page
        .getByRole('status')
        .filter({ hasText: say.selected(120) })
        .waitFor()
      await page.getByRole('toolbar').getByRole('button', { name: say.delete }).click()
      await page.getByRole('dialog').getByRole('button', { name: say.delete }).click()
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await visitor.open('/projects/platform/trash')
      await page.getByRole('checkbox', { name: say.selectAllShown }).check()
      await page.getByRole('button', { name: 'Select all that match' }).click()
      await page.getByRole('toolbar').getByRole('button', { name: say.restore }).click()
      await page.getByRole('dialog').getByRole('button', { name: say.restore }).click()
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      const repository = (await api(registry, 'GET', '/projects/platform/repositories/long')) as {
        artifact_count: number
      }
      expect(repository.artifact_count).toBe(120)
    })
  })

  test('roles of members are changed together, and one that may not be says so', async () => {
    const { visit, administrator } = scenario()
    const say = words.en
    await visit({ as: administrator }, async (visitor) => {
      const { page } = visitor
      await visitor.open('/projects/research/members')
      await page.getByRole('checkbox', { name: say.row('wei') }).check()
      await page.getByRole('checkbox', { name: say.row('grace') }).check()
      await page.getByRole('button', { name: say.changeRole }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('combobox', { name: say.role }).click()
      await page.getByRole('option', { name: say.guest, exact: true }).click()
      await dialog.getByRole('button', { name: say.changeRole }).click()
      await dialog.waitFor({ state: 'detached' })
      for (const name of ['wei', 'grace'])
        expect(await page.getByRole('combobox', { name: `Role of ${name}` }).inputValue()).toBe(say.guest)
      await visitor.expectAccessible()
    })
  })

  test('a pull command is copied from the list', async () => {
    const { visit, administrator } = scenario()
    await visit({ as: administrator }, async (visitor) => {
      const { page } = visitor
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
      await visitor.open('/projects/platform/repositories/gateway')
      await page.getByRole('button', { name: words.en.pull }).click()
      await page.getByText(/docker pull .*platform\/gateway:debug/).waitFor()
      expect(await page.evaluate(async () => await navigator.clipboard.readText())).toMatch(
        /^docker pull .*platform\/gateway:debug$/,
      )
    })
  })

  test('people are found by their real name', async () => {
    const { visit, administrator } = scenario()
    await visit({ as: administrator }, async (visitor) => {
      const { page } = visitor
      await visitor.open('/administration/users')
      await page.getByRole('searchbox').fill('王')
      await page.waitForURL(/q=/)
      await settle(page)
      await page.getByText('wei', { exact: true }).waitFor()
      expect(await page.getByText('grace', { exact: true }).count()).toBe(0)
    })
  })
})
