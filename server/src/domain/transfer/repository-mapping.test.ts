import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseDoublestar } from '#contract/doublestar.ts'
import { projectOf } from '#contract/repository-name.ts'
import { isWantedRepository, mapRepository, parseMappingRule } from './repository-mapping.ts'

const mapped = (name: string, rules: string[] = [], project: string | undefined = 'library') =>
  String(mapRepository(name, { project, rules: rules.map(parseMappingRule), only: [] }))

describe('names of repositories that move in', () => {
  test('stay as they are where they have a project', () => expect(mapped('team/web/api')).toBe('team/web/api'))

  test('of one component go to the project for such', () => {
    expect(mapped('nginx')).toBe('library/nginx')
    expect(mapped('nginx', [], 'public')).toBe('public/nginx')
  })

  test('of one component are refused where there is no project for such', () => {
    expect(() => mapRepository('nginx', { project: undefined, rules: [], only: [] })).toThrow('--project')
  })

  test('follow the rule with the longest beginning, by whole components', () => {
    const rules = ['team=all', 'team/web=shop', '=mirror']
    expect(mapped('team/web/api', rules)).toBe('shop/api')
    expect(mapped('team/webshop', rules)).toBe('all/webshop')
    expect(mapped('other/app', rules)).toBe('mirror/other/app')
    expect(mapped('team/web', rules)).toBe('library/shop')
  })

  test('that are no names here are refused', () => {
    expect(() => mapped('a__b/app')).toThrow('project name')
    expect(() => parseMappingRule('a=b=c')).toThrow('from=to')
    expect(() => parseMappingRule('Team=b')).toThrow('invalid')
  })

  test('always have a project and what they had before', () => {
    const component = fc.stringMatching(/^[a-z0-9]{1,8}$/)
    fc.assert(
      fc.property(fc.array(component, { minLength: 1, maxLength: 5 }), component, (components, to) => {
        const name = components.join('/')
        const result = mapRepository(name, { project: 'library', rules: [{ from: '', to }], only: [] })
        expect(projectOf(result)).toBe(to)
        expect(String(result)).toBe(`${to}/${name}`)
      }),
    )
  })

  test('can be chosen by patterns of the names at the source', () => {
    const options = { project: 'library', rules: [], only: ['team/**', 'single'].map(parseDoublestar) }
    expect(['team/a/b', 'single', 'other/x'].map((name) => isWantedRepository(name, options))).toEqual([
      true,
      true,
      false,
    ])
  })
})
