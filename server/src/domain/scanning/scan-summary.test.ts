import { expect, test } from 'bun:test'
import type { Finding } from './finding.ts'
import type { PackageKind } from './inventory.ts'
import { summaryOf } from './scan-summary.ts'
import { packView } from './statements/scan-views.ts'

const findingOf = (kind: PackageKind, suppressed: boolean): Finding => ({
  ...{ id: 'CVE-2026-1', aliases: [], fixVersion: '', status: 'affected', severity: 'High', severitySource: 'test' },
  package: { kind, name: 'protobuf', version: '1.0.0', licences: [], path: '', purl: `pkg:${kind}/protobuf@1.0.0` },
  ...(suppressed ? { suppressed: { by: 'Ada', status: 'not_affected', reason: '' } } : {}),
})
const reportOf = (...findings: readonly Finding[]) => ({ findings, gaps: [] })

test('a statement about one of two packages of a name and a version takes the vulnerability of the other from no count', async () => {
  const before = reportOf(findingOf('npm', false), findingOf('pypi', false))
  const after = [findingOf('npm', true), findingOf('pypi', false)]
  expect(summaryOf(reportOf(...after))).toMatchObject({ total: 1, suppressed: 0 })
  const view = (marked: readonly Finding[]) => packView({ report: before, attached: undefined, apply: () => marked })
  expect(await view(after)).toBeUndefined()
  const all = [findingOf('npm', true), findingOf('pypi', true)]
  expect(summaryOf(reportOf(...all))).toMatchObject({ total: 0, suppressed: 1 })
  expect(await view(all)).toBeDefined()
})
