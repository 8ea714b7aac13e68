/** What somebody looks for in the audit log; it stands in the address of the page. */
export interface AuditFilter {
  readonly who?: string
  readonly operation?: string
  readonly resource?: string
  /** `true`: done, `false`: refused. */
  readonly result?: string
  /** Days, 2026-11-26, on the clocks of who looks. */
  readonly from?: string
  readonly to?: string
}

const keys = ['who', 'operation', 'resource', 'result', 'from', 'to'] as const

/** For `validateSearch`: what is not text is left out. */
export function auditSearch(search: Readonly<Record<string, unknown>>): AuditFilter {
  const given = keys.flatMap((key) => {
    // The router reads 42 and true as more than text.
    const value = search[key] === undefined || search[key] === null ? '' : String(search[key])
    return value === '' ? [] : [[key, value] as const]
  })
  return Object.fromEntries(given)
}

/** The filter as the API takes it; undefined: everything. */
export function conditionsOf({ who, operation, resource, result, from, to }: AuditFilter): string | undefined {
  const conditions = [
    who && `username=~${encodeURIComponent(who)}`,
    operation && `operation=${encodeURIComponent(operation)}`,
    resource && `resource=~${encodeURIComponent(resource)}`,
    result && `operation_result=${result === 'true'}`,
    (startOf(from) || endOf(to)) && `op_time=[${startOf(from)}~${endOf(to)}]`,
  ].filter(Boolean)
  return conditions.length === 0 ? undefined : conditions.join(',')
}

const startOf = (day: string | undefined): string => momentOf(day, 'T00:00:00.000')
/** The whole day. */
const endOf = (day: string | undefined): string => momentOf(day, 'T23:59:59.999')

function momentOf(day: string | undefined, time: string): string {
  const date = day === undefined ? undefined : new Date(`${day}${time}`)
  return date === undefined || Number.isNaN(date.getTime()) ? '' : date.toISOString()
}
