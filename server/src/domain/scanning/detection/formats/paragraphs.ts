const maxFieldBytes = 64 * 1024

/**
 * Paragraphs of `Field: value` lines, as dpkg, RFC 822 and METADATA have them: names in small letters, a line that begins
 * with a space goes on with the value before it. Of a field that stands twice the first counts.
 */
export function* paragraphsOf(text: string): Generator<ReadonlyMap<string, string>, void> {
  let fields = new Map<string, string>()
  let last = ''
  for (const raw of linesOf(text)) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    if (line === '') {
      if (fields.size > 0) yield fields
      fields = new Map()
      last = ''
    } else if (line[0] === ' ' || line[0] === '\t') {
      const known = fields.get(last)
      if (known !== undefined && known.length < maxFieldBytes) fields.set(last, `${known}\n${line.trim()}`)
    } else {
      const colon = line.indexOf(':')
      last = colon === -1 ? '' : line.slice(0, colon).toLowerCase()
      if (last === '') continue
      const value = line.slice(colon + 1).trim()
      if (!fields.has(last)) fields.set(last, value)
      else last = ''
    }
  }
  if (fields.size > 0) yield fields
}

/** Lines one by one: a text of a hundred megabytes is not split at once. */
export function* linesOf(text: string): Generator<string, void> {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start)
    yield end === -1 ? text.slice(start) : text.slice(start, end)
    start = end === -1 ? text.length : end + 1
  }
}
