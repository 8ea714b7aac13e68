import { projectOf, type RepositoryName } from '#contract/repository-name.ts'
import type { Reader } from '../../database/database.ts'
import { DomainError } from '../errors.ts'
import { compareRepository, type Difference } from './compare.ts'
import type { CopyItem } from './copy-repository.ts'
import { Filters } from './filters.ts'
import { mustStay } from './must-stay.ts'
import { mapRepositoryName } from './names.ts'
import type { Sides } from './open-sides.ts'
import type { ReplicationPolicy } from './replication-policies.ts'

/** What a run is about to do in one repository, or why it does nothing there. */
export interface PlannedRepository {
  readonly source: string
  readonly destination: string
  readonly difference: Difference | undefined
  /** What is brought over. */
  readonly items: readonly CopyItem[]
  /** Why nothing of it can be. */
  readonly refusal: 'must-not-leave' | 'not-taken' | undefined
  readonly why: string
}

export interface PlanOptions {
  readonly policy: ReplicationPolicy
  readonly sides: Sides
  readonly reader: Reader
  readonly signal: AbortSignal
  /** Only compares: nothing is made at the destination. */
  readonly compareOnly: boolean
  /** Left to an earlier attempt. */
  readonly isDone: (repository: string) => boolean
}

/**
 * What each repository of the source needs. One that cannot be brought over (its name, its project) is told and does
 * not keep the others.
 */
export async function* planRun(options: PlanOptions): AsyncGenerator<PlannedRepository> {
  const { policy, sides, signal, isDone } = options
  const filters = new Filters(policy.filters)
  for await (const source of sides.source.walkRepositories(filters)) {
    signal.throwIfAborted()
    if (!isDone(source)) yield await planRepository(options, filters, source)
  }
}

async function planRepository(options: PlanOptions, filters: Filters, from: string): Promise<PlannedRepository> {
  const { policy, sides, reader, signal, compareOnly } = options
  const { source, destination } = sides
  const refused = (to: string, refusal: PlannedRepository['refusal'], why: string): PlannedRepository => ({
    ...{ source: from, destination: to, difference: undefined, items: [], refusal, why },
  })
  let to = ''
  try {
    to = mapRepositoryName(from, policy, destination.names)
    if (policy.sourceRegistryId === 0 && (await mustStay(reader, from)))
      return refused(to, 'must-not-leave', `project ${projectOf(from as RepositoryName)} must not leave this registry`)
    if (!compareOnly) {
      const why = await destination.prepare(to, { isPublic: (await source.isPublic(from)) === true })
      if (why !== undefined) return refused(to, 'not-taken', why)
    }
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    return refused(to, 'not-taken', error.message)
  }
  const difference = await compareRepository({ source, destination, from, to, filters, signal })
  const items = policy.override ? [...difference.missing, ...difference.different] : difference.missing
  return { source: from, destination: to, difference, items, refusal: undefined, why: '' }
}
