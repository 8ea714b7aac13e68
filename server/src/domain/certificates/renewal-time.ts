export interface Validity {
  readonly notBefore: number
  readonly notAfter: number
}

/** Two thirds of its life, and in its last third at a moment of chance, so that many registries do not ask at once. */
export function renewalTime({ notBefore, notAfter }: Validity, chance: number): number {
  const life = notAfter - notBefore
  return Math.round(notBefore + life * (2 / 3) + (life / 24) * chance)
}

/** A renewal that has not come by then has failed again and again. */
export const overdueAt = ({ notBefore, notAfter }: Validity): number =>
  Math.round(notAfter - (notAfter - notBefore) / 6)

const minuteMs = 60_000
const firstPauseMs = minuteMs
const maxPauseMs = 12 * 60 * minuteMs

/** The pause after so many failures in a row: it doubles up to half a day, a quarter of it left to chance. */
export function pauseAfter(failures: number, chance: number): number {
  const pause = Math.min(firstPauseMs * 2 ** Math.min(Math.max(failures - 1, 0), 20), maxPauseMs)
  return Math.round(pause * (0.75 + chance / 4))
}
