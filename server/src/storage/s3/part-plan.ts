/**
 * How an upload is cut into parts: by offset alone, so that every process cuts alike and an offset says how many
 * whole parts lie before it. The first parts are small, because each is held in memory while it comes in; later ones
 * are larger, because a store takes 10,000 at the most.
 */
export interface PartPlan {
  readonly firstBytes: number
  /** So many parts have `firstBytes`, all behind them `laterBytes`. */
  readonly firstParts: number
  readonly laterBytes: number
}

/** 5 MiB is the least that S3 takes. Good for blobs of up to 286 GiB. */
export const standardPlan: PartPlan = { firstBytes: 5 << 20, firstParts: 1_000, laterBytes: 32 << 20 }

/** For services that want all parts but the last alike; as many bytes in all. */
export const alikePlan: PartPlan = { firstBytes: 32 << 20, firstParts: 10_000, laterBytes: 32 << 20 }

/** The largest blob that fits. */
export const maxBytes = (plan: PartPlan): number =>
  plan.firstParts >= maxParts
    ? maxParts * plan.firstBytes
    : plan.firstParts * plan.firstBytes + (maxParts - plan.firstParts) * plan.laterBytes

export const maxParts = 10_000

/** Bytes of the part with this number; the first has number 1. */
export function partBytes(plan: PartPlan, partNumber: number): number {
  return partNumber <= plan.firstParts ? plan.firstBytes : plan.laterBytes
}

/** Whole parts before `offset`, and the bytes in them. */
export function wholeParts(plan: PartPlan, offset: number): { readonly count: number; readonly bytes: number } {
  const first = Math.min(plan.firstParts, Math.floor(offset / plan.firstBytes))
  if (first < plan.firstParts) return { count: first, bytes: first * plan.firstBytes }
  const later = Math.floor((offset - first * plan.firstBytes) / plan.laterBytes)
  return { count: first + later, bytes: first * plan.firstBytes + later * plan.laterBytes }
}
