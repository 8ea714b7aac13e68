import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { berth, serve } from '../../test/berth-process.ts'

setDefaultTimeout(120_000)

const folder = mkdtempSync(join(tmpdir(), 'berth-db-'))
afterAll(() => rmSync(folder, { recursive: true }))
const db = (...args: readonly string[]) => berth(['db', ...args, '--data', join(folder, 'data')], { cwd: folder })

const advisory = {
  id: 'GHSA-1111-2222-3333',
  modified: '2026-01-01T00:00:00Z',
  affected: [
    {
      package: { ecosystem: 'npm', name: 'lodash' },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '4.17.21' }] }],
    },
  ],
}

test('vulnerability data comes in beside a running registry, is listed, and older data can be used again', async () => {
  writeFileSync(join(folder, 'osv.json'), JSON.stringify([advisory]))
  writeFileSync(join(folder, 'holiday.txt'), 'not an advisory')
  await using _registry = await serve(['--data', join(folder, 'data')], { cwd: folder })

  expect((await db('status')).stdout).toContain('no vulnerability data yet')
  for (const generation of [1, 2]) {
    const { code, stdout } = await db('import', 'osv.json', '--data-time', '2026-01-31')
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining(`scans use vulnerability data ${generation} from now on`),
    ])
  }
  expect((await db('use', '1')).code).toBe(0)
  const { code, stdout } = await db('status', '--output', 'json')
  const known = JSON.parse(stdout) as readonly { number: number; inUse: boolean; dataTime: string }[]
  expect(code).toBe(0)
  expect(known.filter(({ inUse }) => inUse).map(({ number }) => number)).toEqual([1])
  expect(known.map(({ dataTime }) => dataTime.slice(0, 10))).toEqual(['2026-01-31', '2026-01-31'])

  expect((await db('import', 'nowhere.json')).code).toBe(4)
  expect((await db('import', 'holiday.txt')).code).toBe(2)
  expect((await db('use', 'first')).code).toBe(2)
  expect((await db('use', '99')).code).toBe(4)
  expect((await db('status')).stdout.match(/^\* 1 /m)).not.toBeNull()
})
