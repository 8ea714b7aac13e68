import { expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { docsPages } from '../../tools/docs/pages.ts'
import { describeConsole, languages } from './browser.ts'

const words = {
  en: { search: 'restore backup', found: /restore/i, other: '简体中文', heading: 'Berth documentation' },
  'zh-CN': { search: '恢复备份', found: /恢复|备份/, other: 'English', heading: 'Berth 文档' },
} as const

async function read(page: Page, path: string): Promise<void> {
  await page.goto(path)
  await page.waitForLoadState('networkidle')
}

describeConsole('the documentation', (scenario) => {
  for (const language of languages) {
    test(`is read without an account and without another host, ${language}`, async () => {
      const { visit, registry } = scenario()
      await visit({ language }, async ({ page, expectAccessible, picture }) => {
        const hosts = new Set<string>()
        page.on('request', (request) => hosts.add(new URL(request.url()).origin))
        await read(page, '/docs')
        expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(words[language].heading)
        await expectAccessible()
        await picture('docs-first')
        await read(page, language === 'en' ? '/docs/storage' : '/docs/zh-CN/storage')
        await expectAccessible()
        await picture('docs-storage')
        expect([...hosts]).toEqual([registry.url])
      })
    })

    test(`is searched by words and read by keyboard, ${language}`, async () => {
      const { visit } = scenario()
      await visit({ language }, async ({ page, expectAccessible, picture }) => {
        await read(page, '/docs')
        await page.keyboard.press('/')
        await page.keyboard.type(words[language].search)
        const results = page.locator('#results a')
        await results.first().waitFor()
        expect(await results.first().textContent()).toMatch(words[language].found)
        await picture('docs-search')
        await expectAccessible()
        await page.keyboard.press('ArrowDown')
        await page.keyboard.press('Enter')
        await page.waitForURL(/storage|disaster|operating|troubleshooting/)
        await page.getByRole('link', { name: words[language].other }).click()
        expect(await page.locator('html').getAttribute('lang')).toBe(language === 'en' ? 'zh-CN' : 'en')
      })
    })
  }

  for (const theme of ['light', 'dark'] as const) {
    for (const width of [390, 1280]) {
      test(`can be read by everybody: ${theme}, ${width} wide`, async () => {
        const { visit } = scenario()
        await visit({ theme, width }, async ({ page, expectAccessible, picture }) => {
          for (const topic of ['troubleshooting', 'reference/configuration', 'kubernetes']) {
            await read(page, `/docs/${topic}`)
            expect(await page.locator('html').getAttribute('data-mantine-color-scheme')).toBe(theme)
            await expectAccessible()
            await picture(`docs-${topic.replaceAll('/', '-')}`)
            const overflow = await page.evaluate(
              () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
            )
            expect(overflow).toBeLessThanOrEqual(0)
          }
        })
      })
    }
  }

  test('the theme is the one that was chosen in the console, and the other way round', async () => {
    const { visit } = scenario()
    await visit({ theme: 'light' }, async ({ page }) => {
      await read(page, '/docs/tls')
      await page.getByRole('button', { name: 'Light or dark' }).click()
      await read(page, '/sign-in')
      expect(await page.locator('html').getAttribute('data-mantine-color-scheme')).toBe('dark')
    })
  })

  test('every page and every link below /docs leads somewhere', async () => {
    const { url } = scenario().registry
    const anchors = new Map<string, ReadonlySet<string>>()
    const links: { readonly from: string; readonly to: string }[] = []
    for (const { topic } of docsPages()) {
      for (const prefix of ['/docs/', '/docs/zh-CN/']) {
        const path = prefix + topic
        const answer = await fetch(url + path)
        expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
          path,
          200,
          'text/html; charset=utf-8',
        ])
        const text = await answer.text()
        anchors.set(path, new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!)))
        links.push(...[...text.matchAll(/ href="(\/docs[^"]*|#[^"]*)"/g)].map(([, to]) => ({ from: path, to: to! })))
      }
    }
    const broken = links.filter(({ from, to }) => {
      const [path = '', anchor] = decodeURI(to).split('#')
      const known = anchors.get(path === '' ? from : path)
      return known === undefined || (anchor !== undefined && !known.has(anchor))
    })
    expect(broken).toEqual([])
  })

  test('an address that is no page is 404, with the list of pages; other methods are refused', async () => {
    const { url } = scenario().registry
    const missing = await fetch(`${url}/docs/no-such-page`)
    expect([missing.status, (await missing.text()).includes('href="/docs/troubleshooting"')]).toEqual([404, true])
    expect((await fetch(`${url}/docs/tls`, { method: 'POST' })).status).toBe(405)
    const first = await fetch(`${url}/docs`, { redirect: 'manual', headers: { 'accept-language': 'zh-CN,zh;q=0.9' } })
    expect(first.headers.get('location')).toBe('/docs/zh-CN/')
  })

  test('the Markdown of a page is there for programs, also without compression', async () => {
    const { url } = scenario().registry
    const answer = await fetch(`${url}/docs/tls.md`, { headers: { 'accept-encoding': 'identity' } })
    expect(answer.headers.get('content-encoding')).toBeNull()
    expect(await answer.text()).toStartWith('# TLS')
  })
})
