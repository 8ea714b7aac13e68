import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { ContractError } from './contract-error.ts'
import {
  canonicalRepositoryName,
  componentsOf,
  parseProjectName,
  parseRepositoryName,
  projectOf,
  restOf,
} from './repository-name.ts'

const invalid = expect.objectContaining({ name: 'ContractError', code: 'NAME_INVALID' })
const word = fc.string({ unit: fc.constantFrom(...'abc019'), minLength: 1, maxLength: 6 })
const component = fc
  .tuple(word, fc.array(fc.tuple(fc.constantFrom('.', '_', '__', '-', '--', '-----'), word), { maxLength: 2 }))
  .map(([first, rest]) => first + rest.map((pair) => pair.join('')).join(''))
const names = fc.array(component, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'))

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (thrown) {
    return thrown
  }
  return undefined
}

describe('repository name', () => {
  test('every name of the grammar is accepted, and its parts make it up again', () => {
    fc.assert(
      fc.property(names, (text) => {
        const name = parseRepositoryName(text)
        expect(componentsOf(name).join('/')).toBe(text)
        expect([projectOf(name), restOf(name)].filter((part) => part !== '').join('/')).toBe(text)
      }),
    )
  })

  test('what is accepted matches the expression of the specification', () => {
    const specified = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/
    const nearly = fc.string({ unit: fc.constantFrom(...'aZ0._-/ \n%'), maxLength: 12 })
    fc.assert(
      fc.property(nearly, (text) => {
        expect(thrownBy(() => parseRepositoryName(text)) === undefined).toBe(specified.test(text))
      }),
      { numRuns: 2000 },
    )
  })

  test('paths that lead elsewhere, empty parts and foreign characters are refused', () => {
    const texts = [
      '',
      '/',
      'a/',
      '/a',
      'a//b',
      '..',
      '../etc',
      'a/../b',
      'a/./b',
      'a/%2e%2e/b',
      'a\\b',
      'a\u0000b',
      'a/b\n',
      'A/b',
      'a/é',
      'a___b',
      'a..b',
      '-a',
      'a-',
      '_catalog',
      'a:b',
      'a@b',
    ]
    for (const text of texts) expect(thrownBy(() => parseRepositoryName(text))).toEqual(invalid)
  })

  test('255 characters are a name, 256 are none', () => {
    expect(parseRepositoryName(`p/${'a'.repeat(253)}`).length).toBe(255)
    expect(thrownBy(() => parseRepositoryName(`p/${'a'.repeat(254)}`))).toEqual(invalid)
  })

  test('a text made to keep a backtracking matcher busy is refused at once', () => {
    const hostile = [`${'a'.repeat(100_000)}!`, `${'a-'.repeat(127)}!`, `${'a/'.repeat(127)}!`, `${'a__'.repeat(84)}!`]
    const start = performance.now()
    for (const text of hostile) {
      expect(thrownBy(() => parseRepositoryName(text))).toEqual(invalid)
      expect(thrownBy(() => parseProjectName(text))).toEqual(invalid)
    }
    expect(performance.now() - start).toBeLessThan(50)
  })

  test('a name without a project lies in the default project', () => {
    expect(canonicalRepositoryName('nginx', 'library')).toBe(parseRepositoryName('library/nginx'))
    expect(canonicalRepositoryName('a/b', 'library')).toBe(parseRepositoryName('a/b'))
  })

  test('a name without a project is refused when there is no default project', () => {
    const thrown = thrownBy(() => canonicalRepositoryName('nginx', undefined))
    expect(thrown).toEqual(invalid)
    expect((thrown as ContractError).message).toContain('invalid repository name: "nginx", a project is needed')
    expect(canonicalRepositoryName('a/nginx', undefined)).toBe(parseRepositoryName('a/nginx'))
  })

  test('the default project counts in the length', () => {
    expect(thrownBy(() => canonicalRepositoryName('a'.repeat(250), 'library'))).toEqual(invalid)
  })
})

describe('project name', () => {
  test('single separators between letters and digits are allowed, doubled ones and paths are not', () => {
    for (const text of ['a', '0', 'my-project', 'a.b_c-d', 'a'.repeat(255)]) expect(parseProjectName(text)).toBe(text)
    for (const text of ['', 'a__b', 'a--b', 'a/b', 'A', '-a', 'a.', 'a b', 'a\n', 'a'.repeat(256)]) {
      expect(thrownBy(() => parseProjectName(text))).toEqual(invalid)
    }
  })
})
