import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'
import { DomainError } from '../../errors.ts'
import { assertPasswordStrong, type Passwords } from '../credentials/passwords.ts'

const letters = 'abcdefghijklmnopqrstuvwxyz'
const classes = [letters, letters.toUpperCase(), '0123456789'] as const
const alphabet = classes.join('')
/** 32 of 62 characters: 190 bits, which nobody guesses; so a fast hash keeps the secret as well as a slow one. */
const secretLength = 32
const saltBytes = 16

/** A new secret that also satisfies Harbor's rule: each kind of character is in it. */
export function newRobotSecret(): string {
  for (;;) {
    const secret = Array.from({ length: secretLength }, () => alphabet[randomInt(alphabet.length)]).join('')
    if (classes.every((characters) => [...characters].some((character) => secret.includes(character)))) return secret
  }
}

/** For a secret of `newRobotSecret`; for any other `Passwords.hash`. */
export function hashRobotSecret(secret: string): string {
  const salt = randomBytes(saltBytes)
  return `sha256$${salt.toString('base64url')}$${digestOf(salt, secret).toString('base64url')}`
}

/**
 * Whether it is the secret behind the hash.
 * @throws DomainError TOO_MANY_REQUESTS when a slow hash is needed and too many wait
 */
export async function verifyRobotSecret(secret: string, stored: string, passwords: Passwords): Promise<boolean> {
  if (!isFastHash(stored)) return await passwords.verify(secret, stored)
  const [, salt = '', tag = ''] = stored.split('$')
  const expected = Buffer.from(tag, 'base64url')
  const actual = digestOf(Buffer.from(salt, 'base64url'), secret)
  if (expected.byteLength !== actual.byteLength) throw new Error('a stored robot secret is damaged; refresh the secret')
  return timingSafeEqual(expected, actual)
}

/** Whether verifying costs nothing worth a cache. */
export const isFastHash = (stored: string): boolean => stored.startsWith('sha256$')

/** @throws DomainError BAD_REQUEST, in Harbor's words */
export function assertSecretStrong(secret: string): void {
  try {
    assertPasswordStrong(secret)
  } catch (cause) {
    if (!(cause instanceof DomainError)) throw cause
    throw new DomainError(
      'BAD_REQUEST',
      'the secret must be 8-128, inclusively, characters long with at least 1 uppercase letter, 1 lowercase letter and 1 number',
    )
  }
}

function digestOf(salt: Uint8Array, secret: string): Buffer {
  return createHash('sha256').update(salt).update(secret).digest()
}
