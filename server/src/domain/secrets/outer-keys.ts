import { createHash, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { EnvelopeRefused, openText, sealText, type NamedKey, type SecretPlace } from './envelope.ts'

/** The key that lies outside of the database, with those that it replaces: the first one seals, all of them open. */
export type OuterKeys = readonly NamedKey[]

const keyBytes = 32
const maxKeys = 16

/** A new outer key, as it is written into a file or a vault. */
export const newOuterKey = (): string => randomBytes(keyBytes).toString('base64')

/**
 * Keys of 256 bits in base64 or hexadecimal, one a line, the newest first. Empty lines and lines with `#` say nothing.
 * @throws OuterKeyMalformed, which never repeats what it was given
 */
export function parseOuterKeys(text: string): OuterKeys {
  const words = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .flatMap((line) => line.split(/[\s,]+/))
    .filter((word) => word !== '')
  if (words.length === 0) throw new OuterKeyMalformed('there is no key in it')
  if (words.length > maxKeys) throw new OuterKeyMalformed(`there are more than ${maxKeys} keys in it`)
  return words.map((word, at) => {
    const bytes = Buffer.from(word, /^[0-9a-fA-F]{64}$/.test(word) ? 'hex' : 'base64')
    if (bytes.length !== keyBytes || !/^([0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=?)$/.test(word))
      throw new OuterKeyMalformed(`key ${at + 1} is not 32 bytes in base64 or hexadecimal`)
    return named(bytes)
  })
}

export class OuterKeyMalformed extends Error {
  override readonly name = 'OuterKeyMalformed'
}

/** The id tells keys apart without telling them: a hash of 256 random bits cannot be turned round. */
function named(bytes: Buffer): NamedKey {
  const id = createHash('sha256').update('berth outer key').update(bytes).digest('hex').slice(0, 16)
  return { id, key: createSecretKey(bytes) }
}

const placeOfDataKey = (id: string): SecretPlace => ({ table: 'secret_key', column: 'wrapped', row: id })

/** A new key of the database, for values, and the form in which it is stored. */
export function newDataKey(outer: NamedKey): { readonly key: NamedKey; readonly wrapped: string } {
  const id = randomBytes(8).toString('hex')
  const bytes = randomBytes(keyBytes)
  return { key: { id, key: createSecretKey(bytes) }, wrapped: sealText(outer, placeOfDataKey(id), bytes) }
}

/** The key of the database in that row; undefined when no outer key here opens it. */
export function unwrapDataKey(
  outer: OuterKeys,
  row: { readonly id: string; readonly wrapped: string; readonly outer_key_id: string },
): NamedKey | undefined {
  const holder = outer.find(({ id }) => id === row.outer_key_id)
  if (holder === undefined) return undefined
  try {
    return { id: row.id, key: createSecretKey(openText(holder, placeOfDataKey(row.id), row.wrapped)) }
  } catch (error) {
    if (error instanceof EnvelopeRefused) return undefined
    throw error
  }
}

export function wrapDataKey(outer: NamedKey, { id, key }: { readonly id: string; readonly key: KeyObject }): string {
  return sealText(outer, placeOfDataKey(id), key.export())
}
