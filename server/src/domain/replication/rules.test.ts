import { describe, expect, test } from 'bun:test'
import { parseRule, type GivenFilter, type ReplicationFields } from './rules.ts'

const fields: ReplicationFields = {
  name: 'to-shanghai',
  description: '',
  sourceRegistryId: 0,
  destinationRegistryId: 1,
  destinationNamespace: '',
  replaceCount: -1,
  filters: [],
  trigger: 'manual',
  cron: '',
  enabled: true,
  deletion: false,
  override: true,
  copyByChunk: false,
  singleActive: false,
  speed: 0,
}
const filter = (type: string, value: unknown, decoration = ''): GivenFilter => ({ type, value, decoration })
const withFilter = (...given: Parameters<typeof filter>) => ({ filters: [filter(...given)] })

describe('a rule', () => {
  test.each<[string, Partial<ReplicationFields>]>([
    ['single active replication is not allowed', { singleActive: true, trigger: 'event_based' }],
    ['empty name', { name: '' }],
    ['either src_registry or dest_registry should be empty', { sourceRegistryId: 2 }],
    ['either src_registry or dest_registry should be empty', { destinationRegistryId: 0 }],
    ["the type of filter value isn't string", withFilter('name', 3)],
    ["the type of label filter value isn't string slice", withFilter('label', 'one')],
    ['invalid filter type', withFilter('colour', 'red')],
    ['invalid resource filter: chart', withFilter('resource', 'chart')],
    ['only tag and label filter support decoration', withFilter('name', 'a', 'excludes')],
    ['invalid filter decoration', withFilter('tag', 'a', 'perhaps')],
    ['invalid destination namespace', { destinationNamespace: '../up' }],
    ['invalid trigger type', { trigger: 'daily' }],
    ['the cron string cannot be empty', { trigger: 'scheduled' }],
    ['invalid cron string', { trigger: 'scheduled', cron: '0 0 * * *' }],
    ['the 1st field', { trigger: 'scheduled', cron: '1 0 * * * *' }],
    ['* is not allowed for the Minutes field', { trigger: 'scheduled', cron: '0 * * * * *' }],
    ['cannot be event_based', { trigger: 'event_based', sourceRegistryId: 1, destinationRegistryId: 0 }],
  ])('is refused in these words: %s', (message, change) => {
    expect(() => parseRule({ ...fields, ...change })).toThrow(message)
  })

  test('without a trigger runs when somebody asks', () => {
    expect(parseRule({ ...fields, trigger: '' }).trigger).toBe('manual')
  })

  test('with a speed below zero has no limit', () => {
    expect(parseRule({ ...fields, speed: -1 }).speed).toBe(0)
  })

  test('with an empty pattern is about everything', () => {
    expect(parseRule({ ...fields, ...withFilter('tag', '') }).filters).toEqual([
      { type: 'tag', value: '**', excludes: false },
    ])
  })

  test('with a pattern that cannot be is refused when it is made, not when it runs', () => {
    expect(() => parseRule({ ...fields, ...withFilter('name', 'library/[') })).toThrow()
  })
})
