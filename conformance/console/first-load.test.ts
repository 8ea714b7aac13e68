import { beforeAll, expect, test } from 'bun:test'
import { describeConsole } from './browser.ts'
import { people, seedRegistry } from './seed.ts'

interface Budget {
  readonly path: string
  readonly requests: number
  readonly kilobytes: number
}

/** What a browser with nothing in its cache loads. Requests more than bytes decide how long a far reader waits. */
const budgets: readonly Budget[] = [
  { path: '/projects/platform', requests: 25, kilobytes: 385 },
  { path: '/projects/platform/repositories/gateway', requests: 25, kilobytes: 435 },
  { path: '/projects/platform/members', requests: 26, kilobytes: 415 },
  { path: '/administration/users', requests: 26, kilobytes: 410 },
]

describeConsole('the first load of a page', (scenario) => {
  beforeAll(async () => await seedRegistry(scenario().registry), 60_000)

  for (const { path, requests, kilobytes } of budgets) {
    test(`${path}: fewer than ${requests} requests and ${kilobytes} kB`, async () => {
      const { visit, administrator } = scenario()
      const as = path.startsWith('/administration') ? administrator : people.ada
      await visit({ as }, async ({ page, open }) => {
        await open(path)
        const entries = await page.evaluate(() =>
          [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map((entry) => {
            const { name, transferSize } = entry as PerformanceResourceTiming
            return { path: new URL(name).pathname, bytes: transferSize }
          }),
        )
        const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
        console.log(`console: ${path}: ${entries.length} requests, ${Math.round(bytes / 1000)} kB`)
        if (entries.length >= requests) expect(entries.map((entry) => entry.path)).toEqual([])
        expect(bytes).toBeLessThan(kilobytes * 1000)
      })
    })
  }

  test('what a page needs is asked for before its first script runs', async () => {
    const { visit } = scenario()
    await visit({ as: people.ada }, async ({ page, open }) => {
      await open('/projects/platform')
      const late = await page.evaluate(() => {
        const all = performance.getEntriesByType('resource').map(({ name, startTime }) => {
          return { path: new URL(name).pathname, startTime }
        })
        // The first thing that the console does when it runs.
        const runsAt = all.find(({ path }) => path === '/c/session')!.startTime
        return all.filter(({ path, startTime }) => path.endsWith('.js') && startTime > runsAt).map(({ path }) => path)
      })
      expect(late).toEqual([])
    })
  })
})
