import { expect, test } from 'bun:test'
import MarkdownIt from 'markdown-it'
import { outsideTarget } from '../outside-target.ts'
import { treeOf, type MarkdownNode } from './markdown-tree.ts'

const parse = (text: string) => treeOf(new MarkdownIt({ html: false }).parse(text, {}))
const words = (nodes: readonly MarkdownNode[]): string =>
  nodes.map((node) => ('text' in node ? node.text : 'children' in node ? words(node.children) : '')).join('')

test('headings, lists, tables and code keep their order and their nesting', () => {
  expect(parse('# One\n\n- a\n  1. b\n\n| x | y |\n|---|---|\n| `c` | **d** |\n')).toEqual([
    { kind: 'element', tag: 'h1', children: [{ kind: 'text', text: 'One' }] },
    {
      kind: 'element',
      tag: 'ul',
      children: [
        {
          kind: 'element',
          tag: 'li',
          children: [
            { kind: 'text', text: 'a' },
            {
              kind: 'element',
              tag: 'ol',
              children: [{ kind: 'element', tag: 'li', children: [{ kind: 'text', text: 'b' }] }],
            },
          ],
        },
      ],
    },
    expect.objectContaining({ kind: 'element', tag: 'table' }),
  ])
})

test('markup is text', () => {
  const text = '<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n<a href="javascript:1">x</a>'
  const nodes = parse(text)
  expect(words(nodes)).toContain('<script>alert(1)</script>')
  expect(words(nodes)).toContain('<img src=x onerror=alert(1)>')
  expect(JSON.stringify(nodes)).not.toContain('"link"')
})

test('a comment is left out, a line break of HTML is one, and a box is a box', () => {
  expect(words(parse('<!-- markdownlint -->\ntext'))).toBe('\ntext')
  expect(parse('a<br/>b')[0]).toMatchObject({ children: [{ text: 'a' }, { kind: 'break' }, { text: 'b' }] })
  expect(words(parse('- [x] done\n- [ ] open'))).toBe('☑ done☐ open')
})

test('a link leads to pages and to people, and nowhere else', () => {
  expect(outsideTarget('https://example.org/a')).toBe('https://example.org/a')
  expect(outsideTarget('mailto:a@example.org')).toBe('mailto:a@example.org')
  for (const other of [
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    '//example.org',
    '/c/log_out',
    'docs/README.md',
    '#values',
    '',
  ])
    expect([other, outsideTarget(other)]).toEqual([other, undefined])
})

test('a text that is built to be slow or deep is not', () => {
  const deep = [
    '>'.repeat(20_000),
    '_a_'.repeat(30_000),
    '[a]('.repeat(20_000),
    '*a_b'.repeat(20_000),
    '- '.repeat(5_000),
  ]
  for (const text of deep) expect(parse(text).length).toBeGreaterThan(0)
  const depth = (nodes: readonly MarkdownNode[]): number =>
    1 + Math.max(0, ...nodes.map((node) => ('children' in node ? depth(node.children) : 0)))
  expect(depth(parse('>'.repeat(20_000) + 'a'))).toBeLessThan(80)
})
