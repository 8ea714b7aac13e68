import { createHash, randomBytes } from 'node:crypto'
import { base32 } from './base32.ts'

const howMany = 10
/** Nobody guesses 80 bits, so that a plain hash keeps them and no brake is needed for them. */
const codeBytes = 10

/** New codes for the day on which the phone is lost, each good once: `ABCD-EFGH-IJKL-MNOP`. */
export const newRecoveryCodes = (): readonly string[] => Array.from({ length: howMany }, newCode)

const newCode = (): string => base32(randomBytes(codeBytes)).match(/.{4}/g)!.join('-')

/** What is kept of a code, bound to its owner; undefined for a text that cannot be one. Case and hyphens do not matter. */
export function hashOfRecoveryCode(userId: number, text: string): string | undefined {
  const code = text.toUpperCase().replaceAll(/[\s-]/g, '')
  if (!/^[A-Z2-7]{16}$/.test(code)) return undefined
  return createHash('sha256').update(`recovery code ${userId} ${code}`).digest('base64url')
}
