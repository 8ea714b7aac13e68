import type { Digest } from '#contract/digest.ts'
import { restOf, type RepositoryName } from '#contract/repository-name.ts'
import { deleteManifest, type DeleteServices } from '../artifacts/delete.ts'
import { DomainError } from '../errors.ts'
import type { Admit } from '../policies/admit.ts'
import { isPinned, parsePins, type Pin } from '../projects/proxy-settings.ts'
import { readStanding } from '../quotas/room.ts'
import { adopt, countHits, haunt, headOf, leave, requeue, type Entry } from './eviction-queues.ts'
import type { ProxyMeter } from './proxy-meter.ts'
import { cacheActor, type ProxyProject } from './proxy-projects.ts'
import { SingleFlight } from './single-flight.ts'

export interface CacheRoomOptions extends Omit<DeleteServices, 'trashWindowMs'> {
  readonly admit: Admit
  readonly meter: ProxyMeter
}

/** Looks at entries of one round: each may be passed over a few times before it goes. */
const maxSteps = 10_000
/** Pins and immutable tags that are passed over in one round. */
const maxKept = 500

/** Gives up what a full proxy project needs least. Nothing of it goes into the trash: upstream has it. */
export class CacheRoom {
  readonly #options: CacheRoomOptions
  readonly #services: DeleteServices
  readonly #flights = new SingleFlight<void>()
  #hits = new Map<number, number>()

  constructor(options: CacheRoomOptions) {
    this.#options = options
    this.#services = { ...options, trashWindowMs: 0 }
  }

  /** Somebody pulled an artifact that is here. */
  hit(artifactId: number): void {
    this.#hits.set(artifactId, (this.#hits.get(artifactId) ?? 0) + 1)
  }

  /** Writes the hits that have gathered; on failure they are kept for the next time. */
  async flush(): Promise<void> {
    if (this.#hits.size === 0) return
    const hits = this.#hits
    this.#hits = new Map()
    try {
      await this.#options.database.write((tx) => countHits(tx, hits), 'relaxed')
    } catch (error) {
      for (const [artifactId, count] of hits) this.#hits.set(artifactId, (this.#hits.get(artifactId) ?? 0) + count)
      throw error
    }
  }

  /**
   * Makes room for so many bytes within the quota of the project. What would not fit into the empty project makes nothing go, and
   * neither does what can be stored as it is.
   */
  async makeFor(project: ProxyProject, neededBytes: number): Promise<void> {
    for (;;) {
      const { lacking } = await this.#standing(project.id, neededBytes)
      if (lacking <= 0) return
      // Several that lack room at once: the second looks again when the first is done.
      let isOurs = false
      await this.#flights.do(String(project.id), async () => {
        isOurs = true
        await this.#evict(project, neededBytes)
      })
      if (isOurs) return
    }
  }

  async #standing(projectId: number, neededBytes: number): Promise<{ lacking: number; hardBytes: number }> {
    const standing = await readStanding(this.#options.database.read, projectId)
    if (standing === undefined || neededBytes > standing.hardBytes) return { lacking: 0, hardBytes: 0 }
    return { lacking: standing.usedBytes + neededBytes - standing.hardBytes, hardBytes: standing.hardBytes }
  }

  async #evict(project: ProxyProject, neededBytes: number): Promise<void> {
    const { database } = this.#options
    await this.flush()
    await database.write((tx) => adopt(tx, project.id), 'relaxed')
    const pins = parsePins(project.metadata.proxy_cache_pins ?? '')
    const kept: number[] = []
    for (let step = 0; step < maxSteps && kept.length < maxKept; step++) {
      const { lacking, hardBytes } = await this.#standing(project.id, neededBytes)
      if (lacking <= 0) return
      const entry = await headOf(database.read, project.id, { roomBytes: hardBytes, except: kept })
      if (entry === undefined) return
      const { artifactId, queue, hits } = entry
      if (await this.#isPart(artifactId)) {
        await database.write((tx) => leave(tx, artifactId), 'relaxed')
        continue
      }
      if (hits > 0) {
        // Of the small queue, what was asked for again moves on; of the main one, it pays with a hit.
        await database.write((tx) => requeue(tx, project.id, artifactId, queue === 'small' ? 0 : hits - 1), 'relaxed')
        continue
      }
      if ((await this.#isPinned(entry, pins)) || !(await this.#giveUp(project, entry))) kept.push(artifactId)
    }
  }

  /** False when something holds it: an immutable tag, or a registry that deletes nothing. */
  async #giveUp(project: ProxyProject, { repository, digest, queue, sizeBytes }: Entry): Promise<boolean> {
    const { admit, database, meter } = this.#options
    try {
      const admission = await admit(cacheActor, 'delete', repository as RepositoryName)
      await deleteManifest(this.#services, admission, digest as Digest)
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
      // Somebody else was faster.
      return error.code === 'MANIFEST_UNKNOWN' || error.code === 'REPOSITORY_UNKNOWN'
    }
    if (queue === 'small') await database.write((tx) => haunt(tx, project.id, digest), 'relaxed')
    meter.evicted(project, queue, sizeBytes)
    return true
  }

  async #isPart(artifactId: number): Promise<boolean> {
    const row = await this.#options.database.read
      .selectFrom('artifact_child')
      .select('parent_id')
      .where('child_id', '=', artifactId)
      .executeTakeFirst()
    return row !== undefined
  }

  async #isPinned({ artifactId, repository }: Entry, pins: readonly Pin[]): Promise<boolean> {
    if (pins.length === 0) return false
    const tags = await this.#options.database.read
      .selectFrom('tag')
      .select('name')
      .where('artifact_id', '=', artifactId)
      .limit(1_000)
      .execute()
    const name = restOf(repository as RepositoryName)
    return tags.some((tag) => isPinned(pins, name, tag.name))
  }
}
