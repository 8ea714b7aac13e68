import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runsToItsEnd, runTestFiles } from './run-test-files.mjs'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-runner-'))
})
afterAll(() => rmSync(root, { recursive: true }))

/** Runs one file with this content, and gives the outcomes of its tests by name. */
async function outcomesOf(name: string, content: string): Promise<Record<string, string>> {
  writeFileSync(
    join(root, name),
    `import { existsSync, writeFileSync } from 'node:fs'
import { expect, test } from 'bun:test'
const seen = (name: string) => existsSync(name) || void writeFileSync(name, '')
${content}`,
  )
  const [run] = await runTestFiles({ files: [name], root, atOnce: 2, env: process.env })
  return Object.fromEntries(run!.tests.map(({ name: each, outcome }) => [each, outcome]))
}

describe('the outcome of a test', () => {
  test('one that fails twice has failed, its neighbours passed', async () => {
    const outcomes = await outcomesOf(
      'broken.test.ts',
      `
test('good', () => undefined)
test('broken', () => expect(1).toBe(2))
test.skip('left out', () => undefined)`,
    )
    expect(outcomes).toEqual({ good: 'passed', broken: 'failed', 'left out': 'skipped', [runsToItsEnd]: 'passed' })
  })

  test('one that passes at its second try is flaky, never passed', async () => {
    expect(await outcomesOf('flaky.test.ts', `test('sometimes', () => expect(seen('flaky.seen')).toBe(true))`)).toEqual(
      {
        sometimes: 'flaky',
        [runsToItsEnd]: 'passed',
      },
    )
  })

  test('one that fails again is not hidden by another of the same name', async () => {
    const content = `import { expect, test } from 'bun:test'
test('twin', () => expect(1).toBe(2))
test('twin', () => undefined)`
    writeFileSync(join(root, 'twins.test.ts'), content)
    const [run] = await runTestFiles({ files: ['twins.test.ts'], root, atOnce: 1, env: process.env })
    expect(run!.tests.map(({ outcome }) => outcome)).toContain('failed')
  })

  test('a file that ends before its tests do has failed', async () => {
    expect(await outcomesOf('ends.test.ts', `test('dies', () => process.exit(3))`)).toMatchObject({
      [runsToItsEnd]: 'failed',
    })
  })

  test('a file without a test has failed', async () => {
    expect(await outcomesOf('empty.test.ts', '')).toEqual({ [runsToItsEnd]: 'failed' })
  })
})

test('files come back in the order that was asked for, whichever ends first', async () => {
  const names = ['slow', 'quick'].map((name) => `${name}-order.test.ts`)
  const content = (waits: number) => `import { test } from 'bun:test'\ntest('x', () => Bun.sleep(${waits}))`
  names.forEach((name, at) => writeFileSync(join(root, name), content(at === 0 ? 300 : 0)))
  const runs = await runTestFiles({ files: names, root, atOnce: 2, env: process.env })
  expect(runs.map(({ file }) => file)).toEqual(names)
})
