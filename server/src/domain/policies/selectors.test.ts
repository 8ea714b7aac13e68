import { expect, test } from 'bun:test'
import { assertPatterns } from './selectors.ts'

const pattern = (text: string) => [{ excludes: false, pattern: text }]

const refusalOf = (tags: string, repositories: string): string | undefined => {
  try {
    assertPatterns({ tags: pattern(tags), repositories: pattern(repositories) })
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

test.each(['a/a,a/b', 'a, b', 'App/**', 'app:v1', 'app@sha256', '{a,b},{c,d}', '{a b,C}', 'app\\,x', '**,x'])(
  'a pattern of repositories that no name can match is refused: %s',
  (text) => {
    expect(refusalOf('**', text)).toContain('matches nothing: the name of a repository has no ')
  },
)

test.each(['v1,v2', 'v1 ', 'app:v1', 'release/**', '^v.*$', 'v(1|2)'])(
  'a pattern of tags that no tag can match is refused: %s',
  (text) => {
    expect(refusalOf(text, '**')).toContain('matches nothing: a tag has no ')
  },
)

test('a comma outside braces is answered with the braces that were meant', () => {
  expect(refusalOf('**', 'a/a,a/b')).toBe(
    'the pattern a/a,a/b matches nothing: the name of a repository has no ,; several patterns stand between braces: {one,other}',
  )
})

test.each([
  ['**', '**'],
  ['{v1,v2}', '{a/a,a/b}'],
  ['**/v1', 'a/**/b'],
  ['{v1,x:y}', '{App,app}'],
  ['[vV]*.?', '[^a]*'],
  ['Release_1.0-rc', 'a__b.c-d'],
])('a pattern that some name matches is taken: tags %s, repositories %s', (tags, repositories) => {
  expect(refusalOf(tags, repositories)).toBeUndefined()
})
