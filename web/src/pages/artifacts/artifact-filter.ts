import type { ListSearch } from '../../shell/route-search.ts'
import { listSearch } from '../../shell/route-search.ts'

/** What the list of artifacts is narrowed to, as its address says it. */
export interface ArtifactSearch extends ListSearch {
  /** Harbor's word: IMAGE, CHART. */
  readonly type?: string
  /** Ids of labels, separated by commas: artifacts with all of them. */
  readonly labels?: string
  readonly tags?: 'tagged' | 'untagged'
  readonly findings?: FindingsFilter
}

/** What scans found: `critical`, `high`, `medium` or worse, or how the scans stand. */
export const findingsFilters = ['exploited', 'critical', 'high', 'medium', 'none', 'failed'] as const
export type FindingsFilter = (typeof findingsFilters)[number]

const findingsOf = (value: unknown) => findingsFilters.find((each) => each === value)

export function artifactSearch(search: Readonly<Record<string, unknown>>): ArtifactSearch {
  const { type, labels, tags } = search
  const findings = findingsOf(search['findings'])
  // One id alone is read from an address as a number.
  const ids = typeof labels === 'number' ? String(labels) : labels
  return {
    ...listSearch(search),
    ...(typeof type === 'string' && /^[\w.-]{1,64}$/.test(type) ? { type } : {}),
    ...(typeof ids === 'string' && /^\d{1,15}(,\d{1,15})*$/.test(ids) ? { labels: ids } : {}),
    ...(tags === 'tagged' || tags === 'untagged' ? { tags } : {}),
    ...(findings === undefined ? {} : { findings }),
  }
}

export const labelIdsOf = ({ labels }: ArtifactSearch): readonly number[] => labels?.split(',').map(Number) ?? []

export const isFiltered = ({ q, type, labels, tags, findings }: ArtifactSearch): boolean =>
  [q, type, labels, tags, findings].some((part) => part !== undefined)

/** As Harbor's `q` has it. A comma in the text is one, and no end of the condition. */
export function artifactQuery(search: ArtifactSearch): string | undefined {
  const { q, type, tags, findings } = search
  const labels = labelIdsOf(search)
  const conditions = [
    ...(q === undefined ? [] : [`tags=~${q.replaceAll(',', '\\,')}`]),
    ...(tags === undefined ? [] : [tags === 'tagged' ? 'tags=*' : 'tags=nil']),
    ...(type === undefined ? [] : [`type=${type}`]),
    ...(labels.length === 0 ? [] : [`labels=(${labels.join(' ')})`]),
    ...(findings === undefined ? [] : [`${isState(findings) ? 'scan' : 'severity'}=${findings}`]),
  ]
  return conditions.length === 0 ? undefined : conditions.join(',')
}

const isState = (findings: FindingsFilter): boolean => ['exploited', 'none', 'failed'].includes(findings)
