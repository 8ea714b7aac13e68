import { expect, test } from 'bun:test'
import { findSections, sectionOf } from './docs-sections.ts'

const page =
  '# Storage\n\nA\n\n## The disk is full\n\nB\n\n### More\n\nC\n\n## Else\n\n| code | do |\n|---|---|\n| <a id="read_only"></a> `READ_ONLY` | wait |\n'

test('a part of a page goes to the next heading of its level', () => {
  expect(sectionOf(page, 'the-disk-is-full')).toBe('## The disk is full\n\nB\n\n### More\n\nC\n')
  expect(sectionOf(page, 'more')).toBe('### More\n\nC\n')
})

test('a comment in a block of code is no heading', () => {
  const text = '# Run\n\n## Start\n\n```sh\n# as root\nberth serve\n```\n\nThen wait.\n\n## As root\n\nNo.\n'
  expect(sectionOf(text, 'start')).toBe('## Start\n\n```sh\n# as root\nberth serve\n```\n\nThen wait.\n')
  expect(sectionOf(text, 'as-root')).toBe('## As root\n\nNo.\n')
})

test('a code finds its row, under the head of the table', () => {
  expect(sectionOf(page, 'read_only')).toBe('| code | do |\n|---|---|\n| <a id="read_only"></a> `READ_ONLY` | wait |')
  expect(sectionOf(page, 'nothing')).toBeUndefined()
})

test('sections with the words in their heading come first, and all words must be there', () => {
  const section = (heading: string, text: string) => ({ page: 'P', heading, address: `/docs/p#${heading}`, text })
  const sections = [section('a', 'disk full'), section('disk', 'full'), section('b', 'disk')]
  expect(findSections(sections, 'Disk full').map(({ heading }) => heading)).toEqual(['disk', 'a'])
})
