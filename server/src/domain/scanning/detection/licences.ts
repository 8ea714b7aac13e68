const maxLicences = 50
const maxBytes = 200
/** An expression that was left out would be a licence that nobody sees. */
const maxExpressionBytes = 2_000

/**
 * Licences out of what a package says of itself. A text is kept whole when it is an expression of SPDX; else lists are taken
 * apart. Nothing is guessed: what is no identifier stays as it was written, without the text of a whole licence.
 */
export function licencesFrom(...written: readonly unknown[]): string[] {
  const found = new Set<string>()
  for (const each of written.flat()) {
    const text = textOfLicence(each).trim()
    if (text === '' || text === 'UNKNOWN' || text === 'UNLICENSED-UNKNOWN') continue
    const isWhole = text.length <= maxExpressionBytes && isExpression.test(text)
    for (const part of isWhole ? [text] : text.split(/[,;|\n]/)) {
      const name = part.trim()
      if (name !== '' && (isWhole || name.length <= maxBytes) && found.size < maxLicences) found.add(name)
    }
  }
  return [...found]
}

const isExpression = / (?:AND|OR|WITH) /

/** A string, or `{type}` and `{name}` of older files. */
function textOfLicence(written: unknown): string {
  if (typeof written === 'string') return written.slice(0, 10_000)
  if (typeof written !== 'object' || written === null) return ''
  const { type, name } = written as { type?: unknown; name?: unknown }
  return typeof type === 'string' ? type : typeof name === 'string' ? name : ''
}
