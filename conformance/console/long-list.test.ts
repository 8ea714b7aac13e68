import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { describeConsole } from './browser.ts'

const count = 30_000

describeConsole('a list of many rows', (scenario) => {
  test(`of ${count} projects only those on the screen are drawn, and a jump shows the one that stands there`, async () => {
    const { visit, registry, administrator } = scenario()
    using database = new Database(join(registry.control!.dataFolder, 'berth.db'))
    database.run('PRAGMA busy_timeout = 5000')
    database.run(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO project (name, owner_id, public, created_at, updated_at)
       SELECT printf('team-%06d', i), 1, 0, 1700000000000, 1700000000000 FROM n`,
      [count - 1],
    )
    await visit({ as: administrator }, async ({ page, open }) => {
      await open('/projects')
      const table = page.getByRole('table')
      const elements = async () => await page.evaluate(() => document.querySelectorAll('*').length)
      const atTheTop = await elements()
      expect(Number(await table.getAttribute('aria-rowcount'))).toBeGreaterThan(count)
      for (const share of [0.5, 1]) {
        await page.evaluate((part) => window.scrollTo(0, document.documentElement.scrollHeight * part), share)
        // Name and place at the same moment, once the rows of the place that was jumped to are there.
        const found = await page.waitForFunction(
          (least) => {
            const rows = [...document.querySelectorAll('[role=row][data-body]')]
            const last = rows.findLast((row) => /team-\d{6}/.test(row.textContent ?? ''))
            const name = Number(/team-(\d{6})/.exec(last?.textContent ?? '')?.[1] ?? -1)
            return name > least ? { name, row: Number(last!.getAttribute('aria-rowindex')) } : undefined
          },
          count * share - 1_000,
        )
        const { name, row } = (await found.jsonValue())!
        // `library` is the first, so team-N stands in row N + 3 (the heading is row 1).
        expect(row).toBe(name + 3)
        expect(await page.getByRole('row').count()).toBeLessThan(60)
        // In the middle rows wait above and below the screen; each has its checkbox and its menu.
        expect(await elements()).toBeLessThan(atTheTop + 700)
      }
      await page.getByRole('link', { name: `team-${String(count - 1).padStart(6, '0')}` }).waitFor()
    })
  }, 60_000)
})
