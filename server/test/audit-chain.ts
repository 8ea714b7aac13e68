import { secretsForTest } from './secrets.ts'
import type { Database } from '#server/database/database.ts'
import { AuditChain } from '#server/domain/audit/chain/audit-chain.ts'
import { AuditKeys } from '#server/domain/audit/chain/audit-keys.ts'
import type { HashAlgorithm } from '#server/domain/audit/chain/hashes.ts'
import type { Clock } from '#server/domain/clock.ts'
import type { Events } from '#server/domain/events/events.ts'

/** The chain of an audit log, with a key that it makes. */
export function composeChainForTest(
  ground: { readonly database: Database; readonly clock: Clock; readonly events: Events },
  algorithm: HashAlgorithm = 'sha256',
): AuditChain {
  return new AuditChain({
    ...ground,
    keys: new AuditKeys({ ...ground, secrets: secretsForTest(ground.database) }),
    algorithm,
  })
}
