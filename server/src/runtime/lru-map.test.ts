import { expect, test } from 'bun:test'
import { LruMap } from './lru-map.ts'

test('a full map forgets what was used longest ago', () => {
  const map = new LruMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  expect(map.get('a')).toBe(1)
  map.set('c', 3)
  expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2])
})

test('setting a key again takes no second place', () => {
  const map = new LruMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  map.set('a', 3)
  expect([map.get('a'), map.get('b'), map.size]).toEqual([3, 2, 2])
})

test('what was deleted is gone', () => {
  const map = new LruMap<string, number>(2)
  map.set('a', 1)
  map.delete('a')
  expect([map.get('a'), map.size]).toEqual([undefined, 0])
})
