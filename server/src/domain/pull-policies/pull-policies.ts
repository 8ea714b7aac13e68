import type { Digest } from '#contract/digest.ts'
import { parseManifest, type ParsedManifest } from '#contract/manifest.ts'
import { isIndexMediaType } from '#contract/media-types.ts'
import type { Database, Reader } from '../../database/database.ts'
import { EpochCache } from '../../database/epoch-cache.ts'
import type { Actor } from '../access/actor.ts'
import type { Admission } from '../access/admission.ts'
import { heldBackPull } from '../access/roles/grantable-permissions.ts'
import { robotMayInProject } from '../access/robots/robot-rights.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { JudgedManifest, PullJudge } from '../policies/gates.ts'
import { severityRank } from '../scanning/advisories.ts'
import { findJudgedReport, listJudgedFindings, listUnscanned } from '../scanning/judged-report.ts'
import { keyOfFinding } from '../scanning/scan-summary.ts'
import { listRuledOutByGiven } from '../scanning/statements/scan-views.ts'
import { listStates } from '../scanning/scan-state.ts'
import { readAccepted, readHarborPolicy, type SeverityLimit } from './harbor-policy.ts'
import { judgeFindings, refuseUnfinished, refuseUnscanned } from './prevent-vulnerable.ts'
import { allowed, type Refusal, type Verdict } from './verdict.ts'
import { judgedKindOf, kindOfBytes } from './what-runs.ts'

/** Small objects; a busy registry gives out some thousand images of projects with a policy. */
const cachedVerdicts = 8_192

/** Annotation of the attestations that BuildKit puts beside the images of an index. */
const referenceType = 'vnd.docker.reference.type'

/**
 * Holds back what the policies of its project do not let out. An actor's rank changes nothing: as in Harbor, administrators are
 * refused like everybody. Robots with `scanner-pull` are not, and no name that a client gives itself makes it one.
 */
export class PullPolicies implements PullJudge {
  readonly #database: Database
  readonly #clock: Clock
  readonly #verdicts: EpochCache<Verdict>

  constructor({ database, clock }: { readonly database: Database; readonly clock: Clock }) {
    this.#database = database
    this.#clock = clock
    this.#verdicts = new EpochCache(database, cachedVerdicts)
  }

  /** @throws DomainError POLICY_VIOLATION; whatever keeps it from reading what it needs is a refusal too */
  async assertMayLeave({ actor, projectId }: Admission, manifest: JudgedManifest): Promise<void> {
    if (mayPullHeldBack(actor, projectId)) return
    const { refusal } = await this.#verdictOf(projectId, manifest)
    if (refusal !== undefined) {
      const { message, rule, detail } = refusal
      throw new DomainError('POLICY_VIOLATION', message, { detail: { policy: rule, ...detail } })
    }
  }

  async #verdictOf(projectId: number, manifest: JudgedManifest): Promise<Verdict> {
    const now = this.#clock.now()
    const judge = () => judgeManifest(this.#database.read, projectId, manifest, now)
    const verdict = await this.#verdicts.get(`${projectId} ${manifest.artifactId}`, judge)
    return verdict.until === undefined || now < verdict.until ? verdict : await judge()
  }
}

const mayPullHeldBack = (actor: Actor, projectId: number): boolean =>
  actor.kind === 'robot' && robotMayInProject(actor.rights, projectId, heldBackPull)

/** What the policies of the project say of the manifest at this moment. */
export async function judgeManifest(
  reader: Reader,
  projectId: number,
  manifest: JudgedManifest,
  now: number,
): Promise<Verdict> {
  const { vulnerabilities: limit } = await readHarborPolicy(reader, projectId)
  if (limit === undefined) return allowed
  const parsed = parseManifest(manifest.bytes, manifest.mediaType)
  switch (judgedKindOf(parsed)) {
    case 'index':
      return await judgeIndex(reader, projectId, limit, manifest, parsed)
    case 'image':
      return await judgeImage(reader, projectId, limit, manifest, now)
    default:
      return allowed
  }
}

async function judgeImage(
  reader: Reader,
  projectId: number,
  limit: SeverityLimit,
  { artifactId, digest }: JudgedManifest,
  now: number,
): Promise<Verdict> {
  const report = await findJudgedReport(reader, projectId, digest)
  if (report === undefined) return refuse(await refuseWithoutReport(reader, limit, digest))
  if (report.severity === undefined || severityRank(report.severity) < severityRank(limit.from)) return allowed
  const accepted = await readAccepted(reader, projectId, limit, now)
  const ruledOut = await listRuledOutByGiven(reader, artifactId, { digest, ...report })
  const findings = (await listJudgedFindings(reader, digest, report)).filter(
    (each) => !ruledOut.has(keyOfFinding(each.id, each.package, each.version)),
  )
  return { refusal: judgeFindings(limit, digest, findings, accepted.ids), until: accepted.until }
}

/** As in Harbor, an index is held back while one of its images has no report. What was found is asked when an image is pulled. */
async function judgeIndex(
  reader: Reader,
  projectId: number,
  limit: SeverityLimit,
  { artifactId }: JudgedManifest,
  { manifests }: ParsedManifest,
): Promise<Verdict> {
  const attestations = new Set(
    manifests.filter(({ annotations }) => annotations?.[referenceType] !== undefined).map(({ digest }) => digest),
  )
  for (const { id, digest, mediaType } of await listUnscanned(reader, projectId, artifactId)) {
    if (isIndexMediaType(mediaType) || attestations.has(digest as Digest)) continue
    // One manifest at a time: a thousand of them may have gigabytes.
    const row = await reader
      .selectFrom('artifact_payload')
      .select('bytes')
      .where('artifact_id', '=', id)
      .executeTakeFirst()
    if (row === undefined || kindOfBytes(row.bytes, mediaType) !== 'image') continue
    return refuse(await refuseWithoutReport(reader, limit, digest as Digest))
  }
  return allowed
}

const refuse = (refusal: Refusal): Verdict => ({ refusal, until: undefined })

async function refuseWithoutReport(reader: Reader, limit: SeverityLimit, digest: Digest): Promise<Refusal> {
  const state = (await listStates(reader, [digest], 'vulnerability')).get(digest)
  return state === undefined || state.report !== undefined
    ? refuseUnscanned(limit, digest)
    : refuseUnfinished(limit, digest, state.status)
}
