import type { RepositoryName } from '#contract/repository-name.ts'
import { restOf } from '#contract/repository-name.ts'
import type { Database, Writer } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import type { Events } from '../events/events.ts'
import { DomainError, type DomainErrorCode } from '../errors.ts'
import type { Admit } from '../policies/admit.ts'
import { readMetadata } from '../projects/project-metadata.ts'
import { isPinned, parsePins } from '../projects/proxy-settings.ts'
import { readImmutability } from '../policies/tag-immutability.ts'
import { walkCandidates } from './candidates.ts'
import { Evaluation, type Candidate, type CandidateTag, type Decision, type Verdict } from './evaluation.ts'
import { Pace } from '../policies/pace.ts'
import { removeArtifact, removeOrphans, removeTag } from './remove.ts'
import { rulesFor, type RetentionMode, type RetentionRule } from './rules.ts'
import { formatVerdict } from './verdict-text.ts'

export interface RepositoryToRetain {
  readonly id: number
  readonly name: RepositoryName
  readonly projectId: number
}

/** The terms of the decisions. `now`: when the run began, also where it is continued later. */
export interface RetentionTerms {
  readonly rules: readonly RetentionRule[]
  readonly mode: RetentionMode
  readonly now: number
}

/**
 * The verdicts about each artifact of the repository, by their ids, behind `after`. Empty when no rule is about the
 * repository.
 */
export async function* walkDecisions(
  { read }: Pick<Database, 'read'>,
  repository: RepositoryToRetain,
  { rules, mode, now }: RetentionTerms,
  { after = 0, signal, pace = new Pace() }: { after?: number; signal?: AbortSignal; pace?: Pace } = {},
): AsyncGenerator<Decision> {
  const inForce = rulesFor(rules, restOf(repository.name))
  if (inForce.length === 0) return
  const immutability = await readImmutability(read, repository.projectId)
  const isImmutable = (tag: string) => immutability.isImmutable(repository.name, tag, pace)
  const pins = parsePins(
    (await readMetadata(read, [repository.projectId])).get(repository.projectId)?.proxy_cache_pins ?? '',
  )
  const isKept = (tag: string) => isPinned(pins, restOf(repository.name), tag)
  const evaluation = new Evaluation({ rules: inForce, mode, now, isImmutable, isPinned: isKept, pace })
  for await (const candidate of walkCandidates(read, repository.id)) {
    signal?.throwIfAborted()
    await evaluation.observe(candidate)
  }
  for await (const candidate of walkCandidates(read, repository.id, after)) yield await evaluation.decide(candidate)
}

export interface RetainServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  /** The time for which a deleted artifact can be restored; 0: not at all. */
  readonly trashWindowMs: number
  readonly admit: Admit
}

/** How far a run is: enough to go on from. */
export interface RetentionProgress {
  /** Id of the last artifact that is dealt with; 0: none is. */
  readonly after: number
  /** Artifacts; where each tag is looked at by itself, tags and artifacts without any. */
  readonly total: number
  readonly retained: number
}

export interface RetainOptions {
  readonly dryRun: boolean
  /** Of the run of the policy, by which the trash knows what went together. */
  readonly runId?: number | undefined
  readonly from?: RetentionProgress
  /** A line for each tag, and for each artifact without one. */
  readonly log: (line: string) => Promise<void>
  /** One change, remembered with how far it brings the run. */
  readonly transact: <T>(work: (tx: Writer) => Promise<T>, progress: RetentionProgress) => Promise<T>
  /** `:tag`, or `@digest` of what had none: after it went. */
  readonly onRemoved?: (reference: string) => void
  /** After each artifact. */
  readonly onProgress?: (progress: RetentionProgress) => void
  readonly signal?: AbortSignal
}

/** In steps of a matcher. */
const costOfLine = 2_000
/** After so many removals, their followers go. */
const removalsPerSweep = 50

export const nothingDone: RetentionProgress = { after: 0, total: 0, retained: 0 }

/** Runs behind the gates as every deletion does. The permission was asked for when the policy was written. */
const actorOf = ({ runId }: Pick<RetainOptions, 'runId'>): Actor => ({
  kind: 'system',
  name: 'retention',
  ...(runId === undefined ? {} : { runId }),
})

/**
 * Decides about everything in the repository and does it, an artifact or a tag in a transaction. Whatever was done stays
 * done, and doing it again finds nothing more to do: what interrupts it, a stop or a crash, needs no clearing up.
 * @throws DomainError DELETE_DISABLED, READ_ONLY; whatever `signal` was aborted with
 */
