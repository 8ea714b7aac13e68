import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatScope, parseScopes } from './token-scope.ts'

const invalid = expect.objectContaining({ name: 'ContractError', code: 'SCOPE_INVALID' })

function outcome(scopes: string[]): unknown {
  try {
    return parseScopes(scopes)
  } catch (thrown) {
    return thrown
  }
}

describe('token scopes', () => {
  test('clients name what they want to do with what', () => {
    expect(parseScopes(['repository:library/nginx:pull,push'])).toEqual([
      { type: 'repository', name: 'library/nginx', actions: ['pull', 'push'] },
    ])
    expect(parseScopes(['registry:catalog:*'])).toEqual([{ type: 'registry', name: 'catalog', actions: ['*'] }])
  })

  test('several scopes come in several parameters or in one, with spaces', () => {
    const expected = [
      { type: 'repository', name: 'a/b', actions: ['pull'] },
      { type: 'repository', name: 'c/d', actions: ['push'] },
    ]
    expect(parseScopes(['repository:a/b:pull', 'repository:c/d:push'])).toEqual(expected)
    expect(parseScopes(['repository:a/b:pull  repository:c/d:push '])).toEqual(expected)
    expect(parseScopes([])).toEqual([])
    expect(parseScopes([''])).toEqual([])
  })

  test('the same resource named twice is one entry with the actions of both', () => {
    expect(parseScopes(['repository:a/b:pull', 'repository:a/b:push,pull'])).toEqual([
      { type: 'repository', name: 'a/b', actions: ['pull', 'push'] },
    ])
  })

  test('a name may hold a host and port, a type may have a class', () => {
    expect(parseScopes(['repository:example.com:5000/a:pull'])).toEqual([
      { type: 'repository', name: 'example.com:5000/a', actions: ['pull'] },
    ])
    expect(parseScopes(['repository(plugin):a/b:pull'])).toEqual([
      { type: 'repository', name: 'a/b', actions: ['pull'] },
    ])
  })

  test('a scope without actions asks for none', () => {
    expect(parseScopes(['repository:a/b:'])).toEqual([{ type: 'repository', name: 'a/b', actions: [] }])
  })

  test('wildcards in names, broken scopes and floods are refused', () => {
    const refused = [
      'repository',
      'repository:a',
      'repository::pull',
      ':a:pull',
      'repository:a/*:pull',
      'repository:*:pull',
      'repository:a/b:pull;drop',
      'repository:a\nb:pull',
      'Repository:a:pull',
      `repository:${'a'.repeat(2000)}:pull`,
      `repository:a:${Array.from({ length: 17 }, (_, index) => `a${index}`).join(',')}`,
    ]
    for (const scope of refused) expect(outcome([scope])).toEqual(invalid)
    expect(outcome(Array.from({ length: 101 }, (_, index) => `repository:a/b${index}:pull`))).toEqual(invalid)
    expect(outcome(['x'.repeat(10_000_000)])).toEqual(invalid)
  })

  test('what is written is read again', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/)
    const access = fc.record({
      type: word,
      name: fc.array(word, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
      actions: fc.uniqueArray(word, { minLength: 1, maxLength: 4 }),
    })
    fc.assert(fc.property(access, (one) => expect(parseScopes([formatScope(one)])).toEqual([one])))
  })
})
