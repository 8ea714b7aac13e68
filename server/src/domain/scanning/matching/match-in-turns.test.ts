import { expect, test } from 'bun:test'
import type { Advisory, AdvisorySource } from '../advisories.ts'
import type { Inventory } from '../inventory.ts'
import { matchInTurns } from './match-in-turns.ts'

const advisoriesOf = (count: number): Advisory[] =>
  Array.from({ length: count }, (_, at) => ({
    id: `CVE-2026-${at}`,
    affected: [{ fixed: '2.0.0' }],
    fixedVersions: ['2.0.0'],
    source: 'test',
  }))

const sourceOf = (count: number): AdvisorySource => ({
  generation: { number: 7, sources: [], dataTime: '', importTime: '' },
  coversSystem: () => true,
  coversKind: (kind) => kind === 'npm',
  ofSystem: () => [],
  ofLanguage: () => advisoriesOf(count),
  contentSets: () => new Set(),
  detail: () => undefined,
  exploits: () => undefined,
})

const inventoryOf = (count: number, kind: 'npm' | 'gem' = 'npm'): Inventory => ({
  packages: Array.from({ length: count }, (_, at) => ({
    kind,
    name: `p${at}`,
    version: '1.0.0',
    licences: [],
    path: '',
    purl: '',
  })),
  unread: [],
})
const options = { now: '2026-01-01T00:00:00Z' }

test('every package is matched, and another task has its turn meanwhile', async () => {
  let turns = 0
  const ticking = setInterval(() => (turns += 1), 0)
  const { findings } = await matchInTurns(inventoryOf(101), sourceOf(2), options)
  clearInterval(ticking)
  expect(findings).toHaveLength(202)
  expect(turns).toBeGreaterThan(0)
})

test('a kind without data is told with all its packages', async () => {
  const { gaps } = await matchInTurns(inventoryOf(11, 'gem'), sourceOf(0), options)
  expect(gaps).toEqual([{ code: 'NO_DATA_FOR_KIND', kind: 'gem', packages: 11 }])
})

test('packages with more findings than an answer takes are refused', async () => {
  await expect(matchInTurns(inventoryOf(100), sourceOf(300), options)).rejects.toThrow('send fewer at once')
})
