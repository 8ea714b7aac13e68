/** The finding of one check. */
export interface Finding {
  /** The subject of the check: `disk`, `tls of registry.example:443`. */
  readonly subject: string
  readonly status: 'good' | 'warning' | 'problem' | 'skipped'
  /** One sentence. */
  readonly summary: string
  /** The remedy, line by line; commands can be copied as they are. */
  readonly remedy?: readonly string[]
}

export const good = (subject: string, summary: string): Finding => ({ subject, status: 'good', summary })
export const skipped = (subject: string, summary: string): Finding => ({ subject, status: 'skipped', summary })
export const warning = (subject: string, summary: string, remedy: readonly string[] = []): Finding => ({
  subject,
  status: 'warning',
  summary,
  remedy,
})
export const problem = (subject: string, summary: string, remedy: readonly string[] = []): Finding => ({
  subject,
  status: 'problem',
  summary,
  remedy,
})
