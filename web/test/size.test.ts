import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildConsole } from '../../tools/build-console.mjs'

interface Sizes {
  readonly first: readonly File[]
  readonly later: readonly File[]
}

interface File {
  readonly name: string
  readonly gzip: number
  readonly of?: string
}

const budgetBytes = 250_000
/** The first pages that somebody sees, with their language. */
const firstPages = ['web/src/pages/bundles/entrance.ts', 'web/src/pages/bundles/start.ts']
const languages = ['web/src/i18n/en/index.ts', 'web/src/i18n/zh-CN/index.ts']

test('what a browser loads first is less than 250 kB by gzip, whichever page and language it is', async () => {
  await buildConsole()
  const sizes = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'dist', 'sizes.json'), 'utf8')) as Sizes
  const frame = sizes.first.reduce((sum, { gzip }) => sum + gzip, 0)
  const largest = (entries: readonly string[]) => {
    const found = sizes.later.filter(({ of }) => of !== undefined && entries.includes(of))
    expect(found.length).toBe(entries.length)
    return Math.max(...found.map(({ gzip }) => gzip))
  }
  const total = frame + largest(firstPages) + largest(languages)
  console.log(`console: first load ${total} of ${budgetBytes} bytes`)
  expect(total).toBeLessThan(budgetBytes)
}, 60_000)
