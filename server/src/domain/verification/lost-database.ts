import type { Database } from '../../database/database.ts'
import { readSchemaState } from '../../database/migrate.ts'
import type { BlobSweeper } from '../../storage/blob-store.ts'

/** Every push leaves a row in the first of these before its bytes are in the store. */
const tablesOfContent = ['repository', 'blob', 'upload', 'blob_trash'] as const

/** Whether the database knows of no content at all, as a new one does, and one that stands where another was lost. */
export async function isBlank(database: Database): Promise<boolean> {
  const { newest } = await readSchemaState(database)
  if (newest === undefined) return true
  for (const table of tablesOfContent) {
    const query = database.read
      .selectFrom(table)
      .select(({ lit }) => lit(1).as('one'))
      .limit(1)
    if ((await query.executeTakeFirst()) !== undefined) return false
  }
  return true
}

/**
 * Refuses to begin a registry over the blobs of another one.
 * @throws DatabaseLost when the store has a blob
 */
export async function assertStoreEmpty(store: Pick<BlobSweeper, 'walk'>, places: LostPlaces): Promise<void> {
  for await (const _ of store.walk()) throw new DatabaseLost(places)
}

export interface LostPlaces {
  readonly database: string
  readonly store: string
}

/** The store has blobs and the database has never heard of any: it was lost, or another one was meant. */
export class DatabaseLost extends Error {
  override readonly name = 'DatabaseLost'
  constructor({ database, store }: LostPlaces) {
    super(`the store in ${store} has blobs, and the database ${database} knows of no content: was the database lost?`)
  }
}
