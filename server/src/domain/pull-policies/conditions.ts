import { severityRank, type Severity } from '../scanning/advisories.ts'
import type { JudgedFinding } from '../scanning/judged-report.ts'
import { exemptionsFor } from './exemptions.ts'
import { findDenied, readDenied } from './licence-expression.ts'
import type { ManifestFacts } from './manifest-facts.ts'
import type { PolicyCondition, PullPolicy } from './policy-definition.ts'
import { named } from './prevent-vulnerable.ts'
import { signatureMethods } from '../signatures/verdicts.ts'
import { earliest, latest, type Cause, type Finding } from './verdict.ts'

const dayMs = 24 * 60 * 60_000
/** Licences beside a message. */
const maxNamed = 20

/** What each condition asks: one function for each of the closed list. Nothing found means that it is met. */
type Judge<Kind extends PolicyCondition['kind']> = (
  facts: ManifestFacts,
  condition: Extract<PolicyCondition, { kind: Kind }>,
  policy: PullPolicy,
) => Promise<Finding>

const met: Finding = {}

const refuse = (cause: Cause, message: string, detail: object = {}): Finding => ({
  refusal: { cause, message, detail: { ...detail } },
})

const judges: { readonly [Kind in PolicyCondition['kind']]: Judge<Kind> } = {
  scanned: async (facts, { max_age_days: maxDays, complete }) => {
    const unscanned = await refuseUnscanned(facts)
    const report = facts.kind === 'image' ? await facts.report() : undefined
    if (unscanned !== undefined || report === undefined) return unscanned ?? met
    const stale = maxDays === undefined ? undefined : report.reportedAt + maxDays * dayMs
    if (stale !== undefined && facts.now >= stale)
      return refuse('stale', `its last scan is more than ${maxDays} days old`, { reported_at: report.reportedAt })
    if (complete === true && report.gaps.length > 0)
      return refuse('incomplete', 'a part of it could not be judged by the scan', { gaps: report.gaps })
    return { until: stale }
  },

  vulnerabilities: async (facts, condition, policy) => {
    const unscanned = await refuseUnscanned(facts)
    const report = facts.kind === 'image' ? await facts.report() : undefined
    if (unscanned !== undefined || report?.severity === undefined) return unscanned ?? met
    if (severityRank(report.severity) < lowest(condition.severity)) return met
    const counted = (await facts.findings()).filter((finding) => concerns(condition, finding))
    if (counted.length === 0) return met
    const { left, until } = await withoutAccepted(facts, policy, counted)
    if (condition.grace_days === undefined || left.length === 0) return { ...judged(left), until }
    return await afterGrace(facts, condition.grace_days * dayMs, left, until)
  },

  signed: async (facts, { method, signers, match }) => {
    const verdict = await facts.signatures()
    const methods = method === undefined ? signatureMethods : [method]
    const verified = methods.map((each) => verdict[each]).filter(({ state }) => state === 'verified')
    const states = Object.fromEntries(methods.map((each) => [each, verdict[each].state]))
    if (verified.length === 0) return refuse('unsigned', 'nobody who is trusted has signed it', { signatures: states })
    const until = latest(verified.map((each) => each.until))
    if (signers === undefined) return { until }
    const found = await facts.signers()
    const missing = signers.filter((name) => !found.has(name))
    const isMet = match === 'all' ? missing.length === 0 : missing.length < signers.length
    const wanted = missing.join(match === 'all' ? ' and ' : ' or ')
    if (!isMet) return refuse('unsigned', `it lacks a signature of ${wanted}`, { missing })
    const ends = signers.filter((name) => found.has(name)).map((name) => found.get(name))
    return { until: earliest(until, match === 'all' ? earliest(...ends) : latest(ends)) }
  },

  licences: async (facts, { denied, unreadable }) => {
    if (facts.kind !== 'image') return met
    const licences = await facts.licences()
    if (licences === undefined) return refuse('unscanned', 'it was not scanned, so its licences are not known')
    const named = denied.map((text) => readDenied(text)).filter((licence) => licence !== undefined)
    const judged = [...licences.written].map((text) => ({ text, ...findDenied(text, named) }))
    const found = [...new Set(judged.flatMap((each) => each.denied))].slice(0, maxNamed)
    if (found.length > 0) return refuse('licence', `it has packages under ${found.join(', ')}`, { licences: found })
    if (unreadable === 'pass') return met
    if (licences.unreadLayer !== undefined)
      return refuse('incomplete', 'the licences in one of its layers are not known', { layer: licences.unreadLayer })
    const unread = judged.filter(({ isRead }) => !isRead).map(({ text }) => text.slice(0, 200))
    return unread.length === 0
      ? met
      : refuse('licence', `it has packages whose licence is no SPDX expression: ${unread.slice(0, 3).join('; ')}`, {
          unreadable: unread.slice(0, maxNamed),
        })
  },

  age: async (facts, { max_days: maxDays }) => {
    const artifact = await facts.artifact()
    // Gone since it was found: it is refused as something that nobody knows the age of.
    const until = (artifact?.pushedAt ?? 0) + maxDays * dayMs
    return facts.now < until ? { until } : refuse('old', `it was pushed more than ${maxDays} days ago`)
  },

  size: async (facts, { max_bytes: maxBytes }) => {
    if (facts.kind === 'index') return met
    const size = (await facts.artifact())?.size ?? Number.POSITIVE_INFINITY
    return size <= maxBytes ? met : refuse('large', `it has ${size} bytes, and may have ${maxBytes}`, { size })
  },
}

