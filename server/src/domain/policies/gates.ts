import type { RepositoryName } from '#contract/repository-name.ts'
import type { Actor } from '../access/actor.ts'
import type { Operation } from '../access/admission.ts'
import { DomainError } from '../errors.ts'
import { assertActorCan, type ProjectAccess } from '../projects/project-access.ts'

export interface GateContext {
  readonly actor: Actor
  readonly repositoryName: RepositoryName
  /** The project and what the actor is in it; undefined when there is no such project. */
  readonly access: ProjectAccess | undefined
  readonly settings: RegistrySettings
}

export interface RegistrySettings {
  readonly readOnly: boolean
  readonly deleteEnabled: boolean
}

/** Decides one question. Returns to let pass, throws to refuse; whatever it throws is a refusal. */
export type Gate = (context: GateContext) => void

/** One that needs to know nothing but how the registry is set. */
type RegistryGate = (context: Pick<GateContext, 'settings'>) => void

const registryIsWritable: RegistryGate = ({ settings }) => {
  if (settings.readOnly) {
    throw new DomainError('READ_ONLY', 'The system is in read only mode. Any modification is prohibited.')
  }
}

const deletesAreEnabled: RegistryGate = ({ settings }) => {
  if (!settings.deleteEnabled) {
    throw new DomainError(
      'DELETE_DISABLED',
      'deleting is switched off on this registry; an administrator can enable it',
    )
  }
}

/** What has nothing to do with who asks. */
const removalGates: readonly RegistryGate[] = [deletesAreEnabled, registryIsWritable]

/** For who only wants to know whether a removal could be done. @throws DomainError DELETE_DISABLED, READ_ONLY */
export function assertRemovalsPossible(settings: RegistrySettings): void {
  for (const gate of removalGates) gate({ settings })
}

const actorMay =
  (permission: 'repository:pull' | 'repository:push' | 'artifact:delete'): Gate =>
  (context) =>
    assertActorCan(context.actor, permission, context.repositoryName, context.access)

/**
 * Every gate of every operation, in the order in which they are asked, for every door (invariant 5).
 * Authorisation stands first: nobody learns a setting of a project they may not see.
 */
export const gates: Readonly<Record<Operation, readonly Gate[]>> = {
  pull: [actorMay('repository:pull')],
  push: [actorMay('repository:push'), registryIsWritable],
  delete: [actorMay('artifact:delete'), ...removalGates],
}
