import type { Reader } from '../../database/database.ts'
import { matcherOf } from '#contract/doublestar.ts'
import { severityRank } from '../scanning/advisories.ts'
import { listStates } from '../scanning/scan-state.ts'
import { counts, type SignatureMethod } from '../signatures/verdicts.ts'
import { judgeCondition } from './conditions.ts'
import { exemptionsFor, isChosen } from './exemptions.ts'
import {
  keyOfSignatures,
  readAccepted,
  readHarborPolicy,
  type HarborPolicy,
  type SeverityLimit,
} from './harbor-policy.ts'
import type { ManifestFacts } from './manifest-facts.ts'
import type { ActiveMode, PullPolicy } from './policy-definition.ts'
import { listActivePolicies } from './policy-rows.ts'
import { judgeFindings, refuseUnfinished, refuseUnscanned } from './prevent-vulnerable.ts'
import { earliest, type Finding, type Verdict, type Violation } from './verdict.ts'

/** Everything that has a word in what leaves a project. */
export interface ProjectPolicies {
  readonly harbor: HarborPolicy
  /** Of the project and of the registry; none that is off. */
  readonly policies: readonly PullPolicy[]
}

export async function readPolicies(reader: Reader, projectId: number): Promise<ProjectPolicies> {
  return {
    harbor: await readHarborPolicy(reader, projectId),
    policies: await listActivePolicies(reader, projectId),
  }
}

/** What the policies say of the manifest at the moment of its facts. Signatures pass: they say something of what is judged itself. */
export async function judgeManifest(facts: ManifestFacts, { harbor, policies }: ProjectPolicies): Promise<Verdict> {
  if (facts.kind === 'signature') return { violations: [], until: undefined }
  const judged = [await judgeHarbor(facts, harbor)]
  for (const policy of policies) judged.push(await judgePolicy(facts, policy))
  return sumOf(judged)
}

const sumOf = (judged: readonly Verdict[]): Verdict => ({
  violations: judged.flatMap(({ violations }) => violations),
  until: earliest(...judged.map(({ until }) => until)),
})

const passed: Verdict = { violations: [], until: undefined }

/** Signatures first, as in Harbor. */
async function judgeHarbor(facts: ManifestFacts, { signatures, vulnerabilities }: HarborPolicy): Promise<Verdict> {
  const judged: Verdict[] = []
  for (const method of signatures) judged.push(await judgeSignatures(facts, method))
  if (vulnerabilities !== undefined) judged.push(await judgeSeverity(facts, vulnerabilities))
  return sumOf(judged)
}

/**
 * Harbor asks whether there is a signature; here one that was verified counts, or one that is well formed over this very digest
 * where nobody was named who is trusted. A policy of the kind `signed` asks for more.
 */
async function judgeSignatures(facts: ManifestFacts, method: SignatureMethod): Promise<Verdict> {
  const verdict = (await facts.signatures())[method]
  if (counts(verdict)) return { violations: [], until: verdict.until }
  const refusal: Violation = {
    policy: keyOfSignatures(method),
    mode: 'enforce',
    projectId: facts.place.projectId,
    cause: 'unsigned',
    message: `The image is not signed by ${method}.`,
    detail: { digest: facts.manifest.digest, signature: verdict.state },
  }
  return await unlessExempt(facts, refusal, undefined)
}

async function judgeSeverity(facts: ManifestFacts, limit: SeverityLimit): Promise<Verdict> {
  const { refusal, until } = await judgeVulnerabilities(facts, limit)
  if (refusal === undefined) return { violations: [], until }
  const { projectId } = facts.place
  return await unlessExempt(facts, { ...refusal, policy: 'prevent_vul', mode: 'enforce', projectId }, until)
}

async function judgeVulnerabilities(facts: ManifestFacts, limit: SeverityLimit): Promise<Finding> {
  const { digest } = facts.manifest
  if (facts.kind === 'index') {
    const unscanned = await facts.firstUnscanned()
    return unscanned === undefined ? {} : { refusal: await refuseWithoutReport(facts, limit, unscanned) }
  }
  if (facts.kind !== 'image') return {}
  const report = await facts.report()
  if (report === undefined) return { refusal: await refuseWithoutReport(facts, limit, digest) }
  if (report.severity === undefined || severityRank(report.severity) < severityRank(limit.from)) return {}
  const accepted = await readAccepted(facts.reader, facts.place.projectId, limit, facts.now)
  const refusal = judgeFindings(limit, digest, await facts.findings(), accepted.ids)
  return { refusal, until: accepted.until }
}

async function refuseWithoutReport({ reader }: ManifestFacts, limit: SeverityLimit, digest: string) {
  const state = (await listStates(reader, [digest as never], 'vulnerability')).get(digest as never)
  return state === undefined || state.report !== undefined
    ? refuseUnscanned(limit, digest)
    : refuseUnfinished(limit, digest, state.status)
}

async function judgePolicy(facts: ManifestFacts, policy: PullPolicy): Promise<Verdict> {
  if (!isChosen(policy.repositories, policy.projectId, facts.place.repository)) return passed
  if (policy.tags !== '**' && !(await facts.tags()).some(matcherOf(policy.tags))) return passed
  const { refusal, until } = await judgeCondition(facts, policy)
  if (refusal === undefined) return { violations: [], until }
  const owner = policy.projectId === undefined ? 'the registry' : 'the project'
  const message = `the policy "${policy.name}" of ${owner} holds this back: ${refusal.message}`
  const detail = { digest: facts.manifest.digest, ...refusal.detail }
  const { name, projectId } = policy
  // Policies that are off were left out, except in a preview, which asks what one would do.
  const mode: ActiveMode = policy.mode === 'off' ? 'enforce' : policy.mode
  return await unlessExempt(facts, { ...refusal, message, detail, policy: name, mode, projectId }, until)
}

/** An exemption from the whole policy; those from single vulnerabilities were asked before. */
async function unlessExempt(facts: ManifestFacts, violation: Violation, until: number | undefined): Promise<Verdict> {
  const { repository } = facts.place
  const asked = { policy: violation.policy, projectId: violation.projectId, repository, digest: facts.manifest.digest }
  const whole = exemptionsFor(await facts.exemptions(), asked).filter(
    ({ vulnerability }) => vulnerability === undefined,
  )
  if (whole.length === 0) return { violations: [violation], until }
  return { violations: [], until: earliest(until, Math.max(...whole.map(({ expiresAt }) => expiresAt))) }
}
