/** What somebody looks for among all findings; it stands in the address of the page. */
export interface FindingFilter {
  readonly cve?: string
  readonly severity?: string
  readonly shows?: 'exploited' | 'fixable'
  readonly package?: string
  readonly project?: string
  /** With its project. */
  readonly repository?: string
  readonly tag?: string
  readonly digest?: string
  /** CVSS v3, `7` or `7.5`. */
  readonly from?: string
  readonly to?: string
}

const keys = ['cve', 'severity', 'package', 'project', 'repository', 'tag', 'digest', 'from', 'to'] as const

/** For `validateSearch`: what is not text is left out. */
export function findingSearch(search: Readonly<Record<string, unknown>>): FindingFilter {
  const given = keys.flatMap((key) => {
    // The router reads 7 as more than text.
    const value = search[key] === undefined || search[key] === null ? '' : String(search[key])
    return value === '' ? [] : [[key, value] as const]
  })
  const { shows } = search
  return { ...Object.fromEntries(given), ...(shows === 'exploited' || shows === 'fixable' ? { shows } : {}) }
}

const isScore = (text: string | undefined): text is string => text !== undefined && /^\d{1,2}(\.\d)?$/.test(text)

/** The filter as `/security/vul` takes it. `projectId`: of the project that is named, 0 where there is none of that name. */
export function findingQuery(filter: FindingFilter, projectId: number | undefined): string | undefined {
  const { cve, severity, shows, package: name, repository, tag, digest, from, to } = filter
  const value = (text: string) => text.trim().replaceAll(',', '\\,')
  const conditions = [
    cve && `cve_id=${value(cve)}`,
    severity && `severity=${value(severity)}`,
    shows && `${shows}=true`,
    name && `package=${value(name)}`,
    projectId !== undefined && `project_id=${projectId}`,
    repository && `repository_name=${value(repository)}`,
    tag && `tag=${value(tag)}`,
    digest && `digest=${value(digest)}`,
    (isScore(from) || isScore(to)) && `cvss_score_v3=[${isScore(from) ? from : 0}~${isScore(to) ? to : 10}]`,
  ].filter(Boolean)
  return conditions.length === 0 ? undefined : conditions.join(',')
}

/** What the list of vulnerabilities is narrowed to. */
export interface VulnerabilitySearch {
  readonly q?: string
  readonly severity?: string
  readonly shows?: 'exploited' | 'fixable'
}

export function vulnerabilitySearch(search: Readonly<Record<string, unknown>>): VulnerabilitySearch {
  const { q, severity, shows } = search
  return {
    ...(q === undefined || q === '' ? {} : { q: String(q) }),
    ...(typeof severity === 'string' && severity !== '' ? { severity } : {}),
    ...(shows === 'exploited' || shows === 'fixable' ? { shows } : {}),
  }
}
