import type { Writer } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertCan } from '../access/roles/authorise.ts'
import type { Permission } from '../access/roles/permissions.ts'
import type { Clock } from '../clock.ts'
import { findProjectAccessById } from '../projects/project-access.ts'
import type { ScanTarget } from './enqueue-scan.ts'

/**
 * Asks for a right in the transaction that has the effect. Jobs of the registry itself need none.
 * @throws DomainError UNAUTHENTICATED, FORBIDDEN
 */
export async function assertMayScan(
  tx: Writer,
  clock: Clock,
  actor: Actor,
  {
    target,
    permission,
  }: { readonly target: Pick<ScanTarget, 'projectId' | 'repository'>; readonly permission: Permission },
): Promise<void> {
  if (actor.kind === 'system') return
  const now = await currentActor(tx, actor, clock.now())
  const access = await findProjectAccessById({ read: tx }, now, target.projectId)
  assertCan(now, permission, access, target.repository)
}
