import { compareDigits, compareText, endOfRun, isDigit, isLetter } from './compare-versions.ts'

/** `[epoch:]version[-release]` as rpm orders it: rpm-version(7). A version without a release is equal to one with any. */
export function compareRpmVersions(left: string, right: string): number | undefined {
  const a = parse(left)
  const b = parse(right)
  if (a === undefined || b === undefined) return undefined
  const order = compareDigits(a.epoch, b.epoch) || compareRpmText(a.version, b.version)
  if (order !== 0) return order
  return a.release === '' || b.release === '' ? 0 : compareRpmText(a.release, b.release)
}

interface RpmVersion {
  readonly epoch: string
  readonly version: string
  readonly release: string
}

function parse(written: string): RpmVersion | undefined {
  const text = written.trim()
  if (text === '') return undefined
  const colon = text.indexOf(':')
  const epochText = colon < 0 ? '0' : text.slice(0, colon)
  const epoch = epochText === '' || endOfRun(epochText, 0, isDigit) !== epochText.length ? '0' : epochText
  const rest = text.slice(colon + 1)
  const hyphen = rest.indexOf('-')
  return hyphen < 0
    ? { epoch, version: rest, release: '' }
    : { epoch, version: rest.slice(0, hyphen), release: rest.slice(hyphen + 1) }
}

const isPart = (character: string) =>
  isDigit(character) || isLetter(character) || character === '~' || character === '^'

/** One version or release: segments of digits or letters; `~` sorts before the end, `^` after it but before more. */
export function compareRpmText(left: string, right: string): number {
  if (left === right) return 0
  let i = 0
  let j = 0
  for (;;) {
    i = endOfRun(left, i, (character) => !isPart(character))
    j = endOfRun(right, j, (character) => !isPart(character))
    const sign = compareSigns(left[i], right[j])
    if (sign !== undefined) {
      if (sign !== 0) return sign
      i += 1
      j += 1
      continue
    }
    if (i >= left.length || j >= right.length) break
    const belongs = isDigit(left[i]) ? isDigit : isLetter
    const leftEnd = endOfRun(left, i, belongs)
    const rightEnd = endOfRun(right, j, belongs)
    // Digits are newer than letters.
    if (rightEnd === j) return belongs === isDigit ? 1 : -1
    const segment = [left.slice(i, leftEnd), right.slice(j, rightEnd)] as const
    const order = belongs === isDigit ? compareDigits(...segment) : compareText(...segment)
    if (order !== 0) return order
    i = leftEnd
    j = rightEnd
  }
  return Number(i < left.length) - Number(j < right.length)
}

/** The order that a tilde or a caret decides; undefined when neither stands here. */
function compareSigns(left: string | undefined, right: string | undefined): number | undefined {
  if (left === '~' || right === '~') return Number(right === '~') - Number(left === '~')
  if (left !== '^' && right !== '^') return undefined
  if (left === right) return 0
  if (left === undefined) return -1
  if (right === undefined) return 1
  return left === '^' ? -1 : 1
}
