import { ContractError } from './contract-error.ts'

/** A step of a pattern: what one character may be, or a star. */
type Step =
  | { readonly kind: 'literal'; readonly character: string }
  /** `?`: any character but a slash. */
  | { readonly kind: 'any' }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] }
  /** `*`: any number of characters but slashes. `**`: slashes too. */
  | { readonly kind: 'star'; readonly slashes: boolean }
  /** `**` and its slash: any number of directories, none among them. */
  | { readonly kind: 'directories' }

/** Decides whether a name matches. */
export interface Matcher {
  (name: string): boolean
  /** What a character of a name costs, at the most. */
  readonly steps: number
}

const longestPattern = 1_024
const mostAlternatives = 256
/** Of all alternatives together. */
const mostSteps = 2_048

/**
 * The patterns of Harbor's rules (github.com/bmatcuk/doublestar): `*`, `**`, `?`, `[a-z]`, `[^a]`, `{a,b}`, `\`. `**`
 * counts as such between slashes and ends of the pattern; elsewhere it is `*`. Matching takes time in proportion to the
 * length of the pattern times that of the name, whatever they are.
 * @throws ContractError PATTERN_INVALID
 */
export function parseDoublestar(pattern: string): Matcher {
  if (pattern.length > longestPattern) throw badPattern(pattern, `it has more than ${longestPattern} characters`)
  const alternatives = expandBraces(pattern).map((alternative) => parseSteps(alternative, pattern))
  const program = compile(alternatives)
  const steps = program.codes.length
  if (steps > mostSteps) throw badPattern(pattern, `its alternatives have more than ${mostSteps} characters together`)
  return Object.assign((name: string) => matches(program, name), { steps })
}

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
      if (expanded.length > mostAlternatives)
        throw badPattern(pattern, `it has more than ${mostAlternatives} alternatives`)
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

/** A pattern with its alternatives behind each other, each with an end of its own, as arrays that a loop runs over. */
interface Program {
  readonly starts: readonly number[]
  readonly codes: Uint8Array
  /** Of literals: the character. */
  readonly characters: Uint16Array
  readonly steps: readonly (Step | undefined)[]
}

const code = { end: 0, literal: 1, any: 2, class: 3, star: 4, starWithSlashes: 5, directories: 6 } as const
const slash = '/'.charCodeAt(0)

function compile(alternatives: readonly (readonly Step[])[]): Program {
  const steps = alternatives.flatMap((alternative) => [...alternative, undefined])
  let start = 0
  const starts = alternatives.map(({ length }) => (start += length + 1) - length - 1)
  return {
    starts,
    steps,
    codes: Uint8Array.from(steps, (step) => {
      if (step === undefined) return code.end
      return step.kind === 'star' && step.slashes ? code.starWithSlashes : code[step.kind]
    }),
    characters: Uint16Array.from(steps, (step) => (step?.kind === 'literal' ? step.character.charCodeAt(0) : 0)),
  }
}

/** At the position; it may go on from here without a character where the step allows that. */
const entered = 1
/** Within a directory that `**` and its slash eats: it goes on behind the slash only. */
const inside = 2

/** All positions in the pattern at once, character by character: no way back, so no pattern takes long. */
function matches({ starts, codes, characters, steps }: Program, name: string): boolean {
  const { length } = codes
  let positions = new Uint8Array(length + 1)
  let next = new Uint8Array(length + 1)
  for (const start of starts) positions[start] = entered
  skipStars(codes, positions)
  for (let at = 0; at < name.length; at++) {
    const character = name.charCodeAt(at)
    let isAlive = false
    next.fill(0)
    for (let position = 0; position < length; position++) {
      if (positions[position] === 0) continue
      const step = codes[position]
      if (step === code.star || step === code.starWithSlashes) {
        if (character === slash && step === code.star) continue
        next[position]! |= entered
      } else if (step === code.directories) {
        next[position]! |= inside
        if (character === slash) next[position + 1]! |= entered
      } else if (
        step === code.literal
          ? characters[position] === character
          : step !== code.end && accepts(steps[position]!, name[at]!)
      ) {
        next[position + 1]! |= entered
      } else continue
      isAlive = true
    }
    if (!isAlive) return false
    ;[positions, next] = [next, positions]
    skipStars(codes, positions)
  }
  for (let position = 0; position < length; position++)
    if (codes[position] === code.end && (positions[position]! & entered) !== 0) return true
  return false
}

/** What is entered at a star is entered behind it too: it may stand for nothing. */
function skipStars(codes: Uint8Array, positions: Uint8Array): void {
  for (let position = 0; position < codes.length; position++)
    if ((positions[position]! & entered) !== 0 && codes[position]! >= code.star) positions[position + 1]! |= entered
}

/** Of a step that stands for one character. */
function accepts(step: Step, character: string): boolean {
  if (character === '/') return false
  if (step.kind !== 'class') return step.kind === 'any'
  return step.ranges.some(([low, high]) => low <= character && character <= high) !== step.negated
}

function badPattern(pattern: string, why: string): ContractError {
  return new ContractError('PATTERN_INVALID', `${pattern.slice(0, 100)} is no pattern: ${why}`)
}
