import { createHash } from 'node:crypto'
import type { Finding } from '../finding.ts'
import { isCounted, urlOf, type ScanReport } from './scan-report.ts'

/**
 * GitLab's reports: container scanning of an image, dependency scanning of anything else. GitLab has no word for a suppressed
 * finding, so these are left out. https://gitlab.com/gitlab-org/security-products/security-report-schemas
 */
export function writeGitlab(report: ScanReport): object {
  const tool = { id: 'berth', name: 'Berth', vendor: { name: 'Berth' }, version: report.origin.toolVersion }
  // Without a zone, as the schema wants it.
  const time = report.origin.created.slice(0, 19)
  return {
    version: '15.0.7',
    scan: {
      analyzer: tool,
      scanner: tool,
      start_time: time,
      end_time: time,
      status: 'success',
      type: report.input === 'image' ? 'container_scanning' : 'dependency_scanning',
    },
    vulnerabilities: report.scan.findings.filter(isCounted).map((finding) => vulnerabilityOf(report, finding)),
    ...(report.input === 'image' ? {} : { dependency_files: [] }),
  }
}

function vulnerabilityOf(report: ScanReport, finding: Finding): object {
  const { id, package: found, fixVersion, detail } = finding
  const key = [report.subject.name, id, found.purl, found.path].join('\0')
  return {
    id: createHash('sha256').update(key).digest('hex'),
    name: (detail?.title || id).slice(0, 255),
    description: detail?.description || id,
    severity: severityOf(finding),
    solution: fixVersion === '' ? 'There is no fixed version.' : `Update ${found.name} to ${fixVersion}.`,
    identifiers: [id, ...finding.aliases].slice(0, 20).map((name) => ({
      type: /^[A-Za-z]+/.exec(name)?.[0]?.toLowerCase() ?? 'other',
      name,
      value: name,
      ...(name === id ? { url: urlOf(finding) } : {}),
    })),
    links: (detail?.references ?? []).filter((url) => /^https?:\/\//.test(url)).map((url) => ({ url })),
    location: locationOf(report, finding),
  }
}

function locationOf({ subject, input, inventory: { os } }: ScanReport, { package: found }: Finding): object {
  const dependency = { package: { name: found.name }, version: found.version }
  if (input !== 'image') return { file: found.path === '' ? subject.name : found.path, dependency }
  return {
    dependency,
    operating_system: os === undefined ? 'unknown' : `${os.family} ${os.version}`.trim(),
    image: subject.name,
  }
}

const severityOf = ({ severity }: Finding): string => (severity === 'Negligible' ? 'Info' : severity)
