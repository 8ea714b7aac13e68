import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { buildConsole } from '../../tools/build-console.mjs'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { startRegistry, type RegistryUnderTest, type StartOptions } from '../harness/registry.ts'

export type Language = 'en' | 'zh-CN'
export const languages: readonly Language[] = ['en', 'zh-CN']

/** A host name that leads to this machine. Over http:// it is no secure origin, as in many a company; loopback is one. */
export const plainHostName = 'registry.bank.example'

const flags = [
  `--host-resolver-rules=MAP ${plainHostName} 127.0.0.1`,
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Where screenshots go, when BERTH_SCREENSHOTS names a folder. */
const screenshots = process.env['BERTH_SCREENSHOTS']

export interface Visit {
  readonly language?: Language
  readonly theme?: 'light' | 'dark'
  /** A phone is 390 wide. */
  readonly width?: number
  readonly height?: number
  /** Signs in first; default: nobody. */
  readonly as?: { readonly username: string; readonly password: string }
}

/** One person at a browser of their own, with their cookies and settings. */
export interface Visitor {
  readonly page: Page
  readonly language: Language
  /** Goes to an address of the console and waits until it has settled. */
  open(path: string): Promise<void>
  /** What an accessibility checker finds serious on the page as it is. */
  expectAccessible(): Promise<void>
  /** Keeps a picture, where BERTH_SCREENSHOTS asks for some. */
  picture(name: string): Promise<void>
  /** Console errors and warnings that a test expects; others fail it when the visitor leaves. */
  tolerate(pattern: RegExp): void
}

export interface ConsoleScenario {
  readonly registry: RegistryUnderTest
  /** Runs `during` at a browser; fails for what the browser complains of, too. */
  visit(options: Visit, during: (visitor: Visitor) => Promise<void>): Promise<void>
  /** The administrator's password of this registry. */
  readonly administrator: { readonly username: string; readonly password: string }
}

/**
 * Runs `body` with the real server process and Debian's Chromium. `scenario()` may be called within hooks and tests only.
 */
export function describeConsole(
  title: string,
  body: (scenario: () => ConsoleScenario) => void,
  options: StartOptions = {},
): void {
  const path = findClient('chromium')
  if (path === undefined) return skipLoudly(title, 'not on this machine: chromium')
  // A walk through all pages of an area with a look at each takes a while; a test that is cut off takes the browser along.
  setDefaultTimeout(180_000)
  describe(title, () => {
    let running: ConsoleScenario | undefined
    let browser: Browser | undefined
    beforeAll(async () => {
      await buildConsole()
      const registry = await startRegistry(options)
      browser = await chromium.launch({ executablePath: path, args: flags })
      const { username, password } = registry
      running = {
        registry,
        administrator: { username, password },
        visit: async (visit, during) => await runVisit(browser!, registry.url, visit, during),
      }
    }, 60_000)
    afterAll(async () => {
      await browser?.close()
      await running?.registry[Symbol.asyncDispose]()
    })
    body(() => {
      if (running === undefined) throw new Error('the registry has not started')
      return running
    })
  })
}

async function runVisit(
  browser: Browser,
  url: string,
  visit: Visit,
  during: (visitor: Visitor) => Promise<void>,
): Promise<void> {
  const { language = 'en', theme = 'light', width = 1280, height = 800, as } = visit
  await using context = await browser.newContext({
    baseURL: url,
    locale: language,
    colorScheme: theme,
    viewport: { width, height },
    ignoreHTTPSErrors: true,
    reducedMotion: 'reduce',
    ...(width < 500 ? { hasTouch: true, isMobile: true, deviceScaleFactor: 2 } : {}),
  })
  context.setDefaultTimeout(15_000)
  if (as !== undefined) await signInByForm(context, url, as)
  const page = await context.newPage()
  const complaints = collectComplaints(page)
  const tolerated: RegExp[] = []
  const unexpected = () => complaints.filter((text) => !tolerated.some((pattern) => pattern.test(text)))
  try {
    await during({
      page,
      language,
      open: async (path) => {
        await page.goto(path)
        await settle(page)
      },
      expectAccessible: async () => expect(await findBarriers(page)).toEqual([]),
      picture: async (name) => await keepPicture(page, `${name}-${language}-${theme}-${width}`),
      tolerate: (pattern) => void tolerated.push(pattern),
    })
  } catch (error) {
    await keepPicture(page, `failed-${crypto.randomUUID().slice(0, 8)}`)
    // What the browser said is often the reason.
    if (unexpected().length > 0) throw new Error(`the browser says: ${unexpected().join('\n')}`, { cause: error })
    throw error
  }
  expect(unexpected()).toEqual([])
}

/** What the browser says against the page: errors, warnings, refusals of the policy, failed scripts. */
function collectComplaints(page: Page): string[] {
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`))
  return complaints
}

/** The same requests that the sign-in page makes; the page itself has tests of its own. */
async function signInByForm(
  context: BrowserContext,
  url: string,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<void> {
  const start = await context.request.get(`${url}/c/session`)
  const answer = await context.request.post(`${url}/c/login`, {
    form: { principal: username, password },
    headers: { 'x-harbor-csrf-token': start.headers()['x-harbor-csrf-token'] ?? '' },
  })
  if (!answer.ok()) throw new Error(`${username} could not sign in: ${answer.status()} ${await answer.text()}`)
}

/** Waits until nothing is on its way and the page says nothing of loading any more. */
export async function settle(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle')
  await page.waitForFunction(() => document.querySelector('#root > *') !== null)
  await page.waitForFunction(() => document.querySelector('[role=status][aria-label]') === null)
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

async function findBarriers(page: Page): Promise<string[]> {
  // Through the debugger: the page's own policy lets no foreign script in.
  await page.evaluate(axe)
  // A button that has just become usable is on its way from pale to its colour.
  await page.evaluate(async () => {
    const finite = document.getAnimations().filter(({ effect }) => effect?.getTiming().iterations !== Infinity)
    await Promise.allSettled(finite.map(({ finished }) => finished))
  })
  return await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(options: object): Promise<AxeResults> } }
    const { violations } = await axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      resultTypes: ['violations'],
    })
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, help, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(' ')}: ${failureSummary}`),
      )
  })
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string
    readonly impact: string
    readonly help: string
    readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[]
  }[]
}

async function keepPicture(page: Page, name: string): Promise<void> {
  if (screenshots === undefined) return
  if (!existsSync(screenshots)) await mkdir(screenshots, { recursive: true })
  await page.screenshot({ path: join(screenshots, `${name}.png`) })
}
