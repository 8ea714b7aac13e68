import { compareDigits, compareText, endOfRun, isDigit } from './compare-versions.ts'

/** A number, a qualifier, or what follows a hyphen. */
type Item = { readonly digits: string } | { readonly word: string } | readonly Item[]

const qualifiers = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp']
const aliases: Readonly<Record<string, string>> = { ga: '', final: '', release: '', cr: 'rc' }
const abbreviations: Readonly<Record<string, string>> = { a: 'alpha', b: 'beta', m: 'milestone' }

/** Versions of Maven artifacts, by the order of `ComparableVersion` (Maven, POM reference, "Version Order Specification"). */
export function compareMavenVersions(left: string, right: string): number | undefined {
  if (left.trim() === '' || right.trim() === '' || left.length > 256 || right.length > 256) return undefined
  return compareItems(parse(left), parse(right))
}

function parse(written: string): readonly Item[] {
  const text = written.trim().toLowerCase()
  const root: Item[] = []
  const opened = [root]
  let list = root
  const open = () => {
    const inner: Item[] = []
    list.push(inner)
    opened.push(inner)
    list = inner
  }
  let at = 0
  while (at < text.length) {
    const character = text[at] as string
    if (character === '.' || character === '-') {
      // Nothing between two separators counts as a zero.
      if (at === 0 || text[at - 1] === '.' || text[at - 1] === '-') list.push({ digits: '0' })
      if (character === '-') open()
      at += 1
      continue
    }
    const isNumber = isDigit(character)
    const stop = endOfRun(text, at, (other) => other !== '.' && other !== '-' && isDigit(other) === isNumber)
    const part = text.slice(at, stop)
    const followedByDigit = isDigit(text[stop])
    if (isNumber) {
      list.push({ digits: part })
      if (stop < text.length && text[stop] !== '.' && text[stop] !== '-') open()
    } else {
      list.push({ word: qualifierOf(part, followedByDigit) })
      if (followedByDigit) open()
    }
    at = stop
  }
  for (const each of opened.toReversed()) normalise(each)
  return root
}

function qualifierOf(word: string, followedByDigit: boolean): string {
  const long = followedByDigit ? (abbreviations[word] ?? word) : word
  return aliases[long] ?? long
}

/** Trailing nulls go, also before a list: 1.0.0-rc is 1-rc. */
function normalise(list: Item[]): void {
  for (let index = list.length - 1; index >= 0; index -= 1) {
    const item = list[index] as Item
    if (isNull(item)) list.splice(index, 1)
    else if (!Array.isArray(item)) break
  }
}

function isNull(item: Item): boolean {
  if (isList(item)) return item.length === 0
  return 'digits' in item ? /^0*$/.test(item.digits) : item.word === ''
}

const isList = (item: Item): item is readonly Item[] => Array.isArray(item)

function compareItems(left: readonly Item[], right: readonly Item[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const order = compareItem(left[index], right[index])
    if (order !== 0) return order
  }
  return 0
}

function compareItem(left: Item | undefined, right: Item | undefined): number {
  if (left === undefined) return right === undefined ? 0 : -compareWithNothing(right)
  if (right === undefined) return compareWithNothing(left)
  if (isList(left)) {
    if (isList(right)) return compareItems(left, right)
    return 'digits' in right ? -1 : 1
  }
  if (isList(right)) return 'digits' in left ? 1 : -1
  if ('digits' in left) return 'digits' in right ? compareDigits(left.digits, right.digits) : 1
  return 'digits' in right ? -1 : compareQualifiers(left.word, right.word)
}

function compareWithNothing(item: Item): number {
  if (isList(item)) {
    for (const each of item) {
      const order = compareWithNothing(each)
      if (order !== 0) return order
    }
    return 0
  }
  if ('digits' in item) return isNull(item) ? 0 : 1
  return compareQualifiers(item.word, '')
}

function compareQualifiers(left: string, right: string): number {
  const a = qualifiers.indexOf(left)
  const b = qualifiers.indexOf(right)
  if (a < 0 && b < 0) return compareText(left, right)
  // Words that Maven does not know come after all that it knows.
  return (a < 0 ? qualifiers.length : a) - (b < 0 ? qualifiers.length : b)
}
