import type { Digest } from '#contract/digest.ts'
import type { Snapshot } from '../../database/database.ts'
import { openSqlite, type SqliteConnection } from '../../runtime/sqlite.ts'
import type { BlobLocation } from '../../storage/blob-store.ts'
import { beforeQuarantine, isQuarantined } from '../../storage/layout.ts'
import type { StoredBlob } from '../scrub/check-blob.ts'

/**
 * Every location that the database knows, on disk: neither the rows nor the store need fit into memory, and a store
 * gives its locations in no order.
 */
export class KnownLocations implements Disposable {
  readonly #file: SqliteConnection

  constructor(temporaryFile: string) {
    this.#file = openSqlite(temporaryFile)
    // A crash makes the file worthless, so it need not be durable.
    for (const pragma of ['journal_mode = off', 'synchronous = off', 'cache_size = -65536']) {
      this.#file.execute(`pragma ${pragma}`)
    }
    this.#file.execute(
      `create table known (location text primary key, digest text, size integer, kind text, seen integer) without rowid`,
    )
  }

  async load(snapshot: Snapshot): Promise<void> {
    const rows = [
      { kind: 'blob', rows: snapshot.rows<StoredBlob>('select digest, size, location from blob') },
      { kind: 'doomed', rows: snapshot.rows<StoredBlob>('select digest, size, location from blob_trash') },
    ]
    for (const { kind, rows: pieces } of rows) {
      for await (const piece of pieces) {
        this.#inOneTransaction(() => {
          for (const { digest, size, location } of piece) {
            const known = isQuarantined(location) ? 'quarantined' : kind
            // In a bucket bad bytes stay where they were.
            const values = [beforeQuarantine(location), digest, size, known] as const
            this.#file.query('insert or replace into known values (?, ?, ?, ?, 0)', values)
          }
        })
      }
    }
  }

  /** Marks that bytes lie there; returns the facts about them, or undefined. */
  see(location: BlobLocation): { readonly digest: Digest; readonly size: number; readonly kind: string } | undefined {
    const known = this.#file.firstRow('select digest, size, kind from known where location = ?', [location])
    if (known === undefined) return undefined
    this.#file.query('update known set seen = 1 where location = ?', [location])
    return known as { digest: Digest; size: number; kind: string }
  }

  /** Blobs in the order of their digests: all good ones as far as is known, or those of which nothing was seen. */
  *blobs(which: 'all' | 'unseen'): Generator<StoredBlob> {
    const unseen = which === 'unseen' ? 'and seen = 0' : ''
    const query = `select digest, size, location from known where kind = 'blob' ${unseen} and digest > ? order by digest limit 500`
    for (let after = ''; ;) {
      const rows = this.#file.rows(query, [after]) as unknown as StoredBlob[]
      yield* rows
      const last = rows.at(-1)
      if (last === undefined) return
      after = last.digest
    }
  }

  #inOneTransaction(work: () => void): void {
    this.#file.execute('begin')
    work()
    this.#file.execute('commit')
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]()
  }
}
