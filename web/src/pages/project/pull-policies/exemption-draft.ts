/** What the form of an exemption has. */
export interface ExemptionDraft {
  /** Empty: every policy. */
  policy: string
  repositories: string
  digest: string
  vulnerability: string
  reason: string
  /** `2026-12-31` on the reader's clock. */
  lastDay: string
}

const defaultDays = 30

export const emptyExemption = (): ExemptionDraft => ({
  ...{ policy: '', repositories: '**', digest: '', vulnerability: '', reason: '' },
  lastDay: dayAfter(defaultDays),
})

const pad = (part: number): string => String(part).padStart(2, '0')

/** The day so many days from today, on the reader's clock. */
export function dayAfter(days: number, today = new Date()): string {
  const day = new Date(today.getFullYear(), today.getMonth(), today.getDate() + days)
  return `${day.getFullYear()}-${pad(day.getMonth() + 1)}-${pad(day.getDate())}`
}

const wishable = ['policy', 'repositories', 'digest', 'vulnerability', 'reason'] as const
const maxWishLength = 1_024

/** What somebody without the right asks for: fields of the form, in an address that they send to somebody who has it. */
export type ExemptionWish = Partial<Pick<ExemptionDraft, (typeof wishable)[number]>> & { readonly exempt?: true }

/** Of an address that anybody can have written: texts alone, and no longer than the API takes. */
export function wishIn(search: Readonly<Record<string, unknown>>): ExemptionWish {
  if (search['exempt'] !== true) return {}
  const fields = wishable.flatMap((name) => {
    // A text of digits comes out of an address as a number.
    const value = typeof search[name] === 'number' ? String(search[name]) : search[name]
    return typeof value === 'string' && value !== '' ? [[name, value.slice(0, maxWishLength)] as const] : []
  })
  return { exempt: true, ...Object.fromEntries(fields) }
}
