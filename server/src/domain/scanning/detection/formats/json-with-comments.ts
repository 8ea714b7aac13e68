/** JSON without its comments, and without commas before an end: `bun.lock`. */
export function withoutComments(text: string): string {
  const kept: string[] = []
  let start = 0
  for (let at = 0; at < text.length;) {
    const character = text[at]!
    if (character === '"') at = endOfString(text, at)
    else if (character === '/' && (text[at + 1] === '/' || text[at + 1] === '*')) {
      kept.push(text.slice(start, at))
      const isLine = text[at + 1] === '/'
      const end = text.indexOf(isLine ? '\n' : '*/', at + 2)
      at = end === -1 ? text.length : end + (isLine ? 0 : 2)
      start = at
    } else if (character === ',' && isBeforeEnd(text, at + 1)) {
      kept.push(text.slice(start, at))
      start = ++at
    } else at++
  }
  kept.push(text.slice(start))
  return kept.join('')
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
  }
  return text.length
}

/** Only a little is looked at, so that a text of commas and spaces takes no time in its square. */
function isBeforeEnd(text: string, start: number): boolean {
  for (let at = start; at < Math.min(text.length, start + 1_000); at++) {
    if (!' \t\r\n'.includes(text[at]!)) return text[at] === '}' || text[at] === ']'
  }
  return false
}
