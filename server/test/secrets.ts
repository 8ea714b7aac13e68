import type { Database } from '#server/database/database.ts'
import { systemClock } from '#server/domain/clock.ts'
import { parseOuterKeys } from '#server/domain/secrets/outer-keys.ts'
import { Secrets } from '#server/domain/secrets/secrets.ts'

/** The outer key of tests, which is a secret of nothing. */
export const outerKeyForTest = Buffer.alloc(32, 7).toString('base64')

/** Called twice for one database: two processes. */
export function secretsForTest({ dialect }: Pick<Database, 'dialect'>, outerKeys = outerKeyForTest): Secrets {
  return new Secrets({ dialect, clock: systemClock, outerKeys: parseOuterKeys(outerKeys) })
}
