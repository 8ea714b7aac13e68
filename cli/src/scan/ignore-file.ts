import type { Finding } from '#server/domain/scanning/finding.ts'

export interface IgnoredId {
  readonly id: string
  /** The day until which it counts: `2026-01-31`. */
  readonly until: string | undefined
  /** The comment above it. */
  readonly reason: string
}

/** `.trivyignore`: an id in each line, `exp:2026-01-31` behind it, comments behind `#`. */
export function parseIgnoreFile(text: string): readonly IgnoredId[] {
  const ignored: IgnoredId[] = []
  let comment: string[] = []
  for (const line of text.split(/\r?\n/)) {
    const hash = line.indexOf('#')
    const own = (hash === -1 ? line : line.slice(0, hash)).trim()
    const said = hash === -1 ? '' : line.slice(hash + 1).trim()
    const [id = '', ...words] = own.split(/\s+/)
    if (id === '') comment = hash === -1 ? [] : [...comment, said]
    else {
      const until = words.find((word) => word.startsWith('exp:'))?.slice(4)
      ignored.push({ id, until, reason: [...comment, said].filter((each) => each !== '').join(' ') })
      comment = []
    }
  }
  return ignored
}

/** The findings, with those that the file names marked. A date that is over, or none, ignores nothing. */
export function applyIgnoreFile(
  findings: readonly Finding[],
  ignored: readonly IgnoredId[],
  { file, now }: { readonly file: string; readonly now: number },
): readonly Finding[] {
  const inForce = new Map(ignored.filter((each) => isInForce(each, now)).map((each) => [each.id, each]))
  return findings.map((finding) => {
    const found = [finding.id, ...finding.aliases].map((id) => inForce.get(id)).find((each) => each !== undefined)
    if (found === undefined || finding.suppressed !== undefined) return finding
    return { ...finding, suppressed: { by: file, status: 'ignored', reason: found.reason } }
  })
}

function isInForce({ until }: IgnoredId, now: number): boolean {
  if (until === undefined) return true
  const end = Date.parse(`${until}T00:00:00Z`)
  return !Number.isNaN(end) && now < end
}