/** What the policy says of the manifest, whatever else is exempt. */
export async function judgeCondition(facts: ManifestFacts, policy: PullPolicy): Promise<Finding> {
  const judge = judges[policy.condition.kind] as Judge<PolicyCondition['kind']>
  return await judge(facts, policy.condition, policy)
}

/** As with Harbor's key: an image needs a report, an index one for each of its images, and nothing else is scanned. */
async function refuseUnscanned(facts: ManifestFacts): Promise<Finding | undefined> {
  if (facts.kind === 'image')
    return (await facts.report()) === undefined ? refuse('unscanned', 'it was not scanned') : undefined
  if (facts.kind !== 'index') return undefined
  const digest = await facts.firstUnscanned()
  return digest === undefined
    ? undefined
    : refuse('unscanned', `its image ${digest} was not scanned`, { image: digest })
}

type AboutVulnerabilities = Extract<PolicyCondition, { kind: 'vulnerabilities' }>

const bySeverityName: Readonly<Record<NonNullable<AboutVulnerabilities['severity']>, Severity>> = {
  low: 'Low',
  medium: 'Medium',
  high: 'High',
  critical: 'Critical',
}

const lowest = (name: AboutVulnerabilities['severity']): number =>
  name === undefined ? 0 : severityRank(bySeverityName[name])

/** All that the condition says must hold. What is not known about a finding (its EPSS) does not hold. */
function concerns(condition: AboutVulnerabilities, finding: JudgedFinding): boolean {
  if (severityRank(finding.severity) < lowest(condition.severity)) return false
  if (condition.known_exploited === true && !finding.isKnownExploited) return false
  if (condition.min_epss !== undefined && (finding.probability ?? -1) < condition.min_epss) return false
  return condition.fixable !== true || finding.fixVersion !== ''
}

async function withoutAccepted(
  facts: ManifestFacts,
  { name, projectId }: PullPolicy,
  findings: readonly JudgedFinding[],
): Promise<{ readonly left: readonly JudgedFinding[]; readonly until: number | undefined }> {
  const { repository } = facts.place
  const asked = { policy: name, projectId, repository, digest: facts.manifest.digest }
  const ends = new Map<string, number>()
  for (const { vulnerability, expiresAt } of exemptionsFor(await facts.exemptions(), asked)) {
    if (vulnerability !== undefined) ends.set(vulnerability, Math.max(expiresAt, ends.get(vulnerability) ?? 0))
  }
  const accepted = findings.filter(({ id }) => ends.has(id))
  return {
    left: findings.filter(({ id }) => !ends.has(id)),
    until: earliest(...accepted.map(({ id }) => ends.get(id))),
  }
}

function judged(left: readonly JudgedFinding[]): Finding {
  if (left.length === 0) return met
  const { vulnerabilities, more } = named(left)
  const names = vulnerabilities.slice(0, 3).join(', ')
  const others = vulnerabilities.length - 3 + more
  const count = left.length === 1 ? '1 vulnerability' : `${left.length} vulnerabilities`
  const message = `it has ${count} that it does not let pass: ${names}${others > 0 ? ` and ${others} more` : ''}`
  return refuse('vulnerable', message, { vulnerabilities, more })
}

/** A finding counts once it has been known for so long; one of which nobody says since when counts at once. */
async function afterGrace(
  facts: ManifestFacts,
  graceMs: number,
  left: readonly JudgedFinding[],
  until: number | undefined,
): Promise<Finding> {
  const publications = await facts.publications()
  const endOf = ({ id }: JudgedFinding) => (publications.get(id) ?? Number.NEGATIVE_INFINITY) + graceMs
  const waiting = left.filter((finding) => facts.now < endOf(finding)).map(endOf)
  return { ...judged(left.filter((finding) => facts.now >= endOf(finding))), until: earliest(until, ...waiting) }
}
