import type { Database } from '../../database/database.ts'
import { linkingRepositories } from '../content/blob-damage.ts'

export interface ScrubFinding {
  readonly id: number
  readonly digest: string
  readonly kind: 'changed' | 'missing'
  readonly size: number
  readonly foundAt: number
  readonly healedAt: number | undefined
  /** Some of the repositories that link the blob; those who see findings may see all of them. */
  readonly repositories: readonly string[]
}

const repositoriesShown = 20

/** Damaged blobs, the newest first; `before` is the id of the last finding of the page before. */
export async function listFindings(
  database: Database,
  options: { readonly healed?: boolean | undefined; readonly before?: number | undefined; readonly limit: number },
): Promise<ScrubFinding[]> {
  const { healed, before, limit } = options
  let query = database.read
    .selectFrom('blob_damage')
    .select(['id', 'digest', 'kind', 'size', 'found_at', 'healed_at'])
    .orderBy('id', 'desc')
    .limit(limit)
  if (healed !== undefined) query = query.where('healed_at', healed ? 'is not' : 'is', null)
  if (before !== undefined) query = query.where('id', '<', before)
  const rows = await query.execute()
  const digests = rows.map(({ digest }) => digest)
  const names = await linkingRepositories(database, digests, repositoriesShown)
  return rows.map((row) => ({
    id: row.id,
    digest: row.digest,
    kind: row.kind,
    size: row.size,
    foundAt: row.found_at,
    healedAt: row.healed_at ?? undefined,
    repositories: names.get(row.digest) ?? [],
  }))
}

/** Blobs without good bytes now. */
export async function countDamaged(database: Database): Promise<number> {
  const { count } = await database.read
    .selectFrom('blob_damage')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('healed_at', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(count)
}