export async function retainRepository(
  services: RetainServices,
  repository: RepositoryToRetain,
  terms: RetentionTerms,
  options: RetainOptions,
): Promise<RetentionProgress> {
  const { dryRun, log, onProgress, onRemoved, signal, from = nothingDone } = options
  const actor = actorOf(options)
  const pace = new Pace()
  let progress = from
  let unfollowed = 0
  const sweep = async () => await removeOrphans(services, await services.admit(actor, 'delete', repository.name))
  const say = async (candidate: Candidate, tags: readonly CandidateTag[], kept: boolean, why: string) => {
    for (const line of linesOf(restOf(repository.name), candidate, tags)) {
      if (pace.isDue(costOfLine)) await pace.rest()
      await log(`${kept ? 'keep  ' : 'remove'} ${line}: ${why}`)
    }
  }
  const walk = { after: from.after, ...(signal === undefined ? {} : { signal }) }
  for await (const decision of walkDecisions(services.database, repository, terms, walk)) {
    signal?.throwIfAborted()
    // Logged before the removal, so that every removed artifact stands in the log, whatever happens then.
    for (const { tags, verdict } of subjectsOf(decision))
      await say(decision.candidate, tags, verdict.kept, formatVerdict(verdict, terms.now))
    const stayed = dryRun ? noneStayed : await apply(services, repository, decision, progress, options)
    for (const { tags, verdict } of subjectsOf(decision)) {
      const why = stayed(tags[0])
      if (why !== undefined) await say(decision.candidate, tags, true, why)
      else if (!dryRun && !verdict.kept) referencesOf(decision.candidate, tags).forEach((each) => onRemoved?.(each))
      progress = counted(progress, verdict.kept || why !== undefined)
    }
    progress = { ...progress, after: decision.candidate.artifactId }
    onProgress?.(progress)
    if (dryRun || decision.action !== 'remove' || (unfollowed += 1) < removalsPerSweep) continue
    unfollowed = 0
    await sweep()
  }
  if (unfollowed > 0) await sweep()
  return progress
}

function counted({ after, total, retained }: RetentionProgress, kept: boolean, by = 1): RetentionProgress {
  return { after, total: total + by, retained: retained + (kept ? by : 0) }
}

const referencesOf = ({ digest }: Candidate, tags: readonly CandidateTag[]): string[] =>
  tags.length === 0 ? [`@${digest}`] : tags.map(({ name }) => `:${name}`)

function linesOf(name: string, { digest }: Candidate, tags: readonly CandidateTag[]): string[] {
  if (tags.length === 0) return [`${name}@${digest}, which has no tag`]
  return tags.map((tag) => `${name}:${tag.name} (${digest})`)
}

/** An artifact with all its tags, or each of its tags where they were looked at one by one. */
function subjectsOf({
  candidate,
  tags,
  verdict,
}: Decision): readonly { readonly tags: readonly CandidateTag[]; readonly verdict: Verdict }[] {
  if (tags.length === 0) return [{ tags: candidate.tags, verdict }]
  return tags.map((each) => ({ tags: [each.tag], verdict: each.verdict }))
}

/** Why something stayed in spite of the decision. */
type Stayed = (tag: CandidateTag | undefined) => string | undefined

const noneStayed: Stayed = () => undefined

async function apply(
  services: RetainServices,
  repository: RepositoryToRetain,
  decision: Decision,
  before: RetentionProgress,
  options: RetainOptions,
): Promise<Stayed> {
  const { transact } = options
  const { candidate, action, tags } = decision
  if (action === 'keep') return noneStayed
  const admission = await services.admit(actorOf(options), 'delete', repository.name)
  // Deleted since, and perhaps pushed anew under the name: the artifact of the decision is gone.
  if (admission.repositoryId !== repository.id) return noneStayed
  if (action === 'remove') {
    const after = { ...counted(before, false, Math.max(tags.length, 1)), after: candidate.artifactId }
    const why = await unlessChanged(() =>
      removeArtifact(services, admission, candidate, (work) => transact(work, after)),
    )
    return () => why
  }
  const stayed = new Map<string, string | undefined>()
  let progress = before
  for (const { tag, verdict } of tags) {
    if (verdict.kept) continue
    // A deleted repository is not counted again.
    const after = counted(progress, false)
    const why = await unlessChanged(() =>
      removeTag(services, admission, { candidate, tag }, (work) => transact(work, after)),
    )
    if (why === undefined) progress = after
    stayed.set(tag.name, why)
  }
  return (tag) => (tag === undefined ? undefined : stayed.get(tag.name))
}

/** They only say that the world went on since the decision. */
const changes: readonly DomainErrorCode[] = ['CONFLICT', 'PRECONDITION', 'REFERENCED']

/** Why it was not done, when something changed since the decision; whatever is gone already is done. */
async function unlessChanged(remove: () => Promise<void>): Promise<string | undefined> {
  try {
    await remove()
    return undefined
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    if (error.code === 'MANIFEST_UNKNOWN') return undefined
    if (changes.includes(error.code)) return error.message
    throw error
  }
}
