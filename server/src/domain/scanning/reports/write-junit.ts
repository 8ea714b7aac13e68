import type { Finding } from '../finding.ts'
import { plainSeverity, sayGap, targetOf, type ReportTarget, type ScanReport } from './scan-report.ts'

/** A suite for each target, a failed case for each finding, a skipped one for each that is suppressed, an error for each gap. */
export function writeJunit(report: ScanReport): string {
  const suites = [...targetsOf(report)].map(([name, findings]) => suite(name, findings))
  const gaps = report.scan.gaps.filter(({ code }) => code !== 'END_OF_LIFE').map(sayGap)
  const unjudged =
    gaps.length === 0
      ? []
      : [
          `  <testsuite name="not judged" tests="${gaps.length}" failures="0" errors="${gaps.length}" skipped="0" time="0">`,
          ...gaps.map(
            (gap, at) =>
              `    <testcase classname="not judged" name="${at + 1}" time="0"><error message=${quoted(gap)}/></testcase>`,
          ),
          '  </testsuite>',
        ]
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites name="berth scan">',
    ...suites,
    ...unjudged,
    '</testsuites>',
    '',
  ].join('\n')
}

/** Each place that packages were found in, also those without findings. */
function targetsOf(report: ScanReport): ReadonlyMap<string, readonly Finding[]> {
  const targets = new Map<string, Finding[]>(report.inventory.packages.map((found) => [targetOf(report, found), []]))
  for (const finding of report.scan.findings) targets.get(targetOf(report, finding.package))?.push(finding)
  return targets
}

function suite(...[name, findings]: ReportTarget): string {
  const skipped = findings.filter(({ suppressed }) => suppressed !== undefined).length
  const failures = findings.length - skipped
  const cases =
    findings.length === 0
      ? ['    <testcase classname="packages" name="no known vulnerabilities" time="0"/>']
      : findings.map(caseOf)
  return [
    `  <testsuite name=${quoted(name)} tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}" time="0">`,
    ...cases,
    '  </testsuite>',
  ].join('\n')
}

function caseOf(finding: Finding): string {
  const { package: found, suppressed, fixVersion } = finding
  const severity = plainSeverity(finding.severity)
  const head = `    <testcase classname=${quoted(`${found.name}-${found.version}`)} name=${quoted(`[${severity}] ${finding.id}`)} time="0">`
  if (suppressed !== undefined)
    return `${head}<skipped message=${quoted(`${suppressed.by}: ${suppressed.reason}`)}/></testcase>`
  const title = finding.detail?.title || finding.id
  const fix = fixVersion === '' ? 'There is no fixed version.' : `Fixed in ${fixVersion}.`
  const text = escaped(`${finding.detail?.description ?? ''}\n${fix}`.trim())
  return `${head}<failure message=${quoted(title)} type="description">${text}</failure></testcase>`
}

const quoted = (text: string): string => `"${escaped(text).replaceAll('\n', ' ')}"`

/** XML 1.0 has no control characters, and no halves of surrogate pairs. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    // oxlint-disable-next-line no-control-regex
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '�')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
