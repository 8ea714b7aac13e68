import { pbkdf2, timingSafeEqual } from 'node:crypto'

/**
 * Passwords and robots' secrets that moved in from Harbor as it keeps them: PBKDF2 over the text of the salt, 16 bytes,
 * as hexadecimal digits. Its `password_version` says by what: `sha1` and `sha256` 4,096 times, `pbkdf2_sha256` 600,000.
 * Kept as `$pbkdf2-sha256$i=4096$salt$tag` (both base64url) until their owner signs in, and then as ours.
 */
const versions = {
  sha1: { digest: 'sha1', iterations: 4_096 },
  sha256: { digest: 'sha256', iterations: 4_096 },
  pbkdf2_sha256: { digest: 'sha256', iterations: 600_000 },
} as const

const tagBytes = 16
/** So that a damaged row cannot keep a thread busy. */
const maxIterations = 2_000_000
const stored = /^\$pbkdf2-(sha1|sha256)\$i=([1-9]\d{0,6})\$([\w-]{0,1024})\$([\w-]{22})$/

export const isHarborHash = (hash: string): boolean => hash.startsWith('$pbkdf2-')

/** What to store for a row of Harbor's; undefined when it is nothing that can be verified. */
export function formatHarborHash(row: {
  readonly hash: string
  readonly salt: string
  readonly version: string
}): string | undefined {
  if (!Object.hasOwn(versions, row.version) || !/^[0-9a-f]{32}$/.test(row.hash)) return undefined
  const { digest, iterations } = versions[row.version as keyof typeof versions]
  const salt = Buffer.from(row.salt, 'utf8').toString('base64url')
  return `$pbkdf2-${digest}$i=${iterations}$${salt}$${Buffer.from(row.hash, 'hex').toString('base64url')}`
}

/** @throws Error when the stored hash is damaged */
export async function verifyHarborHash(password: string, hash: string): Promise<boolean> {
  const [, digest, iterations, salt = '', tag = ''] = stored.exec(hash) ?? []
  if (digest === undefined || Number(iterations) > maxIterations) {
    throw new Error('a stored password hash is none that this version can verify; set a new password for the account')
  }
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  pbkdf2(password, Buffer.from(salt, 'base64url'), Number(iterations), tagBytes, digest, (error, derived) =>
    error === null ? resolve(derived) : reject(error),
  )
  return timingSafeEqual(await promise, Buffer.from(tag, 'base64url'))
}
