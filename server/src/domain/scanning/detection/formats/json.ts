import { type FileContent, textOf } from '../file-content.ts'
import { tooLarge } from '../verdict.ts'

/** Commas and brackets: about as many values as a text can have. */
const maxValues = 3_000_000

/**
 * JSON as package managers read it: with a byte order mark, and with the last of two equal keys. It is parsed in a thread with
 * a deadline, within a budget of bytes and values. @throws Unreadable, SyntaxError, RangeError
 */
export const jsonOf = (content: FileContent, maxBytes: number): unknown => jsonTextOf(textOf(content, maxBytes))

/** The same of a text within its budget of bytes. */
export function jsonTextOf(text: string): unknown {
  let values = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if ((code === 0x2c || code === 0x5b || code === 0x7b) && ++values > maxValues)
      throw tooLarge('it has too many values')
  }
  return JSON.parse(text)
}

export type Table = Readonly<Record<string, unknown>>

export const isTable = (value: unknown): value is Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const tableAt = (value: unknown, key: string): Table => {
  const inner = isTable(value) ? value[key] : undefined
  return isTable(inner) ? inner : {}
}

export const listAt = (value: unknown, key: string): readonly unknown[] => {
  const inner = isTable(value) ? value[key] : undefined
  return Array.isArray(inner) ? inner : []
}

/** `''` where there is no string. */
export const stringAt = (value: unknown, key: string): string => {
  const inner = isTable(value) ? value[key] : undefined
  return typeof inner === 'string' ? inner : ''
}
