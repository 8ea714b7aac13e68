import { expect, test } from 'bun:test'
import type { Finding } from '#server/domain/scanning/finding.ts'
import { applyIgnoreFile, parseIgnoreFile } from './ignore-file.ts'

const now = Date.parse('2026-06-15T12:00:00Z')
const finding = {
  id: 'CVE-2024-1',
  aliases: ['GHSA-aaaa-bbbb-cccc'],
  package: { kind: 'npm', name: 'a', version: '1.0.0', licences: [], path: '', purl: 'pkg:npm/a@1.0.0' },
  fixVersion: '',
  status: 'affected',
  severity: 'High',
  severitySource: 'nvd',
} satisfies Finding

const ignored = (text: string) =>
  applyIgnoreFile([finding], parseIgnoreFile(text), { file: '.trivyignore', now })[0] as Finding

test.each([
  ['its id', 'CVE-2024-1', true],
  ['an alias of it', 'GHSA-aaaa-bbbb-cccc', true],
  ['another id', 'CVE-2024-10', false],
  ['a comment', '# CVE-2024-1', false],
  ['its id with a comment behind it', 'CVE-2024-1 # not called', true],
  ['a day that has not come', 'CVE-2024-1 exp:2026-06-16', true],
  ['the day itself', 'CVE-2024-1 exp:2026-06-15', false],
  ['a day that is over', 'CVE-2024-1 exp:2020-01-01', false],
  ['a day that is none', 'CVE-2024-1 exp:tomorrow', false],
  ['lines of Windows', 'CVE-2024-9\r\nCVE-2024-1\r\n', true],
])('%s', (_, text, isIgnored) => {
  expect(ignored(text).suppressed !== undefined).toBe(isIgnored)
})

test('the comment above an id is its reason', () => {
  expect(ignored('# We do not parse XML.\nCVE-2024-1').suppressed).toEqual({
    by: '.trivyignore',
    status: 'ignored',
    reason: 'We do not parse XML.',
  })
})
