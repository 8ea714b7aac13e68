import { projectOf, type RepositoryName } from '#contract/repository-name.ts'
import type { Database } from '../../database/database.ts'
import { EpochCache } from '../../database/epoch-cache.ts'
import { actorKey, type Actor } from '../access/actor.ts'
import type { Admission, Operation } from '../access/admission.ts'
import { findRepositoryId } from '../projects/repositories.ts'
import { DomainError } from '../errors.ts'
import { findProjectAccess, type ProjectAccess } from '../projects/project-access.ts'
import { gates, type GateContext } from './gates.ts'

/** What the gates and the admission are made of, as it stands in the database. */
interface Facts {
  readonly access: ProjectAccess | undefined
  readonly repositoryId: number | undefined
}

const rememberedFacts = 4_096

export type Admit = <Allowed extends Operation>(
  actor: Actor,
  operation: Allowed,
  name: RepositoryName,
) => Promise<Admission<Allowed>>

/**
 * Asks the gates. What comes back is the only key to the verbs of content and artifacts.
 */
export function composeAdmit(options: { database: Database; settings: GateContext['settings'] }): Admit {
  const { database, settings } = options
  const remembered = new EpochCache<Facts>(database, rememberedFacts)
  return async (actor, operation, name) => {
    const facts = await remembered.get(`${actorKey(actor)} ${name}`, async () => {
      const access = await findProjectAccess(database, actor, projectOf(name))
      if (access === undefined) return { access, repositoryId: undefined }
      return { access, repositoryId: await findRepositoryId(database.read, { projectId: access.project.id, name }) }
    })
    for (const gate of gates[operation]) gate({ actor, repositoryName: name, access: facts.access, settings })
    if (facts.access === undefined) {
      throw new DomainError('PROJECT_UNKNOWN', `project ${projectOf(name)} not found; create it first`)
    }
    return {
      operation,
      actor,
      projectId: facts.access.project.id,
      repositoryName: name,
      repositoryId: facts.repositoryId,
    } as Admission<typeof operation>
  }
}
