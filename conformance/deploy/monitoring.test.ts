import { describe, expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { tryCommand } from '../harness/command.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'

const root = join(import.meta.dir, '..', '..')
const folder = join(root, 'deploy', 'monitoring')

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly annotations: Readonly<Record<string, string>>
}

const rules = (
  parse(await readFile(join(folder, 'alerts.yml'), 'utf8')) as { groups: readonly { rules: readonly Rule[] }[] }
).groups.flatMap((group) => group.rules)

describe('every alert', () => {
  test.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s leads to a page in both languages and names a command of berth',
    async (alert, { annotations }) => {
      expect(annotations['summary']).toBeTruthy()
      expect(annotations['command']).toMatch(/^berth [a-z]/)
      expect(annotations['runbook_url']).toBe(`docs/guides/monitoring.md#${alert.toLowerCase()}`)
      for (const language of ['', 'zh-CN/']) {
        const page = await readFile(join(root, 'docs', 'guides', `${language}monitoring.md`), 'utf8')
        const section = page.split(`\n### ${alert}\n`)[1]?.split('\n### ')[0] ?? ''
        expect(section).toContain(`\n${annotations['command']}\n`)
      }
    },
  )

  test('has a section of its own, and no section is about none', async () => {
    const page = await readFile(join(root, 'docs', 'guides', 'monitoring.md'), 'utf8')
    expect([...page.matchAll(/^### (\w+)$/gm)].map(([, name]) => name)).toEqual(rules.map(({ alert }) => alert))
  })
})

test('the chart carries the same rules', async () => {
  expect(await readFile(join(root, 'deploy', 'helm', 'berth', 'files', 'alerts.yml'), 'utf8')).toBe(
    await readFile(join(folder, 'alerts.yml'), 'utf8'),
  )
})

/** Names of metrics in expressions, without those of other programs. */
const metricsIn = (text: string): string[] => [...text.matchAll(/\b(berth_\w+|process_\w+)/g)].map(([, name]) => name!)

test('alerts and dashboard ask only for metrics that the program has', async () => {
  const sources = await Promise.all(
    [...new Bun.Glob('server/src/**/*.ts').scanSync({ cwd: root })].map((file) => readFile(join(root, file), 'utf8')),
  )
  const text = sources.join('\n')
  const asked = new Set([
    ...rules.flatMap(({ expr }) => metricsIn(expr)),
    ...metricsIn(await readFile(join(folder, 'grafana.json'), 'utf8')),
  ])
  expect(asked.size).toBeGreaterThan(20)
  const isThere = (name: string) => {
    const base = name.replace(/_(bucket|count|sum)$/, '')
    // Some are named without the program's name and the ending of counters.
    const short = base.replace(/^berth_/, '').replace(/_total$/, '')
    return text.includes(`'${base}'`) || text.includes(`'${short}'`)
  }
  expect([...asked].filter((name) => !isThere(name))).toEqual([])
})

const promtool = findClient('promtool')
if (promtool === undefined) skipLoudly('rules of Prometheus', 'not on this machine: promtool (Debian: prometheus)')
else {
  test('promtool takes the rules, and they fire when they should', async () => {
    expect(await tryCommand([promtool, 'check', 'rules', join(folder, 'alerts.yml')])).toMatchObject({ code: 0 })
    expect(await tryCommand([promtool, 'test', 'rules', join(folder, 'alerts.test.yml')])).toMatchObject({ code: 0 })
    // Days and weeks of samples.
  }, 240_000)
}
