import { projectOf, type RepositoryName } from '#contract/repository-name.ts'
import type { Database, Reader } from '../../database/database.ts'
import { EpochCache } from '../../database/epoch-cache.ts'
import { actorKey, type Actor } from '../access/actor.ts'
import type { Admission, Operation } from '../access/admission.ts'
import { currentActor } from '../access/current-actor.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import { findProjectAccess, type ProjectAccess } from '../projects/project-access.ts'
import { findRepositoryId } from '../projects/repositories.ts'
import { gates, pass, type DoorContext, type RegistrySettings } from './gates.ts'

/** What the gates and the admission are made of, as it stands in the database. */
interface Facts {
  readonly access: ProjectAccess | undefined
  readonly repositoryId: number | undefined
}

const cachedFacts = 4_096

export type Admit = <Allowed extends Operation>(
  actor: Actor,
  operation: Allowed,
  name: RepositoryName,
) => Promise<Admission<Allowed>>

export interface AdmitOptions {
  readonly database: Database
  readonly clock: Clock
  readonly settings: RegistrySettings
}

/**
 * Asks the door gates. What comes back is the only key to the verbs of content and artifacts.
 */
export function composeAdmit({ database, clock, settings }: AdmitOptions): Admit {
  const cache = new EpochCache<Facts>(database, cachedFacts)
  return async (actor, operation, name) => {
    const { read: reader } = database
    const { access, repositoryId } = await cache.get(`${actorKey(actor)} ${name}`, async () => {
      const found = await findProjectAccess(database, actor, projectOf(name))
      if (found === undefined) return { access: found, repositoryId: undefined }
      return { access: found, repositoryId: await findRepositoryId(reader, { projectId: found.project.id, name }) }
    })
    const { id: projectId, registryId: upstreamId } = await projectBehindDoor({
      reader,
      actor,
      operation,
      repositoryName: name,
      access,
      settings,
    })
    const asked = { operation, actor, projectId, upstreamId, repositoryName: name, repositoryId }
    return new PassedDoor(asked, { clock, settings }) as unknown as Admission<typeof operation>
  }
}

type Asked = Omit<Admission, 'confirm' | symbol>

class PassedDoor implements Asked {
  readonly operation: Operation
  readonly actor: Actor
  readonly projectId: number
  readonly upstreamId: number | undefined
  readonly repositoryName: RepositoryName
  readonly repositoryId: number | undefined
  readonly #options: Omit<AdmitOptions, 'database'>

  constructor(asked: Asked, options: Omit<AdmitOptions, 'database'>) {
    this.operation = asked.operation
    this.actor = asked.actor
    this.projectId = asked.projectId
    this.upstreamId = asked.upstreamId
    this.repositoryName = asked.repositoryName
    this.repositoryId = asked.repositoryId
    this.#options = options
  }

  async confirm(reader: Reader): Promise<void> {
    const { operation, projectId, repositoryName } = this
    const { clock, settings } = this.#options
    const actor = await currentActor(reader, this.actor, clock.now())
    const access = await findProjectAccess({ read: reader }, actor, projectOf(repositoryName))
    const project = await projectBehindDoor({ reader, actor, operation, repositoryName, access, settings })
    if (project.id !== projectId) {
      throw new DomainError(
        'PROJECT_UNKNOWN',
        `project ${project.name} was deleted and created again since this request began; send it again`,
      )
    }
  }
}

/** @throws DomainError of the door gates, PROJECT_UNKNOWN to who may know that */
async function projectBehindDoor(
  context: DoorContext & { readonly operation: Operation },
): Promise<ProjectAccess['project']> {
  await pass<DoorContext>(gates.door[context.operation], context)
  if (context.access !== undefined) return context.access.project
  throw new DomainError('PROJECT_UNKNOWN', `project ${projectOf(context.repositoryName)} not found; create it first`)
}
