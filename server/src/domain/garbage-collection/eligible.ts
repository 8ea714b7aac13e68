import type { Database } from '../../database/database.ts'
import { countGoneManifests } from '../content/gone-manifests.ts'

/** What a run takes that ignores the grace period, once it has looked at all links. */
export interface Eligible {
  readonly blobs: number
  readonly manifests: number
  /** Of both. */
  readonly bytes: number
}

export async function countEligible({ read }: Pick<Database, 'read'>, now: number): Promise<Eligible> {
  const condemned = await read
    .selectFrom('blob')
    .select(({ fn }) => [
      fn.countAll<number | string>().as('count'),
      fn.sum<number | string | null>('size').as('bytes'),
    ])
    .where('state', '=', 'condemned')
    .executeTakeFirstOrThrow()
  const gone = await countGoneManifests(read, now)
  return {
    blobs: Number(condemned.count),
    manifests: gone.count,
    bytes: Number(condemned.bytes ?? 0) + gone.bytes,
  }
}
