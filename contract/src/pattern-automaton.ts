/** A step of a pattern: what one character may be, or a star. */
export type Step =
  | { readonly kind: 'literal'; readonly character: string }
  /** `?`: any character but a slash. */
  | { readonly kind: 'any' }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] }
  /** `*`: any number of characters but slashes. `**`: slashes too. */
  | { readonly kind: 'star'; readonly slashes: boolean }
  /** `**` and its slash: any number of directories, none among them. */
  | { readonly kind: 'directories' }

export interface Automaton {
  readonly matches: (name: string) => boolean
  /** Looks at 32 positions for each character of a name. */
  readonly costPerCharacter: number
}

/** A set of positions in the pattern, a bit for each. */
type Bits = Int32Array

/** The sets that the automaton is made of. The alternatives stand behind each other, each with an end of its own. */
interface Program {
  readonly steps: readonly (Step | undefined)[]
  readonly starts: Bits
  readonly ends: Bits
  readonly stars: Bits
  readonly starsWithSlashes: Bits
  readonly directories: Bits
  /** A step that may match the empty text. */
  readonly skippable: Bits
  /** The steps that accept a character, by its code; remembered, since names have few different ones. */
  readonly accepting: Map<number, Bits>
}

const slash = '/'.charCodeAt(0)
const cachedCharacters = 80
/** Each word of the sets is looked at twice for a character. */
const looksPerWord = 2

/**
 * Follows all positions in the pattern at once, character by character and 32 positions to an operation: there is no
 * way back, so no pattern takes long.
 */
export function composeAutomaton(alternatives: readonly (readonly Step[])[]): Automaton {
  const program = compile(alternatives)
  return {
    matches: (name) => matches(program, name),
    costPerCharacter: program.starts.length * looksPerWord,
  }
}

function compile(alternatives: readonly (readonly Step[])[]): Program {
  const steps = alternatives.flatMap((alternative) => [...alternative, undefined])
  const having = (isWanted: (step: Step | undefined) => boolean): Bits =>
    bitsOf(steps.length, (position) => isWanted(steps[position]))
  const isBehindEnd = (position: number): boolean => position === 0 || steps[position - 1] === undefined
  return {
    steps,
    starts: bitsOf(steps.length, isBehindEnd),
    ends: having((step) => step === undefined),
    stars: having((step) => step?.kind === 'star'),
    starsWithSlashes: having((step) => step?.kind === 'star' && step.slashes),
    directories: having((step) => step?.kind === 'directories'),
    skippable: having((step) => step?.kind === 'star' || step?.kind === 'directories'),
    accepting: new Map(),
  }
}

function matches(program: Program, name: string): boolean {
  const { length } = program.starts
  const entered: Bits = new Int32Array(length)
  const next: Bits = new Int32Array(length)
  // Within a directory that `**` and its slash eats: those positions go on behind the slash only.
  const inside: Bits = new Int32Array(length)
  enter(program, program.starts, entered)
  for (let at = 0; at < name.length; at++) {
    if (!advance(program, name.charCodeAt(at), entered, inside, next)) return false
    enter(program, next, entered)
  }
  return entered.some((word, at) => (word & program.ends[at]!) !== 0)
}

/** Writes to `next` where one character leads from each position; false when it leads nowhere. */
function advance(program: Program, character: number, entered: Bits, inside: Bits, next: Bits): boolean {
  const { directories } = program
  const isSlash = character === slash
  const accepting = acceptingOf(program, character)
  const staying = isSlash ? program.starsWithSlashes : program.stars
  let carry = 0
  let alive = 0
  for (let at = 0; at < next.length; at++) {
    const here = entered[at]!
    const within = (here | inside[at]!) & directories[at]!
    const moving = (here & accepting[at]!) | (isSlash ? within : 0)
    const there = (moving << 1) | carry | (here & staying[at]!)
    carry = moving >>> 31
    inside[at] = within
    next[at] = there
    alive |= there | within
  }
  return alive !== 0
}

/**
 * Positions that may stand for nothing are entered together with what is behind them. No more than two stand in a row
 * (`**` with its slash, then a star), since stars of a kind are one.
 */
function enter({ skippable }: Program, reached: Bits, entered: Bits): void {
  let carry = 0
  for (let at = 0; at < entered.length; at++) {
    const mask = skippable[at]!
    let here = reached[at]! | carry
    here |= (here & mask) << 1
    here |= (here & mask) << 1
    carry = (here & mask) >>> 31
    entered[at] = here
  }
}

function acceptingOf({ steps, accepting }: Program, character: number): Bits {
  const known = accepting.get(character)
  if (known !== undefined) return known
  const text = String.fromCharCode(character)
  const bits = bitsOf(steps.length, (position) => accepts(steps[position], text))
  if (accepting.size >= cachedCharacters) accepting.clear()
  accepting.set(character, bits)
  return bits
}

/** Whether the step takes the character and goes on behind itself. A slash is taken by itself alone. */
function accepts(step: Step | undefined, character: string): boolean {
  if (step?.kind === 'literal') return step.character === character
  if (step === undefined || character === '/') return false
  if (step.kind !== 'class') return step.kind === 'any'
  return step.ranges.some(([low, high]) => low <= character && character <= high) !== step.negated
}

function bitsOf(length: number, isSet: (position: number) => boolean): Bits {
  const bits = new Int32Array(Math.ceil(length / 32))
  for (let position = 0; position < length; position++)
    if (isSet(position)) bits[position >>> 5]! |= 1 << (position & 31)
  return bits
}
