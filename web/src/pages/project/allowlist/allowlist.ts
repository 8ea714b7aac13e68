/** Vulnerabilities that are accepted, as the API has them. */
export interface Allowlist {
  readonly items?: readonly { readonly cve_id: string }[] | null | undefined
  /** Seconds since the epoch; none: it does not expire. */
  readonly expires_at?: number | null | undefined
}

export const idsOf = (list: Allowlist | undefined): readonly string[] => (list?.items ?? []).map(({ cve_id: id }) => id)

/** A list that has expired accepts nothing. */
export const isExpired = ({ expires_at: seconds }: Allowlist, now: number): boolean =>
  seconds !== undefined && seconds !== null && now >= seconds * 1_000

/** What counts: the ids of a list until it expires. */
export const acceptedIds = (list: Allowlist | undefined, now: number): ReadonlySet<string> =>
  new Set(list === undefined || isExpired(list, now) ? [] : idsOf(list))

/** As Harbor means it: the registry's list unless the project says that it has its own. Never both. */
export const usesRegistryList = ({ metadata }: { readonly metadata: object }): boolean =>
  (metadata as { readonly reuse_sys_cve_allowlist?: string }).reuse_sys_cve_allowlist !== 'false'

/** Ids in a text that somebody pasted, in whatever way they are set apart. */
export const idsIn = (text: string): readonly string[] => [
  ...new Set(text.split(/[\s,;，；、]+/).filter((id) => id !== '')),
]

const pad = (part: number): string => String(part).padStart(2, '0')

/** `2026-12-31` on the reader's clock: the last day on which the list counts. */
export function lastDayOf({ expires_at: seconds }: Allowlist): string {
  if (seconds === undefined || seconds === null) return ''
  const day = new Date(seconds * 1_000 - 1)
  return `${day.getFullYear()}-${pad(day.getMonth() + 1)}-${pad(day.getDate())}`
}

/** The end of that day. */
export function endOfDay(day: string): number | null {
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number)
  return day === '' ? null : Math.floor(new Date(year, month - 1, date + 1).getTime() / 1_000)
}
