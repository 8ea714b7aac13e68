import { describe, expect, test } from 'bun:test'
import { mapRepositoryName, projectNames, specificNames, specificProjects, type NameRule } from './names.ts'

const anyNames: NameRule = { minComponents: 1, maxComponents: undefined }
const map = (source: string, destinationNamespace: string, replaceCount: number, rule = anyNames) =>
  mapRepositoryName(source, { destinationNamespace, replaceCount }, rule)

describe('the name at the destination', () => {
  test.each([
    ['a/b/c/img', -1, 'n/img'],
    ['a/b/c/img', 0, 'n/a/b/c/img'],
    ['a/b/c/img', 1, 'n/b/c/img'],
    ['a/b/c/img', 2, 'n/c/img'],
    ['a/b/c/img', 3, 'n/img'],
    ['library/busybox', 0, 'n/library/busybox'],
    ['library/busybox', 1, 'n/busybox'],
    ['busybox', -1, 'n/busybox'],
    ['busybox', 0, 'n/busybox'],
  ])('of %s with %d components replaced is %s', (source, count, expected) => {
    expect(map(source, 'n', count)).toBe(expected)
  })

  test.each([
    ['a/b/c/img', 4],
    ['library/busybox', 2],
    ['busybox', 1],
  ])('is refused when %s has fewer than %d components to replace', (source, count) => {
    expect(() => map(source, 'n', count)).toThrow('the destination namespace flattening level is')
  })

  test('stays without a namespace, whatever count there is', () => {
    expect(map('a/b/img', '', 7)).toBe('a/b/img')
  })

  test('has as many components as the destination takes', () => {
    expect(() => map('busybox', '', 0, projectNames)).toThrow('only supports at least 2')
    expect(() => map('a/b/c', '', 0, { minComponents: 2, maxComponents: 2 })).toThrow('only supports 2')
  })

  test.each(['../secret', 'a/../b', 'a//b', '/a/b', 'A/b', 'a/b ', 'a/b%2f..', `a/${'b'.repeat(300)}`])(
    'is refused when a source is called %j, which is no name',
    (source) => {
      expect(() => map(source, '', 0)).toThrow('cannot be')
      expect(() => map(source, 'n', 0)).toThrow('cannot be')
    },
  )
})

describe('a pattern that says names', () => {
  test.each([
    ['library/app', ['library/app']],
    ['library/{a,b}', ['library/a', 'library/b']],
    ['{x,y}/{a,b}', ['x/a', 'x/b', 'y/a', 'y/b']],
  ])('%s needs no list', (pattern, names) => {
    expect(specificNames(pattern)).toEqual(names)
  })

  test.each(['library/**', '*', 'a?', 'a[bc]', '{a', 'a\\b'])('%s needs one', (pattern) => {
    expect(specificNames(pattern)).toBeUndefined()
  })

  test('may name its projects alone', () => {
    expect(specificProjects('{a,b}/**')).toEqual(['a', 'b'])
    expect(specificProjects('{a/x,b/y}')).toBeUndefined()
    expect(specificProjects('**')).toBeUndefined()
  })
})
