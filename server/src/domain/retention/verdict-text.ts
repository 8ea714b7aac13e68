import type { Miss, Verdict } from './evaluation.ts'
import type { Template } from './rules.ts'

/** Why something stays or goes, in a sentence for the log and the preview. */
export function formatVerdict(verdict: Verdict, now: number): string {
  if (!verdict.kept) return `no rule keeps it: ${verdict.misses.map((miss) => formatMiss(miss, now)).join('; ')}`
  if (verdict.by === 'pin') return `tag ${verdict.tag} is pinned`
  if (verdict.by === 'immutability') return `tag ${verdict.tag} is immutable`
  const { rule, template, value, rank, at } = verdict
  if (template === 'always') return `rule ${rule} keeps it always`
  if (rank !== undefined) return `rule ${rule} keeps the ${value} most recently ${what(template)}: it is number ${rank}`
  return `rule ${rule} keeps what was ${what(template)} within ${value} days: it was ${ago(at, now)}`
}

function formatMiss({ rule, template, value, why, at }: Miss, now: number): string {
  if (why === 'not selected') return `rule ${rule} does not select it`
  if (why === 'rank') return `rule ${rule} keeps the ${value} most recently ${what(template)}, which are others`
  return `rule ${rule} keeps what was ${what(template)} within ${value} days, and it ${at === undefined ? 'never was' : `was ${ago(at, now)}`}`
}

function what(template: Template): string {
  if (template === 'latestActiveK') return 'pushed or pulled'
  return template === 'latestPulledN' || template === 'nDaysSinceLastPull' ? 'pulled' : 'pushed'
}

const dayMs = 86_400_000

function ago(at: number | undefined, now: number): string {
  if (at === undefined) return 'at no time'
  const days = Math.max(0, now - at) / dayMs
  return days < 1 ? 'less than a day ago' : `${Math.floor(days)} ${days < 2 ? 'day' : 'days'} ago`
}
