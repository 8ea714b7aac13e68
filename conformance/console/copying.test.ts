import { beforeAll, expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, languages, plainHostName, settle } from './browser.ts'

const words = {
  en: { copy: /^Copy:/, copied: /^Copied:/, byHand: /press Ctrl\+C/ },
  'zh-CN': { copy: /^复制/, copied: /^已复制/, byHand: /Ctrl\+C/ },
} as const

describeConsole('copying', (scenario) => {
  beforeAll(async () => {
    const { registry } = scenario()
    await new V2Client(registry).pushImage('library/app', createUniqueImage(), 'v1')
  })

  const addresses = () => {
    const { url } = scenario().registry
    return [url, `http://${plainHostName}:${new URL(url).port}`]
  }

  test('a command is copied on loopback and on a host name without TLS', async () => {
    const { visit, administrator } = scenario()
    for (const address of addresses()) {
      await visit({}, async ({ page, tolerate }) => {
        // Chromium does not obey this header where there is no TLS, and says so.
        tolerate(/Cross-Origin-Opener-Policy/)
        await page.goto(`${address}/sign-in?next=/projects/library/repositories/app/artifacts/v1`)
        await page.getByLabel(/Username/).fill(administrator.username)
        await page.locator('input[type=password]').fill(administrator.password)
        await page.keyboard.press('Enter')
        await page.getByRole('tab', { name: 'docker' }).waitFor()
        await settle(page)
        const shown = await page.getByRole('tabpanel').first().locator('pre').innerText()
        await page.getByRole('tabpanel').first().getByRole('button', { name: words.en.copy }).click()
        await page.getByRole('button', { name: words.en.copied }).waitFor()
        await page.keyboard.press('Control+k')
        const field = page.getByRole('dialog').locator('input')
        await field.focus()
        await page.keyboard.press('Control+V')
        expect(await field.inputValue()).toBe(shown)
      })
    }
  })

  for (const language of languages)
    test(`a browser that refuses to copy leads to a selected text and the keys to press, ${language}`, async () => {
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator }, async (visitor) => {
        const { page } = visitor
        await page.addInitScript(() => {
          Object.defineProperty(navigator, 'clipboard', { value: undefined })
          document.execCommand = () => false
        })
        await visitor.open('/projects/library/repositories/app/artifacts/v1')
        await page.getByRole('tabpanel').first().getByRole('button', { name: words[language].copy }).click()
        const field = page.getByRole('dialog').getByRole('textbox', { name: words[language].byHand })
        await field.waitFor()
        const selected = await field.evaluate((each: HTMLTextAreaElement) =>
          each.value.slice(each.selectionStart, each.selectionEnd),
        )
        expect(selected).toContain('docker pull')
        await visitor.expectAccessible()
        await visitor.picture('copy-by-hand')
      })
    })
})

describeConsole('a link to what only members see', (scenario) => {
  test('leads a stranger to sign in, and then to the page that the link names', async () => {
    const { registry, visit, administrator } = scenario()
    const client = new V2Client(registry)
    const made = await fetch(`${registry.url}/api/v2.0/projects`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${btoa(`${administrator.username}:${administrator.password}`)}`,
      },
      body: JSON.stringify({ project_name: 'payments' }),
    })
    expect(made.status).toBe(201)
    await client.pushImage('payments/gateway', createUniqueImage(), 'v1')
    const pages = [
      '/projects/payments',
      '/projects/payments/repositories/gateway',
      '/projects/payments/repositories/gateway/artifacts/v1?tab=tags',
    ]
    for (const path of pages)
      await visit({}, async ({ page, open, tolerate }) => {
        // The browser reports the 401 by which the page hears of it.
        tolerate(/401/)
        await open(path)
        await page.waitForURL(/\/sign-in/)
        expect(new URL(page.url()).searchParams.get('next')).toBe(path)
        expect(new URL(page.url()).searchParams.get('ended')).toBeNull()
        await page.getByLabel(/Username/).fill(administrator.username)
        await page.locator('input[type=password]').fill(administrator.password)
        await page.keyboard.press('Enter')
        await page.waitForURL((url) => url.pathname + url.search === path)
        await page.getByRole('heading', { level: 1 }).waitFor()
      })
  })
})
