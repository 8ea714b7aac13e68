import { severityRank } from '../scanning/advisories.ts'
import type { JudgedFinding } from '../scanning/judged-report.ts'
import type { ScanStatus } from '../scanning/scan-progress.ts'
import type { SeverityLimit } from './harbor-policy.ts'
import type { Refusal } from './verdict.ts'

/** Harbor's `prevent_vul`, in its words: users' scripts look for them. */

/** How many are named beside the message. */
const maxNamed = 20

const due = ({ word }: SeverityLimit): string =>
  `due to configured policy in 'Prevent images with vulnerability severity of "${word}" or higher from running.' To continue with pull, please contact your project administrator`

export function refuseUnscanned(limit: SeverityLimit, digest: string): Refusal {
  return {
    policy: 'prevent_vul',
    cause: 'unscanned',
    message: `current image without vulnerability scanning cannot be pulled ${due(limit)} for help.`,
    detail: { digest },
  }
}

/** For one that is being scanned for the first time, or whose only scan failed. */
export function refuseUnfinished(limit: SeverityLimit, digest: string, status: ScanStatus): Refusal {
  const word = `${status[0]!.toUpperCase()}${status.slice(1)}`
  return {
    policy: 'prevent_vul',
    cause: 'unscanned',
    message: `current image with "${word}" status of vulnerability scanning cannot be pulled ${due(limit)} for help.`,
    detail: { digest, scan: status },
  }
}

/** Undefined when nothing outside the allowlist is as severe as the limit. As in Harbor, the number is of all outside the allowlist. */
export function judgeFindings(
  limit: SeverityLimit,
  digest: string,
  findings: readonly JudgedFinding[],
  accepted: ReadonlySet<string>,
): Refusal | undefined {
  const left = findings.filter(({ id }) => !accepted.has(id))
  const severe = left.filter(({ severity }) => severityRank(severity) >= severityRank(limit.from))
  if (severe.length === 0) return undefined
  const count = left.length === 1 ? '1 vulnerability' : `${left.length} vulnerabilities`
  return {
    policy: 'prevent_vul',
    cause: 'vulnerable',
    message: `current image with ${count} cannot be pulled ${due(limit)} to exempt matched vulnerabilities through configuring the CVE allowlist.`,
    detail: { digest, ...named(severe) },
  }
}

/** The ids of the worst, and how many more there are. */
export function named(findings: readonly JudgedFinding[]): {
  readonly vulnerabilities: readonly string[]
  readonly more: number
} {
  const ids = [...new Set(findings.toSorted(bySeverity).map(({ id }) => id))]
  return { vulnerabilities: ids.slice(0, maxNamed), more: Math.max(0, ids.length - maxNamed) }
}

const bySeverity = (one: JudgedFinding, other: JudgedFinding): number =>
  severityRank(other.severity) - severityRank(one.severity)
