import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto'

/** Where a sealed value lies. It is bound to this place: copied into another row or column, it opens no more. */
export interface SecretPlace {
  readonly table: string
  readonly column: string
  /** The key of the row, and what tells several values of one column apart. */
  readonly row: string
}

/**
 * AES-256-GCM with a nonce of its own, as text: `sealed.v1.<id of the key>.<nonce, ciphertext and tag in base64url>`.
 * A random nonce of 96 bits may be used 2³² times with one key (NIST SP 800-38D §8.3); a registry has far fewer secrets.
 */
const form = /^sealed\.v1\.([0-9a-f]{16})\.([A-Za-z0-9_-]{38,})$/
const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

export interface NamedKey {
  readonly id: string
  readonly key: KeyObject
}

export function sealText({ id, key }: NamedKey, place: SecretPlace, text: string | Uint8Array): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(boundTo(id, place))
  const bytes = Buffer.concat([cipher.update(text), cipher.final()])
  return `sealed.v1.${id}.${Buffer.concat([nonce, bytes, cipher.getAuthTag()]).toString('base64url')}`
}

/** The id of the key that a text is sealed with; undefined for a text that is not sealed. */
export const keyIdOf = (text: string): string | undefined => form.exec(text)?.[1]

/** @throws EnvelopeRefused when it was changed, belongs to another place, or is of another key */
export function openText({ id, key }: NamedKey, place: SecretPlace, sealed: string): Buffer {
  const [, keyId, body = ''] = form.exec(sealed) ?? []
  if (keyId !== id) throw new EnvelopeRefused(`it is not sealed with the key ${id}`)
  const bytes = Buffer.from(body, 'base64url')
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(boundTo(id, place))
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()])
  } catch (cause) {
    throw new EnvelopeRefused('it was changed, or belongs to another place', { cause })
  }
}

/** JSON keeps the parts apart, whatever is in them. */
const boundTo = (keyId: string, { table, column, row }: SecretPlace): Buffer =>
  Buffer.from(JSON.stringify([keyId, table, column, row]))

export class EnvelopeRefused extends Error {
  override readonly name = 'EnvelopeRefused'
}
