/** What one look found. */
export interface Finding {
  /** What was looked at: `disk`, `tls of registry.example:443`. */
  readonly subject: string
  readonly status: 'good' | 'warning' | 'problem' | 'skipped'
  /** One sentence. */
  readonly summary: string
  /** What to do about it, line by line; commands can be copied as they are. */
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
