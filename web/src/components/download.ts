/** A field of CSV. What somebody named their repository or package must not become a formula in a spreadsheet. */
export function csvField(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** CSV as spreadsheets read it: UTF-8 only where a mark says so. */
export const csvBlob = (parts: readonly string[]): Blob =>
  new Blob(['\uFEFF', ...parts], { type: 'text/csv;charset=utf-8' })

/** Gives the file to the person who asked for it. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // Not at once: the browser has still to read it.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
