import type { ActiveMode } from './policy-definition.ts'

/** Words of a closed list: for metrics, and for sentences in other languages. */
export const causes = [
  'unsigned',
  'unscanned',
  'stale',
  'incomplete',
  'vulnerable',
  'licence',
  'old',
  'large',
  'quarantined',
] as const

export type Cause = (typeof causes)[number]

/** Why a policy does not want a manifest given out. */
export interface Refusal {
  /** Name of the policy, or Harbor's key. */
  readonly policy: string
  readonly cause: Cause
  /** For a person, whose client prints it. */
  readonly message: string
  /** Facts beside the message. */
  readonly detail: Readonly<Record<string, unknown>>
}

export interface Violation extends Refusal {
  readonly mode: ActiveMode
  /** Where the policy belongs: undefined for the registry's. */
  readonly projectId: number | undefined
}

/** What the policies say of a manifest. */
export interface Verdict {
  readonly violations: readonly Violation[]
  /** From when on it has to be asked for again, though nothing was written (ms); undefined: never. */
  readonly until: number | undefined
}

/** What one policy says, and until when. */
export interface Finding {
  readonly refusal?: Omit<Refusal, 'policy'> | undefined
  readonly until?: number | undefined
}

/** The first of several moments. */
export const earliest = (...moments: readonly (number | undefined)[]): number | undefined => {
  const known = moments.filter((moment) => moment !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

/** The last of several moments; undefined where one of them never comes. */
export const latest = (moments: readonly (number | undefined)[]): number | undefined =>
  moments.includes(undefined) ? undefined : Math.max(...(moments as readonly number[]))
