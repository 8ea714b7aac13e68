import { describe, expect, test } from 'bun:test'
import { parseListQuery } from './list-query.ts'

/** As a server that decoded the address once hands it on. */
const decodedOnce = (query: string): string => new URLSearchParams(query).get('q')!

describe('q', () => {
  const project = [
    { kind: 'exact', key: 'Level', value: 'project' },
    { kind: 'exact', key: 'ProjectID', value: '3' },
  ]
  test.each([
    ['as it is typed', 'q=Level=project,ProjectID=3'],
    ['escaped once', 'q=Level%3Dproject%2CProjectID%3D3'],
    ["escaped twice, as Harbor's Go client does", 'q=Level%253Dproject%252CProjectID%253D3'],
    ['escaped in part', 'q=Level=project%252CProjectID%3D3'],
  ])('%s is the same', (_, query) => {
    expect(parseListQuery(decodedOnce(query))).toEqual(project as never)
  })

  test.each([
    ['q=name%253D~lib', [{ kind: 'fuzzy', key: 'name', value: 'lib' }]],
    ['q=tags%253D%257Ba%2Bb%257D', [{ kind: 'any', key: 'tags', values: ['a', 'b'] }]],
    ['q=tags%253D%2528a%2520b%2529', [{ kind: 'all', key: 'tags', values: ['a', 'b'] }]],
    ['q=size%253D%255B1~9%255D', [{ kind: 'range', key: 'size', from: '1', to: '9' }]],
    ['q=name%3Drobot%24p%2Bci', [{ kind: 'exact', key: 'name', value: 'robot$p+ci' }]],
    ['q=name=100%25', [{ kind: 'exact', key: 'name', value: '100%' }]],
  ])('%s says %j', (query, conditions) => {
    expect(parseListQuery(decodedOnce(query))).toEqual(conditions as never)
  })

  test('has no more conditions for being escaped twice', () => {
    const many = Array.from({ length: 33 }, (_, at) => `k${at}=v`).join(',')
    const twice = encodeURIComponent(many)
    for (const q of [many, twice]) expect(() => parseListQuery(q)).toThrow(/conditions at the most/)
    expect(() => parseListQuery(encodeURIComponent(`${'k'.repeat(300)}=v`))).toThrow(/characters at the most/)
    expect(() => parseListQuery('library')).toThrow(/must contain "="/)
  })
})
