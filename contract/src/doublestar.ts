import { ContractError } from './contract-error.ts'
import { composeAutomaton, type Step } from './pattern-automaton.ts'

/** Decides whether a name matches. */
export interface Matcher {
  (name: string): boolean
  /** Characters of the pattern, alternatives spelt out and ranges counted: what rules are limited by. */
  readonly steps: number
  /** The cost of one character of a name. Times the length of the name, it is the price that a budget pays. */
  readonly costPerCharacter: number
  /** For each alternative the characters that every name has which it matches. */
  readonly literals: readonly string[]
}

const maxPatternLength = 1_024
const maxAlternatives = 256
/** Of all alternatives together. */
const maxSteps = 2_048

/**
 * The patterns of Harbor's rules (github.com/bmatcuk/doublestar): `*`, `**`, `?`, `[a-z]`, `[^a]`, `{a,b}`, `\`. `**`
 * counts as such between slashes and ends of the pattern; elsewhere it is `*`. Matching takes time in proportion to the
 * length of the pattern times that of the name, whatever they are; parsing ends at the first step too many.
 * @throws ContractError PATTERN_INVALID
 */
export function parseDoublestar(pattern: string): Matcher {
  if (pattern.length > maxPatternLength) throw badPattern(pattern, `it has more than ${maxPatternLength} characters`)
  const alternatives: (readonly Step[])[] = []
  let steps = 0
  for (const alternative of expandBraces(pattern)) {
    const parsed = parseSteps(alternative, pattern)
    steps += costOfSteps(parsed)
    if (steps > maxSteps) throw badPattern(pattern, `its alternatives have more than ${maxSteps} characters together`)
    alternatives.push(parsed)
  }
  const { matches, costPerCharacter } = composeAutomaton(alternatives)
  return Object.assign(matches, { steps, costPerCharacter, literals: alternatives.map(literalsOf) })
}

const cachedMatchers = 1_000
const matchers = new Map<string, Matcher>()

/** As `parseDoublestar`, remembered: rules are asked about many names. @throws ContractError PATTERN_INVALID */
export function matcherOf(pattern: string): Matcher {
  const known = matchers.get(pattern)
  if (known !== undefined) {
    // Last in the map is the one that was asked for last.
    matchers.delete(pattern)
    matchers.set(pattern, known)
    return known
  }
  const matcher = parseDoublestar(pattern)
  const [oldest] = matchers.keys()
  if (matchers.size >= cachedMatchers && oldest !== undefined) matchers.delete(oldest)
  matchers.set(pattern, matcher)
  return matcher
}

/** One for each step and one for the end; a class costs as much as it has ranges. */
function costOfSteps(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => sum + (step.kind === 'class' ? step.ranges.length : 1), 1)
}

const literalsOf = (steps: readonly Step[]): string =>
  [...new Set(steps.map((step) => (step.kind === 'literal' ? step.character : '')))].join('')

/** `a{b,c}d` → `abd`, `acd`; bounded, since each pair of braces multiplies. */
function expandBraces(pattern: string): string[] {
  const open = findUnescaped(pattern, '{', 0)
  if (open < 0) return [pattern]
  const parts: string[] = []
  let depth = 0
  let start = open + 1
  for (let at = open; at < pattern.length; at++) {
    const character = pattern[at]
    if (character === '\\') at++
    else if (character === '{') depth++
    else if (character === '}' && --depth === 0) {
      parts.push(pattern.slice(start, at))
      const expanded = parts.flatMap((part) => expandBraces(pattern.slice(0, open) + part + pattern.slice(at + 1)))
      if (expanded.length > maxAlternatives)
        throw badPattern(pattern, `it has more than ${maxAlternatives} alternatives`)
      return expanded
    } else if (character === ',' && depth === 1) {
      parts.push(pattern.slice(start, at))
      start = at + 1
    }
  }
  throw badPattern(pattern, 'a { is not closed')
}

function findUnescaped(text: string, wanted: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === wanted) return at
  }
  return -1
}

function parseSteps(alternative: string, pattern: string): readonly Step[] {
  const steps: Step[] = []
  let at = 0
  while (at < alternative.length) {
    const character = alternative[at]!
    if (character === '*') {
      const doubled = alternative[at + 1] === '*'
      const end = doubled ? at + 2 : at + 1
      const alone = isBoundary(alternative[at - 1]) && isBoundary(alternative[end])
      const directories = doubled && alone && alternative[end] === '/'
      pushStar(steps, directories ? { kind: 'directories' } : { kind: 'star', slashes: doubled && alone })
      at = directories ? end + 1 : end
    } else if (character === '?') {
      steps.push({ kind: 'any' })
      at++
    } else if (character === '[') {
      const { step, end } = parseClass(alternative, at, pattern)
      steps.push(step)
      at = end
    } else {
      const escaped = character === '\\'
      const literal = escaped ? alternative[at + 1] : character
      if (literal === undefined) throw badPattern(pattern, 'it ends with \\')
      steps.push({ kind: 'literal', character: literal })
      at += escaped ? 2 : 1
    }
  }
  return steps
}

const isBoundary = (character: string | undefined): boolean => character === undefined || character === '/'

function parseClass(text: string, open: number, pattern: string): { step: Step; end: number } {
  let at = open + 1
  const negated = text[at] === '^' || text[at] === '!'
  if (negated) at++
  const ranges: [string, string][] = []
  while (at < text.length && (text[at] !== ']' || ranges.length === 0)) {
    const [low, afterLow] = classCharacter(text, at)
    at = afterLow
    let high = low
    if (text[at] === '-' && text[at + 1] !== undefined && text[at + 1] !== ']')
      [high, at] = classCharacter(text, at + 1)
    if (low === undefined || high === undefined || high < low) throw badPattern(pattern, 'a [ ] says no range')
    ranges.push([low, high])
  }
  if (text[at] !== ']') throw badPattern(pattern, 'a [ is not closed')
  return { step: { kind: 'class', negated, ranges }, end: at + 1 }
}

function classCharacter(text: string, at: number): [string | undefined, number] {
  return text[at] === '\\' ? [text[at + 1], at + 2] : [text[at], at + 1]
}

/** Stars in a row are one: so none of them costs more than one does. */
function pushStar(steps: Step[], star: Extract<Step, { kind: 'star' | 'directories' }>): void {
  const last = steps.at(-1)
  if (last?.kind !== star.kind) steps.push(star)
  else if (last.kind === 'star' && star.kind === 'star')
    steps[steps.length - 1] = { kind: 'star', slashes: last.slashes || star.slashes }
}

function badPattern(pattern: string, why: string): ContractError {
  return new ContractError('PATTERN_INVALID', `${pattern.slice(0, 100)} is no pattern: ${why}`)
}
