import { fromVector } from 'ae-cvss-calculator'

/** The base score of a CVSS vector of version 2, 3.0, 3.1 or 4.0; undefined for a text that is none. */
export function cvssOf(vector: string): { readonly version: 'v2' | 'v3' | 'v4'; readonly score: number } | undefined {
  if (vector.length > 300 || !/^(?:CVSS:[34]\.[01]\/)?(?:[A-Za-z]{1,3}:[A-Za-z]{1,3}\/?)+$/.test(vector))
    return undefined
  const version = vector.startsWith('CVSS:4') ? 'v4' : vector.startsWith('CVSS:3') ? 'v3' : 'v2'
  try {
    const scores = fromVector(vector)?.calculateScores() as { base?: number; overall?: number } | undefined
    const score = scores?.base ?? scores?.overall
    return score === undefined || Number.isNaN(score) ? undefined : { version, score }
  } catch {
    return undefined // the library throws for a metric that it does not know
  }
}
