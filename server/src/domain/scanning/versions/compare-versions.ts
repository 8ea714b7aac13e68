/** Order of two versions of one ecosystem: negative, 0 or positive. Undefined when one of them is no version there. */
export type CompareVersions = (left: string, right: string) => number | undefined

/** Decimal digits of any length, compared by value. */
export function compareDigits(left: string, right: string): number {
  const a = withoutLeadingZeros(left)
  const b = withoutLeadingZeros(right)
  if (a.length !== b.length) return a.length - b.length
  return compareText(a, b)
}

export function compareText(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}

function withoutLeadingZeros(digits: string): string {
  let start = 0
  while (start < digits.length && digits[start] === '0') start += 1
  return digits.slice(start)
}

export const isDigit = (character: string | undefined): boolean =>
  character !== undefined && character >= '0' && character <= '9'

export const isLetter = (character: string | undefined): boolean =>
  character !== undefined && ((character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z'))

/** The end of the run that begins at `start` and whose characters all satisfy `belongs`. */
export function endOfRun(text: string, start: number, belongs: (character: string) => boolean): number {
  let end = start
  while (end < text.length && belongs(text[end] as string)) end += 1
  return end
}
