import { projectOf, restOf, type RepositoryName } from '#contract/repository-name.ts'
import type { Database, Reader } from '../../database/database.ts'
import { EpochCache } from '../../database/epoch-cache.ts'
import type { Admission } from '../access/admission.ts'
import type { Actor } from '../access/actor.ts'
import { DomainError } from '../errors.ts'
import { governs } from '../policies/governs.ts'
import { readMetadata, type ProjectMetadata } from '../projects/project-metadata.ts'
import { isFiltered } from '../projects/proxy-settings.ts'

/** Content comes in by the registry itself: what one client asked for is for all that may pull. */
export const cacheActor: Actor = { kind: 'system', name: 'proxy-cache' }

/** A project that is the cache of a remote registry. */
export interface ProxyProject {
  readonly id: number
  readonly registryId: number
  readonly registryName: string
  readonly registryType: string
  readonly metadata: ProjectMetadata
  /** Whether a policy has a word in what is pulled from it. */
  readonly isGoverned: boolean
}

/** A repository of such a project. */
export interface CachedRepository {
  readonly project: ProxyProject
  readonly projectName: string
  readonly name: RepositoryName
  /** What it is called upstream. */
  readonly upstreamName: string
}

const cachedProjects = 512

export class ProxyProjects {
  readonly #database: Database
  readonly #cached: EpochCache<ProxyProject>

  constructor(database: Database) {
    this.#database = database
    this.#cached = new EpochCache(database, cachedProjects)
  }

  /** Undefined for ordinary projects, and for what is no pull. @throws DomainError REPOSITORY_UNKNOWN for filtered names */
  async findRepository(admission: Admission): Promise<CachedRepository | undefined> {
    const { operation, projectId, upstreamId, repositoryName: name } = admission
    if (upstreamId === undefined || operation !== 'pull') return undefined
    const project = await this.find(projectId)
    if (project === undefined) return undefined
    const upstreamName = upstreamNameOf(project, restOf(name))
    if (!isFiltered(project.metadata, upstreamName)) {
      throw new DomainError(
        'REPOSITORY_UNKNOWN',
        `resource not found: repository "${upstreamName}" does not match project repository filter`,
      )
    }
    return { project, projectName: projectOf(name), name, upstreamName }
  }

  /** Undefined where the project is no cache any more. */
  async repositoryOf(projectId: number, name: RepositoryName): Promise<CachedRepository | undefined> {
    const project = await this.find(projectId)
    if (project === undefined) return undefined
    return { project, projectName: projectOf(name), name, upstreamName: upstreamNameOf(project, restOf(name)) }
  }

  async find(projectId: number): Promise<ProxyProject | undefined> {
    return await this.#cached.get(String(projectId), () => findProxyProject(this.#database.read, projectId))
  }
}

/** Undefined for ordinary projects. */
export async function findProxyProject(reader: Reader, projectId: number): Promise<ProxyProject | undefined> {
  const row = await reader
    .selectFrom('project')
    .innerJoin('registry', 'registry.id', 'project.registry_id')
    .select(['registry.id', 'registry.name', 'registry.type', governs(projectId).as('governed')])
    .where('project.id', '=', projectId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const metadata = (await readMetadata(reader, [projectId])).get(projectId) ?? {}
  return {
    ...{ id: projectId, registryId: row.id, registryName: row.name, registryType: row.type },
    ...{ metadata, isGoverned: row.governed === 1 },
  }
}

/** Docker Hub's own images have no name in front where people type them. */
function upstreamNameOf({ registryType }: ProxyProject, rest: string): string {
  return registryType === 'docker-hub' && !rest.includes('/') ? `library/${rest}` : rest
}
