/**
 * A look at JSON text before it is parsed, in one linear pass without recursion: what JSON.parse would accept in
 * silence (keys twice, of which parsers keep different ones; half a surrogate pair) or pay dearly for (depth,
 * number of values). It does not judge the grammar: that is JSON.parse's part, on text that is then known to be tame.
 */
export interface JsonLimits {
  readonly maxDepth: number
  /** Objects, arrays, strings (keys too) and other values, all counted together. */
  readonly maxValues: number
  readonly allowsNul?: true
}

const quote = 0x22
const comma = 0x2c
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const letterU = 0x75
const openBrace = 0x7b
const closeBrace = 0x7d

/** Why the text is refused, as the end of a sentence about it; undefined when there is nothing to say against it. */
export function whyRefused(text: string, { maxDepth, maxValues, allowsNul }: JsonLimits): string | undefined {
  // The keys met so far in each open object; undefined for an array.
  const open: (Set<string> | undefined)[] = []
  let keys: Set<string> | undefined
  let keyNext = false
  let values = 0
  const readString = stringReader(text, allowsNul === true)
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case quote: {
        const string = readString(at)
        if (typeof string === 'string') return string
        if (keys !== undefined && keyNext) {
          const key = string.escaped ? unescaped(text.slice(at, string.end + 1)) : text.slice(at + 1, string.end)
          if (key === undefined) return 'is not JSON'
          if (keys.has(key)) return 'has an object with the same key twice'
          keys.add(key)
          keyNext = false
        }
        at = string.end
        values += 1
        break
      }
      case openBrace:
      case openBracket: {
        const isObject = text.charCodeAt(at) === openBrace
        keys = isObject ? new Set() : undefined
        keyNext = isObject
        open.push(keys)
        values += 1
        if (open.length > maxDepth) return `is nested more than ${maxDepth} deep`
        break
      }
      case closeBrace:
      case closeBracket:
        open.pop()
        keys = open.at(-1)
        keyNext = false
        break
      case comma:
        keyNext = keys !== undefined
        values += 1
        break
    }
    if (values > maxValues) return `has more than ${maxValues} values`
  }
  return undefined
}

type StringReader = (start: number) => { end: number; escaped: boolean } | string

/**
 * Finds where the string that begins at `start` ends, or why it is refused; to be asked from left to right. Nearly
 * all strings have no escape, and native searches are all the work then: the text is looked at once for the next
 * backslash, however many strings come before it.
 */
function stringReader(text: string, allowsNul: boolean): StringReader {
  let nextBackslash = text.indexOf('\\')
  return (start) => {
    const firstQuote = text.indexOf('"', start + 1)
    if (firstQuote < 0) return 'is not JSON'
    if (nextBackslash >= 0 && nextBackslash < start) nextBackslash = text.indexOf('\\', start)
    if (nextBackslash < 0 || nextBackslash > firstQuote) return { end: firstQuote, escaped: false }
    return readEscapedString(text, nextBackslash, allowsNul)
  }
}

/** `at` is the first backslash of the string. */
function readEscapedString(text: string, at: number, allowsNul: boolean): { end: number; escaped: boolean } | string {
  let highSurrogate = false
  for (; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit === backslash && text.charCodeAt(at + 1) === letterU) {
      if (!allowsNul && text.startsWith('0000', at + 2)) return 'has the character NUL in a string'
      const half = surrogateHalf(text, at + 2)
      if ((half === 'low') !== highSurrogate) return 'has half a surrogate pair in a string'
      highSurrogate = half === 'high'
      at += 5
      continue
    }
    if (highSurrogate) return 'has half a surrogate pair in a string'
    if (unit === backslash) at += 1
    else if (unit === quote) return { end: at, escaped: true }
  }
  return 'is not JSON'
}

/** Which half of a surrogate pair the four hex digits at `at` are: D800 to DBFF, DC00 to DFFF, or neither. */
function surrogateHalf(text: string, at: number): 'high' | 'low' | undefined {
  const first = text.charCodeAt(at)
  if (first !== 0x64 && first !== 0x44) return undefined
  const second = Number.parseInt(text.charAt(at + 1), 16)
  return second >= 0xc ? 'low' : second >= 0x8 ? 'high' : undefined
}

function unescaped(literal: string): string | undefined {
  try {
    return JSON.parse(literal) as string
  } catch {
    return undefined
  }
}
