/** A record of RFC 4180; lines end as Harbor's do. */
export const csvLine = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\n`

/** Beginnings that spreadsheets take for a formula. */
const formula = /^[=+\-@\t\r\n]/
/** A scoped package of npm: no formula of any spreadsheet looks like one, and a changed name would be another package. */
const scopedPackage = /^@[a-z0-9~-][\w.~-]*\/[\w.~-]+$/i

/** What a spreadsheet would compute begins with an apostrophe, which it shows as text. */
function csvCell(text: string): string {
  const safe = formula.test(text) && !scopedPackage.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
