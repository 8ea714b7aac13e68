/** A part of a page as tools/docs/pack.ts writes it for searches. */
export interface DocsSection {
  readonly page: string
  readonly heading: string
  readonly address: string
  readonly text: string
}

/** Sections that have all the words, those with one in their heading first. */
export function findSections(sections: readonly DocsSection[], words: string): readonly DocsSection[] {
  const wanted = words.toLowerCase().split(/\s+/)
  const has = (text: string) => wanted.filter((word) => text.toLowerCase().includes(word)).length
  return sections
    .filter(({ page, heading, text }) => has(`${page} ${heading} ${text}`) === wanted.length)
    .map((section) => ({ section, rank: 2 * has(section.heading) + has(section.page) }))
    .toSorted((one, other) => other.rank - one.rank)
    .map(({ section }) => section)
}

/** From the heading or the named place with this anchor to the next heading of its level or above. */
export function sectionOf(text: string, anchor: string): string | undefined {
  const lines = text.split('\n')
  const prose = withoutCode(lines)
  const start = prose.findIndex((line) => anchorOf(line) === anchor.toLowerCase())
  if (start === -1) return rowOf(lines, anchor)
  const level = /^#+/.exec(lines[start]!)![0].length
  const length = prose.slice(start + 1).findIndex((line) => (/^#+(?= )/.exec(line)?.[0].length ?? 9) <= level)
  return lines.slice(start, length === -1 ? undefined : start + 1 + length).join('\n')
}

/** The same lines, with empty ones for blocks of code: a comment of a shell looks like a heading. */
function withoutCode(lines: readonly string[]): readonly string[] {
  let isCode = false
  return lines.map((line) => {
    const isFence = /^[ \t]*```/.test(line)
    if (isFence) isCode = !isCode
    return isFence || isCode ? '' : line
  })
}

const anchorOf = (line: string): string | undefined =>
  /^#{1,6} (.+)$/
    .exec(line)?.[1]
    ?.toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Mark}\p{Number}\p{Connector_Punctuation} -]/gu, '')
    .replaceAll(' ', '-')

/** The row of a table that an anchor stands in, under the head of the table. */
function rowOf(lines: readonly string[], anchor: string): string | undefined {
  const at = lines.findIndex((line) => line.startsWith('|') && line.includes(`<a id="${anchor}"></a>`))
  if (at === -1) return undefined
  const head = lines.findLastIndex((line, index) => index < at && /^\|[-:|]+\|$/.test(line))
  return [lines[head - 1], lines[head], lines[at]].join('\n')
}
