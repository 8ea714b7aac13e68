import type { Database } from '../../database/database.ts'
import { EpochCache } from '../../database/epoch-cache.ts'
import type { Actor } from '../access/actor.ts'
import type { Admission } from '../access/admission.ts'
import { heldBackPull } from '../access/roles/grantable-permissions.ts'
import { robotMayInProject } from '../access/robots/robot-rights.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { JudgedManifest, PullJudge } from '../policies/gates.ts'
import { noteWarning } from '../request-origin.ts'
import { judgeManifest, readPolicies } from './judge.ts'
import { ManifestFacts, type JudgedPlace } from './manifest-facts.ts'
import type { Verdict, Violation } from './verdict.ts'

/** Small objects; a busy registry gives out some thousand images of projects with a policy. */
const cachedVerdicts = 8_192

/** Hears of everything that a policy did not want given out, whether it was or not. */
export interface ViolationObserver {
  /** Returns at once and never throws. */
  onViolation(
    admission: Pick<Admission, 'actor' | 'projectId' | 'repositoryName'>,
    digest: string,
    violation: Violation,
  ): void
}

export interface PullPoliciesOptions {
  readonly database: Database
  readonly clock: Clock
  readonly observer?: ViolationObserver
}

/**
 * Holds back what the policies of its project do not let out. An actor's rank changes nothing: as in Harbor, administrators are
 * refused like everybody. Robots with `scanner-pull` are not, and no name that a client gives itself makes it one.
 */
export class PullPolicies implements Pick<PullJudge, 'assertMayLeave'> {
  readonly #database: Database
  readonly #clock: Clock
  readonly #observer: ViolationObserver | undefined
  readonly #verdicts: EpochCache<Verdict>

  constructor({ database, clock, observer }: PullPoliciesOptions) {
    this.#database = database
    this.#clock = clock
    this.#observer = observer
    this.#verdicts = new EpochCache(database, cachedVerdicts)
  }

  /** @throws DomainError POLICY_VIOLATION; whatever keeps it from reading what it needs is a refusal too */
  async assertMayLeave(admission: Admission, manifest: JudgedManifest): Promise<void> {
    const { actor, projectId, repositoryId, repositoryName: repository } = admission
    if (mayPullHeldBack(actor, projectId)) return
    // Its manifest was found there.
    if (repositoryId === undefined) throw new TypeError(`${repository} is not known, and gives out a manifest`)
    const { violations } = await this.#verdictOf({ projectId, repositoryId, repository }, manifest)
    if (violations.length === 0) return
    for (const violation of violations) {
      this.#observer?.onViolation(admission, manifest.digest, violation)
      if (violation.mode === 'warn') noteWarning(violation.message)
    }
    const first = violations.find(({ mode }) => mode === 'enforce')
    if (first !== undefined)
      throw new DomainError('POLICY_VIOLATION', first.message, { detail: { policy: first.policy, ...first.detail } })
  }

  async #verdictOf(place: JudgedPlace, manifest: JudgedManifest): Promise<Verdict> {
    const now = this.#clock.now()
    const reader = this.#database.read
    const judge = async () =>
      await judgeManifest(new ManifestFacts(reader, place, manifest, now), await readPolicies(reader, place.projectId))
    const verdict = await this.#verdicts.get(`${place.projectId} ${manifest.artifactId}`, judge)
    return verdict.until === undefined || now < verdict.until ? verdict : await judge()
  }
}

/** Robots of scanners, and others that somebody gave `scanner-pull`. */
export const mayPullHeldBack = (actor: Actor, projectId: number): boolean =>
  actor.kind === 'robot' && robotMayInProject(actor.rights, projectId, heldBackPull)
