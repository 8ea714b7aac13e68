import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { base32, bytesOfBase32 } from './base32.ts'

/** RFC 6238 with what every authenticator app does without being told: SHA-1, six digits, steps of 30 seconds. */
const digits = 6
const stepMs = 30_000
/** Codes of the step before and the step after are taken too: clocks differ, and typing takes a while (RFC 6238 §5.2). */
const tolerance = 1
/** As many bits as the hash has (RFC 4226 §4, R6). */
const secretBytes = 20

const codePattern = /^\d{6}$/

/** A new secret, in base32: so people type it where they cannot scan it. */
export const newTotpSecret = (): string => base32(randomBytes(secretBytes))

/** The code of a step of 30 seconds since 1970 (RFC 4226 §5.3). */
export function totpCode(secret: string, step: number): string {
  const key = bytesOfBase32(secret)
  if (key === undefined) throw new Error('the secret is no base32')
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const hash = createHmac('sha1', key).update(counter).digest()
  const at = hash[hash.length - 1]! & 15
  return String((hash.readUInt32BE(at) & 0x7fff_ffff) % 10 ** digits).padStart(digits, '0')
}

/**
 * The step that a code belongs to, near `now` (ms) and behind `after`; undefined when it is none. The caller keeps the step,
 * so that who looked over a shoulder cannot use the code again (RFC 6238 §5.2).
 */
export function stepOfCode(secret: string, code: string, now: number, after: number): number | undefined {
  if (!codePattern.test(code)) return undefined
  const given = Buffer.from(code)
  const current = Math.floor(now / stepMs)
  let found: number | undefined
  for (let step = current - tolerance; step <= current + tolerance; step++) {
    // All of them are compared: the time says nothing of which one was near.
    const same = timingSafeEqual(Buffer.from(totpCode(secret, step)), given)
    if (same && step > after) found ??= step
  }
  return found
}

/** Whether a text could be a code of an app at all; else it may be a recovery code. */
export const looksLikeCode = (text: string): boolean => codePattern.test(text)

/** What an app scans (the Key Uri Format that all of them read). `issuer`: the registry's name. */
export function otpauthUri({ secret, issuer, username }: Readonly<Record<'secret' | 'issuer' | 'username', string>>) {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(username)}`
  return `otpauth://totp/${label}?secret=${secret}&issuer=${encodeURIComponent(issuer)}`
}
