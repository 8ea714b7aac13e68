import type { Digest } from '#contract/digest.ts'
import { costOf, isSelected } from '../policies/selectors.ts'
import { Pace } from '../policies/pace.ts'
import { Ranking, type Unit } from './ranking.ts'
import { isCount, type PlacedRule, type RetentionMode, type TagSelector, type Template } from './rules.ts'

export interface CandidateTag {
  readonly id: number
  readonly name: string
  readonly pushedAt: number
  readonly pulledAt: number | undefined
}

/** An artifact of its own: neither a part of an index nor an accessory of another artifact. */
export interface Candidate {
  readonly artifactId: number
  readonly digest: Digest
  readonly pushedAt: number
  readonly pulledAt: number | undefined
  readonly tags: readonly CandidateTag[]
}

/** Why a rule does not keep something. */
export interface Miss {
  readonly rule: number
  readonly template: Template
  readonly value: number
  /** `age`: then `at` is when it was last pushed or pulled; undefined: never. */
  readonly why: 'not selected' | 'rank' | 'age'
  readonly at?: number | undefined
}

export type Verdict =
  | {
      readonly kept: true
      readonly by: 'rule'
      readonly rule: number
      readonly template: Template
      readonly value: number
      /** Of a rule that counts: its place, from 1. */
      readonly rank?: number
      /** Of a rule of days: when it was last pushed or pulled. */
      readonly at?: number | undefined
    }
  | { readonly kept: true; readonly by: 'immutability'; readonly tag: string }
  | { readonly kept: true; readonly by: 'pin'; readonly tag: string }
  | { readonly kept: false; readonly misses: readonly Miss[] }

export interface TagDecision {
  readonly tag: CandidateTag
  readonly verdict: Verdict
}

export interface Decision {
  readonly candidate: Candidate
  /** `remove`: with all its tags. `untag`: only the tags whose verdict says so. */
  readonly action: 'keep' | 'remove' | 'untag'
  /** Of an artifact without tags, or as a whole; otherwise the tags have their own. */
  readonly verdict: Verdict
  /** Empty where the verdict of the artifact is that of every tag. */
  readonly tags: readonly TagDecision[]
}

export interface EvaluationOptions {
  /** Those in force in the repository: `rulesFor`. */
  readonly rules: readonly PlacedRule[]
  readonly mode: RetentionMode
  /** When the run began (ms). */
  readonly now: number
  /** Gives turns where it takes long. */
  readonly isImmutable: (tag: string) => boolean | Promise<boolean>
  /** What a proxy cache project never gives up. */
  readonly isPinned?: (tag: string) => boolean
  readonly pace?: Pace
}

/** A unit with the rules that select it (bits by their place in the list), and the tags it has. */
interface Subject extends Unit {
  readonly selectedBy: number
  readonly tags: readonly CandidateTag[]
}

const dayMs = 86_400_000
/** In looks of a matcher: of all rules' ranks and ages, and a line of the log. */
const costOfVerdict = 5_000

/**
 * Decides about one repository. Every candidate is shown to `observe` first and then to `decide`: what must be known of
 * all of them is the ranks, and no rule counts further than Harbor allows; so it takes the same memory however many
 * artifacts there are.
 */
export class Evaluation {
  readonly #options: EvaluationOptions
  readonly #rankings: ReadonlyMap<number, Ranking>
  /** For each character of a tag. */
  readonly #cost: number
  readonly #pace: Pace

