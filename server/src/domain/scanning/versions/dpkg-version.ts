import { compareDigits, endOfRun, isDigit, isLetter } from './compare-versions.ts'

/** Versions of Debian packages: deb-version(7). Anything is compared, as dpkg does with versions that are already installed. */
export function compareDpkgVersions(left: string, right: string): number | undefined {
  const a = parse(left)
  const b = parse(right)
  if (a === undefined || b === undefined) return undefined
  return compareDigits(a.epoch, b.epoch) || compareParts(a.upstream, b.upstream) || compareParts(a.revision, b.revision)
}

interface DpkgVersion {
  readonly epoch: string
  readonly upstream: string
  readonly revision: string
}

function parse(written: string): DpkgVersion | undefined {
  const text = written.trim()
  if (text === '') return undefined
  const colon = text.indexOf(':')
  const epoch = colon < 0 ? '0' : text.slice(0, colon)
  if (epoch === '' || endOfRun(epoch, 0, isDigit) !== epoch.length) return undefined
  const rest = text.slice(colon + 1)
  const hyphen = rest.lastIndexOf('-')
  // A missing revision is equal to "0".
  return hyphen < 0
    ? { epoch, upstream: rest, revision: '0' }
    : { epoch, upstream: rest.slice(0, hyphen), revision: rest.slice(hyphen + 1) }
}

/** Runs of other characters and runs of digits in turn, as deb-version(7) describes. */
function compareParts(left: string, right: string): number {
  let i = 0
  let j = 0
  while (i < left.length || j < right.length) {
    while ((i < left.length && !isDigit(left[i])) || (j < right.length && !isDigit(right[j]))) {
      const order = weight(left[i]) - weight(right[j])
      if (order !== 0) return order
      i += 1
      j += 1
    }
    const leftEnd = endOfRun(left, i, isDigit)
    const rightEnd = endOfRun(right, j, isDigit)
    const order = compareDigits(left.slice(i, leftEnd), right.slice(j, rightEnd))
    if (order !== 0) return order
    i = leftEnd
    j = rightEnd
  }
  return 0
}

/** A tilde comes before the end, the end before letters, letters before everything else. A digit counts as the end. */
function weight(character: string | undefined): number {
  if (character === undefined || isDigit(character)) return 0
  if (character === '~') return -1
  if (isLetter(character)) return character.charCodeAt(0)
  return character.charCodeAt(0) + 256
}
