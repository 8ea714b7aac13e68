import type { Database } from '../../../database/database.ts'
import { isHarborHash } from './harbor-hash.ts'
import type { Passwords } from './passwords.ts'

/**
 * Keeps what somebody has just signed in with as our own hash, where it was still Harbor's. The credential is the same,
 * so nothing is voided; and where it was changed meanwhile, the change stays.
 */
export async function upgradeHash(
  { database, passwords }: { readonly database: Database; readonly passwords: Passwords },
  whose: { readonly kind: 'user' | 'robot'; readonly id: number },
  credential: { readonly password: string; readonly hash: string | null },
): Promise<void> {
  const { password, hash } = credential
  if (hash === null || !isHarborHash(hash)) return
  const upgraded = await passwords.hash(password)
  await database.write(async (tx) => {
    if (whose.kind === 'user') {
      await tx
        .updateTable('user_account')
        .set({ password_hash: upgraded })
        .where('id', '=', whose.id)
        .where('password_hash', '=', hash)
        .execute()
    } else {
      await tx
        .updateTable('robot')
        .set({ secret_hash: upgraded })
        .where('id', '=', whose.id)
        .where('secret_hash', '=', hash)
        .execute()
    }
  }, 'relaxed')
}
