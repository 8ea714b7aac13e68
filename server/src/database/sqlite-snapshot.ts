import type { SqliteConnection } from '../runtime/sqlite.ts'
import type { Snapshot } from './database.ts'
import { translateSqliteError } from './sqlite-errors.ts'

const usualPiece = 500

/** In WAL mode a read transaction sees the database as it was when it first read; the writer goes on. */
export async function readSqliteSnapshot<T>(
  open: () => SqliteConnection,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  using connection = translating(open)
  translating(() => {
    connection.query('begin', [])
    connection.query('select 1 from sqlite_master', [])
  })
  return await work({
    async *rows<Row>(sql: string, values: readonly (string | number)[] = [], rowsPerPiece = usualPiece) {
      let piece: Row[] = []
      try {
        for (const row of connection.iterate(sql, values)) {
          piece.push(row as Row)
          if (piece.length < rowsPerPiece) continue
          yield piece
          piece = []
        }
      } catch (error) {
        throw translateSqliteError(error)
      }
      if (piece.length > 0) yield piece
    },
  })
}

function translating<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw translateSqliteError(error)
  }
}
