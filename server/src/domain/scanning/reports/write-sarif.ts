import type { Finding } from '../finding.ts'
import { plainSeverity, sayGap, scoreOf, targetOf, urlOf, type ScanReport } from './scan-report.ts'

const levels = { CRITICAL: 'error', HIGH: 'error', MEDIUM: 'warning', LOW: 'note', UNKNOWN: 'note' } as const
/** Of a finding without a score; GitHub sorts by it. */
const standardScores = { CRITICAL: 9.5, HIGH: 8, MEDIUM: 5.5, LOW: 2, UNKNOWN: 0 } as const

/** https://docs.oasis-open.org/sarif/sarif/v2.1.0 */
export function writeSarif(report: ScanReport): object {
  const rules = new Map<string, { readonly index: number; readonly rule: object }>()
  for (const finding of report.scan.findings) {
    if (!rules.has(finding.id)) rules.set(finding.id, { index: rules.size, rule: ruleOf(finding) })
  }
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Berth',
            version: report.origin.toolVersion,
            rules: [...rules.values()].map(({ rule }) => rule),
          },
        },
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: report.scan.gaps.map((gap) => ({
              level: 'warning',
              message: { text: sayGap(gap) },
            })),
          },
        ],
        columnKind: 'utf16CodeUnits',
        results: report.scan.findings.map((finding) => resultOf(report, finding, rules.get(finding.id)?.index ?? 0)),
      },
    ],
  }
}

function ruleOf(finding: Finding): object {
  const severity = plainSeverity(finding.severity)
  const title = finding.detail?.title || finding.id
  return {
    id: finding.id,
    name: 'Vulnerability',
    shortDescription: { text: title },
    fullDescription: { text: finding.detail?.description || title },
    defaultConfiguration: { level: levels[severity] },
    helpUri: urlOf(finding),
    properties: {
      precision: 'very-high',
      'security-severity': (scoreOf(finding) ?? standardScores[severity]).toFixed(1),
      tags: ['vulnerability', 'security', severity],
    },
  }
}

function resultOf(report: ScanReport, finding: Finding, ruleIndex: number): object {
  const { package: found, fixVersion, suppressed, severity } = finding
  const uri = found.path === '' ? report.subject.name : found.path
  const fix = fixVersion === '' ? 'there is no fixed version' : `fixed in ${fixVersion}`
  return {
    ruleId: finding.id,
    ruleIndex,
    level: levels[plainSeverity(severity)],
    message: { text: `${found.name} ${found.version}: ${finding.id} (${plainSeverity(severity)}), ${fix}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uri.split('/').map(encodeURIComponent).join('/') },
          region: { startLine: 1 },
        },
        message: { text: targetOf(report, found) },
      },
    ],
    partialFingerprints: { 'vulnerability/v1': `${finding.id}:${found.purl}:${found.path}` },
    suppressions:
      suppressed === undefined
        ? []
        : [{ kind: 'external', status: 'accepted', justification: `${suppressed.by}: ${suppressed.reason}` }],
  }
}
