/** What somebody looks for in the audit log; it stands in the address of the page. */
export interface AuditFilter {
  readonly who?: string
  readonly operation?: string
  /** What it was done to: `artifact`, `project`. */
  readonly type?: string
  readonly resource?: string
  /** `true`: done, `false`: refused. */
  readonly result?: string
  /** Minutes, 2026-11-26T10:30, or whole days, 2026-11-26, on the reader's clock. */
  readonly from?: string
  readonly to?: string
}

const keys = ['who', 'operation', 'type', 'resource', 'result', 'from', 'to'] as const

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
export function conditionsOf({ who, operation, type, resource, result, from, to }: AuditFilter): string | undefined {
  const conditions = [
    who && `username=~${encodeURIComponent(who)}`,
    operation && `operation=${encodeURIComponent(operation)}`,
    type && `resource_type=${encodeURIComponent(type)}`,
    resource && `resource=~${encodeURIComponent(resource)}`,
    result && `operation_result=${result === 'true'}`,
    (startOf(from) || endOf(to)) && `op_time=[${startOf(from)}~${endOf(to)}]`,
  ].filter(Boolean)
  return conditions.length === 0 ? undefined : conditions.join(',')
}

const startOf = (given: string | undefined): string => momentOf(momentOfField(given, 'start'), ':00.000')
/** The whole minute. */
const endOf = (given: string | undefined): string => momentOf(momentOfField(given, 'end'), ':59.999')

/** As a field for a moment holds it, to the minute; a day begins at 00:00 and ends at 23:59. */
export function momentOfField(given: string | undefined, edge: 'start' | 'end'): string {
  if (given === undefined || given.includes('T')) return given?.slice(0, 16) ?? ''
  return `${given}T${edge === 'start' ? '00:00' : '23:59'}`
}

function momentOf(minute: string, seconds: string): string {
  const date = minute === '' ? undefined : new Date(`${minute}${seconds}`)
  return date === undefined || Number.isNaN(date.getTime()) ? '' : date.toISOString()
}
