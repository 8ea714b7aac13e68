import { compareDigits, compareText, endOfRun, isDigit } from './compare-versions.ts'

// Bills of materials write the standard library of Go as the tool names itself: go1.16.9.
const pattern = /^(?:v|go)?(\d+(?:\.\d+)*)(?:-?([0-9A-Za-z~][0-9A-Za-z.~-]*))?(?:\+[0-9A-Za-z.~+-]*)?$/

/**
 * Numbers between dots, as many as there are, and the pre-release of Semantic Versioning 2.0.0 §11: Go, Rust, PHP, .NET, Dart,
 * Swift, Elixir. What is missing counts as zero.
 */
export function compareGenericVersions(left: string, right: string): number | undefined {
  const a = parse(left)
  const b = parse(right)
  if (a === undefined || b === undefined) return undefined
  for (let index = 0; index < Math.max(a.numbers.length, b.numbers.length); index += 1) {
    const order = compareDigits(a.numbers[index] ?? '0', b.numbers[index] ?? '0')
    if (order !== 0) return order
  }
  if (a.before === '' || b.before === '') return Number(a.before === '') - Number(b.before === '')
  return compareIdentifiers(a.before.split('.'), b.before.split('.'))
}

function parse(written: string): { readonly numbers: readonly string[]; readonly before: string } | undefined {
  const text = written.trim()
  if (text.length > 256) return undefined
  const match = pattern.exec(text)
  if (match?.[1] === undefined) return undefined
  return { numbers: match[1].split('.'), before: match[2] ?? '' }
}

function compareIdentifiers(left: readonly string[], right: readonly string[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const a = left[index]
    const b = right[index]
    if (a === undefined || b === undefined) return Number(b === undefined) - Number(a === undefined)
    const order = compareIdentifier(a, b)
    if (order !== 0) return order
  }
  return 0
}

function compareIdentifier(left: string, right: string): number {
  const leftIsNumber = isNumber(left)
  const rightIsNumber = isNumber(right)
  if (leftIsNumber && rightIsNumber) return compareDigits(left, right)
  if (leftIsNumber !== rightIsNumber) return leftIsNumber ? -1 : 1
  return compareText(left, right)
}

const isNumber = (text: string) => text !== '' && endOfRun(text, 0, isDigit) === text.length