  constructor(options: EvaluationOptions) {
    this.#options = options
    const counting = options.rules.filter(({ template }) => isCount(template))
    this.#rankings = new Map(
      counting.map(({ place, template, value }) => [place, new Ranking(value, timeOfTemplate(template))]),
    )
    this.#cost = options.rules.reduce((sum, { tags }) => sum + costOf(tags), 0)
    this.#pace = options.pace ?? new Pace()
  }

  async observe(candidate: Candidate): Promise<void> {
    for (const subject of await this.#subjectsOf(candidate)) {
      for (const [at, { place }] of this.#options.rules.entries())
        if ((subject.selectedBy & (1 << at)) !== 0) this.#rankings.get(place)?.add(subject)
    }
  }

  async decide(candidate: Candidate): Promise<Decision> {
    const verdicts: Verdict[] = []
    for (const subject of await this.#subjectsOf(candidate)) {
      if (this.#pace.isDue(costOfVerdict)) await this.#pace.rest()
      verdicts.push(await this.#verdictOn(subject))
    }
    const kept = verdicts.find((verdict) => verdict.kept)
    const verdict = kept ?? verdicts[0]!
    if (this.#options.mode === 'artifact' || candidate.tags.length === 0)
      return { candidate, action: verdict.kept ? 'keep' : 'remove', verdict, tags: [] }
    const tags = candidate.tags.map((tag, at) => ({ tag, verdict: verdicts[at]! }))
    const action = kept === undefined ? 'remove' : verdicts.every((each) => each.kept) ? 'keep' : 'untag'
    return { candidate, action, verdict, tags }
  }

  async #subjectsOf(candidate: Candidate): Promise<readonly Subject[]> {
    const { rules, mode } = this.#options
    const { tags, pushedAt, pulledAt } = candidate
    if (mode === 'artifact' || tags.length === 0) {
      const whole = {
        pushedAt: tags.reduce((latest, tag) => Math.max(latest, tag.pushedAt), pushedAt),
        pulledAt: tags.reduce((latest, tag) => later(latest, tag.pulledAt), pulledAt),
        order: -candidate.artifactId, // ids of tags are positive
        selectedBy: await this.#selectedByAny(tags),
        tags,
      }
      return [whole]
    }
    const subjects: Subject[] = []
    for (const tag of tags) {
      if (this.#pace.isDue(this.#cost * tag.name.length)) await this.#pace.rest()
      const selectedBy = bitsOf(rules, (rule) => isSelected(rule.tags, tag.name))
      subjects.push({ pushedAt: tag.pushedAt, pulledAt: tag.pulledAt, order: tag.id, selectedBy, tags: [tag] })
    }
    return subjects
  }

  /** Of an artifact with all its tags: each selector passes it when one of the tags does (Harbor). */
  async #selectedByAny(tags: readonly CandidateTag[]): Promise<number> {
    const { rules } = this.#options
    if (tags.length === 0) return bitsOf(rules, ({ tags: selectors }) => selectors.every(({ untagged }) => untagged))
    const open = rules.map(({ tags: selectors }) => new Set<TagSelector>(selectors))
    for (const { name } of tags) {
      if (this.#pace.isDue(this.#cost * name.length)) await this.#pace.rest()
      for (const selectors of open)
        for (const selector of selectors) if (isSelected([selector], name)) selectors.delete(selector)
      if (open.every(({ size }) => size === 0)) break
    }
    return bitsOf(rules, (_, at) => open[at]!.size === 0)
  }

  async #verdictOn(subject: Subject): Promise<Verdict> {
    const misses: Miss[] = []
    for (const [at, rule] of this.#options.rules.entries()) {
      const { place, template, value } = rule
      const about = { rule: place, template, value }
      if ((subject.selectedBy & (1 << at)) === 0) misses.push({ ...about, why: 'not selected' })
      else if (template === 'always') return { kept: true, by: 'rule', ...about }
      else if (isCount(template)) {
        const rank = this.#rankings.get(place)!.placeOf(subject)
        if (rank <= value) return { kept: true, by: 'rule', ...about, rank }
        misses.push({ ...about, why: 'rank' })
      } else {
        const time = timeOfTemplate(template)(subject)
        const when = Number.isFinite(time) ? time : undefined
        if (time >= this.#options.now - value * dayMs) return { kept: true, by: 'rule', ...about, at: when }
        misses.push({ ...about, why: 'age', at: when })
      }
    }
    const { isPinned } = this.#options
    const pinned = isPinned === undefined ? undefined : subject.tags.find(({ name }) => isPinned(name))
    if (pinned !== undefined) return { kept: true, by: 'pin', tag: pinned.name }
    const immutable = await this.#findImmutable(subject.tags)
    return immutable === undefined ? { kept: false, misses } : { kept: true, by: 'immutability', tag: immutable }
  }

  async #findImmutable(tags: readonly CandidateTag[]): Promise<string | undefined> {
    for (const { name } of tags) {
      if (await this.#options.isImmutable(name)) return name
    }
    return undefined
  }
}

function timeOfTemplate(template: Template): (unit: Unit) => number {
  if (template === 'latestPulledN' || template === 'nDaysSinceLastPull') return ({ pulledAt }) => pulledAt ?? -Infinity
  if (template === 'latestActiveK') return ({ pushedAt, pulledAt }) => Math.max(pushedAt, pulledAt ?? -Infinity)
  return ({ pushedAt }) => pushedAt
}

function bitsOf(rules: readonly PlacedRule[], isSet: (rule: PlacedRule, at: number) => boolean): number {
  return rules.reduce((bits, rule, at) => (isSet(rule, at) ? bits | (1 << at) : bits), 0)
}

function later(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Math.max(one, other)
}
