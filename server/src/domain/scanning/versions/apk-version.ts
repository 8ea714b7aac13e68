import { compareDigits, compareText, endOfRun, isDigit } from './compare-versions.ts'

/** Parts of a version in the order in which they may follow each other; a later one found earlier makes a version smaller. */
const rank = { digits: 1, letter: 2, suffix: 3, suffixNumber: 4, commit: 5, revision: 6, end: 7 }
type Kind = keyof typeof rank

interface Part {
  readonly kind: Kind
  readonly text: string
}

const suffixesBefore = ['alpha', 'beta', 'pre', 'rc']
const suffixesAfter = ['cvs', 'svn', 'git', 'hg', 'p']
const end: Part = { kind: 'end', text: '' }

/** Versions of Alpine packages, as `apk version -t` orders them: `1.2.3b_rc1-r4`. */
export function compareApkVersions(left: string, right: string): number | undefined {
  const a = parse(left)
  const b = parse(right)
  if (a === undefined || b === undefined) return undefined
  for (let index = 0; ; index += 1) {
    const one = a[index] ?? end
    const other = b[index] ?? end
    if (one.kind === 'end' && other.kind === 'end') return 0
    const order = one.kind === other.kind ? compareParts(one, other, index === 0) : compareKinds(one, other)
    if (order !== 0) return order
  }
}

function compareParts(left: Part, right: Part, isFirst: boolean): number {
  switch (left.kind) {
    case 'suffix':
      return suffixOrder(left.text) - suffixOrder(right.text)
    case 'letter':
    case 'commit':
      return compareText(left.text, right.text)
    default:
      // Behind the first dot a leading zero makes a fraction: 1.05 is before 1.1.
      if (!isFirst && left.kind === 'digits' && (left.text.startsWith('0') || right.text.startsWith('0'))) {
        return compareText(left.text, right.text)
      }
      return compareDigits(left.text, right.text)
  }
}

/** The longer version is newer, unless what it has more announces a release that has not come yet. */
function compareKinds(left: Part, right: Part): number {
  if (left.kind === 'suffix' && suffixOrder(left.text) < 0) return -1
  if (right.kind === 'suffix' && suffixOrder(right.text) < 0) return 1
  return rank[right.kind] - rank[left.kind]
}

function suffixOrder(suffix: string): number {
  const before = suffixesBefore.indexOf(suffix)
  return before >= 0 ? before - suffixesBefore.length : suffixesAfter.indexOf(suffix)
}

const pattern = /^\d+(?:\.\d+)*[a-z]?(?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*(?:~[0-9a-f]+)?(?:-r\d+)?$/

function parse(written: string): readonly Part[] | undefined {
  const text = written.trim()
  if (text.length > 256 || !pattern.test(text)) return undefined
  const parts: Part[] = []
  let at = 0
  const takeDigits = (kind: Kind, from: number) => {
    at = endOfRun(text, from, isDigit)
    if (at > from) parts.push({ kind, text: text.slice(from, at) })
  }
  takeDigits('digits', 0)
  while (at < text.length) {
    const character = text[at] as string
    if (character === '.') takeDigits('digits', at + 1)
    else if (character === '_') {
      const suffixEnd = endOfRun(text, at + 1, (other) => other >= 'a' && other <= 'z')
      parts.push({ kind: 'suffix', text: text.slice(at + 1, suffixEnd) })
      takeDigits('suffixNumber', suffixEnd)
    } else if (character === '~') {
      const commitEnd = endOfRun(text, at + 1, (other) => other !== '-')
      parts.push({ kind: 'commit', text: text.slice(at + 1, commitEnd) })
      at = commitEnd
    } else if (character === '-') takeDigits('revision', at + 2)
    else {
      parts.push({ kind: 'letter', text: character })
      at += 1
    }
  }
  return parts
}
