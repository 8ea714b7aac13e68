import type { Database } from '../../database/database.ts'
import { countPulls, hourOf, type PullsOfProject } from '../activity/samples.ts'
import { addPullsTo } from '../projects/repositories.ts'
import type { ServedManifest } from './roles.ts'

interface Pulls {
  count: number
  lastAt: number
  readonly tagIds: Set<number>
}

/**
 * Counts pulls in memory and writes them together, so that a pull costs no write of its own. What was not
 * yet written when the process dies is lost: these are statistics, not truth.
 */
export class PullRecorder {
  readonly #database: Database
  #pulls = new Map<number, Pulls>()

  constructor(database: Database) {
    this.#database = database
  }

  record(manifest: ServedManifest, now: number): void {
    if (manifest.artifactId === undefined) return
    const pulls = this.#pulls.get(manifest.artifactId) ?? { count: 0, lastAt: now, tagIds: new Set() }
    pulls.count++
    pulls.lastAt = now
    if (manifest.tagId !== undefined) pulls.tagIds.add(manifest.tagId)
    this.#pulls.set(manifest.artifactId, pulls)
  }

  /** Writes what has gathered; on failure it is kept for the next time. */
  async flush(): Promise<void> {
    if (this.#pulls.size === 0) return
    const gathered = this.#pulls
    this.#pulls = new Map()
    try {
      await this.#database.write(async (tx) => {
        const ofProjects = new Map<string, PullsOfProject>()
        for (const [artifactId, { count, lastAt, tagIds }] of gathered) {
          const artifact = await tx
            .updateTable('artifact')
            .set({ pulled_at: lastAt })
            .where('id', '=', artifactId)
            .returning('repository_id')
            .executeTakeFirst()
          if (artifact === undefined) continue
          const projectId = await addPullsTo(tx, artifact.repository_id, count)
          if (projectId !== undefined) addPulls(ofProjects, projectId, hourOf(lastAt), count)
          if (tagIds.size > 0) {
            await tx
              .updateTable('tag')
              .set({ pulled_at: lastAt })
              .where('id', 'in', [...tagIds].slice(0, 1000))
              .execute()
          }
        }
        await countPulls(tx, [...ofProjects.values()])
      }, 'relaxed')
    } catch (error) {
      for (const [artifactId, pulls] of gathered) {
        const newer = this.#pulls.get(artifactId)
        if (newer === undefined) this.#pulls.set(artifactId, pulls)
        else newer.count += pulls.count
      }
      throw error
    }
  }
}

function addPulls(sums: Map<string, PullsOfProject>, projectId: number, hour: number, count: number): void {
  const key = `${hour} ${projectId}`
  sums.set(key, { projectId, hour, pulls: (sums.get(key)?.pulls ?? 0) + count })
}
