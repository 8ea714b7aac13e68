/** Flags of Go's expressions that JavaScript has, too: ignore case, `^` and `$` at lines, `.` for ends of lines. */
const leadingFlags = /^\(\?([ims]+)\)/

/**
 * A regular expression of a setting that comes from Harbor, which is Go's: flags may stand in front (`(?i)^team-`).
 * @throws SyntaxError it is none
 */
export function parseExpression(text: string): RegExp {
  const flags = new Set('u')
  let rest = text
  for (let found = leadingFlags.exec(rest); found !== null; found = leadingFlags.exec(rest)) {
    for (const flag of found[1] ?? '') flags.add(flag)
    rest = rest.slice(found[0].length)
  }
  return new RegExp(rest, [...flags].join(''))
}
