import { expect, test } from 'bun:test'
import { artifactQuery, artifactSearch, isFiltered } from './artifact-filter.ts'

test.each([
  [{}, undefined],
  [{ q: 'v1' }, 'tags=~v1'],
  [{ q: 'a,b' }, String.raw`tags=~a\,b`],
  [{ tags: 'untagged' }, 'tags=nil'],
  [{ tags: 'tagged', q: 'rc' }, 'tags=~rc,tags=*'],
  [{ type: 'CHART', labels: '3,7' }, 'type=CHART,labels=(3 7)'],
  [{ labels: 5 }, 'labels=(5)'],
  [{ findings: 'high' }, 'severity=high'],
  [{ findings: 'none' }, 'scan=none'],
] as const)('the address %j asks %p', (address, query) => {
  const search = artifactSearch(address)
  expect(artifactQuery(search)).toBe(query)
  expect(isFiltered(search)).toBe(query !== undefined)
})

test('what an address cannot mean is left out of it', () => {
  expect(artifactSearch({ type: 'a b', labels: '1,x', tags: 'both', q: 7, findings: 'low', more: 1 })).toEqual({})
})
