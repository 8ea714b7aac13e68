import type { Database } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import { parseMirrored } from '../projects/proxy-settings.ts'

/** A change is seen by every process within so long. */
const believedForMs = 2_000
/** More projects than any registry mirrors. */
const maxProjects = 1_000
/** Names of Docker Hub that clients use for one and the same. */
const dockerHub = ['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com']

/** A host as clients name a registry: lower case, without the port that goes without saying. */
export function canonicalHost(host: string): string {
  const name = host.toLowerCase().replace(/:443$/, '')
  return dockerHub.includes(name) ? 'docker.io' : name
}

/** Which project answers for which registry, or for requests at which host of ours. */
export class Mirrors {
  readonly #database: Pick<Database, 'read'>
  readonly #clock: Clock
  #known: Promise<ReadonlyMap<string, string>> | undefined
  #readAt = 0

  constructor({ database, clock }: { readonly database: Pick<Database, 'read'>; readonly clock: Clock }) {
    this.#database = database
    this.#clock = clock
  }

  /** Names of projects, by canonical host. */
  async byHost(): Promise<ReadonlyMap<string, string>> {
    const now = this.#clock.now()
    if (this.#known !== undefined && now - this.#readAt < believedForMs) return await this.#known
    this.#readAt = now
    const reading = this.#read()
    this.#known = reading
    // The next request tries again.
    reading.catch(() => (this.#known = undefined))
    return await reading
  }

  /** Whether everything in the project comes from one remote registry. */
  async isProxy(project: string): Promise<boolean> {
    const row = await this.#database.read
      .selectFrom('project')
      .select('registry_id')
      .where('name', '=', project)
      .executeTakeFirst()
    return row !== undefined && row.registry_id !== null
  }

  async #read(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#database.read
      .selectFrom('project_metadata')
      .innerJoin('project', 'project.id', 'project_metadata.project_id')
      .select(['project.name', 'project_metadata.value'])
      .where('project_metadata.name', '=', 'proxy_mirror_of')
      .where('project.registry_id', 'is not', null)
      .orderBy('project.id')
      .limit(maxProjects)
      .execute()
    const found = new Map<string, string>()
    for (const { name, value } of rows)
      for (const host of parseMirrored(value).map(canonicalHost)) if (!found.has(host)) found.set(host, name)
    return found
  }
}
