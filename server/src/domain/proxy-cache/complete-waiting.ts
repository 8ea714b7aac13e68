import type { Database } from '../../database/database.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Digest } from '#contract/digest.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Completions } from './completions.ts'
import { dropWaiting, takeWaiting } from './known-manifests.ts'
import type { ProxyProjects } from './proxy-projects.ts'
import { UpstreamFailure } from './upstream.ts'

export interface CompleteWaitingServices {
  readonly database: Database
  readonly clock: Clock
  readonly projects: ProxyProjects
  readonly completions: Pick<Completions, 'complete'>
  readonly onProblem: (repository: string, digest: string, error: unknown) => void
}

const firstTryMs = 5 * 60_000
/** So long upstream, or the quota, had no room for it; a client that asks for it begins anew. */
const givenUpMs = 7 * 86_400_000

/**
 * Goes on with manifests whose process died, or whose blobs could not be had. The pause before each try is as long as they have waited,
 * so what never succeeds costs upstream little. @returns how many it took
 */
export async function completeWaiting(services: CompleteWaitingServices, limit: number): Promise<number> {
  const { database, clock, projects, completions, onProblem } = services
  const now = clock.now()
  const taken = await database.write((tx) => takeWaiting(tx, { before: now - firstTryMs, limit, now }), 'relaxed')
  for (const { repository: name, digest, projectId, fetchedAt } of taken) {
    const repository = await projects.repositoryOf(projectId, name as RepositoryName)
    if (repository === undefined || now - fetchedAt > givenUpMs) {
      await database.write((tx) => dropWaiting(tx, name, digest), 'relaxed')
      continue
    }
    try {
      await completions.complete(repository, digest as Digest)
    } catch (error) {
      if (!(error instanceof UpstreamFailure) && !(error instanceof DomainError)) throw error
      onProblem(name, digest, error)
    }
  }
  return taken.length
}
