import { beforeAll, expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, languages } from './browser.ts'

const words = {
  en: {
    new: 'New project',
    name: 'Name',
    create: 'Create project',
    taken: 'This name is already in use. Choose another name.',
    more: (name: string) => `More actions for ${name}`,
    delete: 'Delete',
    immutable: 'The tag is immutable',
  },
  'zh-CN': {
    new: '新建项目',
    name: '名称',
    create: '创建项目',
    taken: '该名称已被使用，请换一个名称。',
    more: (name: string) => `${name} 的更多操作`,
    delete: '删除',
    immutable: '该 Tag 不可变',
  },
} as const

describeConsole('refusals', (scenario) => {
  beforeAll(async () => {
    const { registry } = scenario()
    await new V2Client(registry).pushImage('library/app', createUniqueImage(), 'v1')
    const selector = (decoration: string, pattern: string) => [{ kind: 'doublestar', decoration, pattern }]
    const made = await fetch(`${registry.url}/api/v2.0/projects/library/immutabletagrules`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${btoa(`${registry.username}:${registry.password}`)}`,
      },
      body: JSON.stringify({
        tag_selectors: selector('matches', 'v*'),
        scope_selectors: { repository: selector('repoMatches', '**') },
      }),
    })
    expect(made.status).toBe(201)
  })

  for (const language of languages) {
    test(`a taken name is said at its field, in the language of the reader, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator, width: 390 }, async ({ page, open, tolerate, picture }) => {
        tolerate(/409/)
        await open('/projects')
        await page.getByRole('button', { name: say.new }).click()
        const field = page.getByLabel(say.name, { exact: true })
        await field.fill('library')
        await page.getByRole('button', { name: say.create }).click()
        await page.getByText(say.taken).waitFor()
        expect(await field.getAttribute('aria-invalid')).toBe('true')
        expect(await page.getByRole('alert').count()).toBe(0)
        expect(await page.getByRole('dialog').innerText()).not.toContain('already exists')
        await picture('name-taken')
      })
    })

    test(`an immutable tag is why it stays, in the language of the reader, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator }, async ({ page, open, tolerate, picture }) => {
        tolerate(/412/)
        await open('/projects/library/repositories/app')
        await page.getByRole('button', { name: say.more('v1') }).click()
        const item = page.getByRole('menuitem', { name: say.delete })
        await item.waitFor()
        expect(await item.isDisabled()).toBe(true)
        await open('/projects/library')
        await page.getByRole('button', { name: say.more('library/app') }).click()
        await page.getByRole('menuitem', { name: say.delete }).click()
        await page.getByRole('dialog').getByRole('textbox').fill('app')
        await page.getByRole('dialog').getByRole('button', { name: say.delete }).click()
        const alert = page.getByRole('alert')
        await alert.getByText(say.immutable).waitFor()
        expect(await alert.innerText()).not.toContain('configured as immutable')
        await picture('immutable')
      })
    })
  }
})
