import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { berth, serve } from '../../../test/berth-process.ts'

setDefaultTimeout(120_000)

const folder = mkdtempSync(join(tmpdir(), 'berth-db-test-'))
afterAll(() => rmSync(folder, { recursive: true }))
const data = join(folder, 'data')
const run = (...args: readonly string[]) => berth(['db', ...args, '--data', data], { cwd: folder })

const advisory = (name: string) => ({
  id: `GHSA-${name}`,
  modified: '2026-01-02T00:00:00Z',
  affected: [{ package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }] }],
})
for (const name of ['a', 'b']) writeFileSync(join(folder, `${name}.json`), JSON.stringify(advisory(name)))
writeFileSync(join(folder, 'notes.json'), '{"hello": 1}')

test('vulnerability data is imported into a registry that is there, listed, and gone back to', async () => {
  // Bringing data makes no registry.
  expect((await run('import', 'a.json')).code).not.toBe(0)
  const server = await serve(['--data', data], { cwd: folder })
  try {
    expect((await run('status')).stdout).toContain('no vulnerability data yet')
    const first = await run('import', 'a.json')
    expect([first.code, first.stdout]).toEqual([
      0,
      expect.stringContaining('osv-npm: 1 advisories, published 2026-01-02'),
    ])
    expect((await run('import', 'b.json')).stdout).toContain('vulnerability data 2')
    expect((await run('status')).stdout).toMatch(/^\* 2 .*from b\.json\n {4}osv-npm: 1 advisories.*\n {2}1 /)
    expect((await run('use', '1')).code).toBe(0)
    expect((await run('status')).stdout).toMatch(/^ {2}2 .*\n.*\n\* 1 /)
    expect((await run('delete', '1')).code).toBe(5)
    expect((await run('delete', '2')).code).toBe(0)
    expect((await run('status')).stdout).toMatch(/^\* 1 .*\n.*\n$/)
  } finally {
    await server.stop()
  }
})

test('what is no vulnerability data is refused in words, and changes nothing', async () => {
  const before = (await run('status')).stdout
  const refused = await run('import', 'notes.json')
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('trivy-db, OSV')])
  expect((await run('import', 'nowhere.json')).code).toBe(4)
  expect((await run('use', '9')).code).toBe(4)
  expect((await run('use', 'x')).code).toBe(2)
  expect((await run('status')).stdout).toBe(before)
})
