import type { PoolClient } from 'pg'
import type { Snapshot } from './database.ts'
import { translated } from './postgres-connection.ts'

const usualPiece = 500

/** The connection is usable afterwards unless this throws. Its locks block no writer, so it may take its time. */
export async function readPostgresSnapshot<T>(
  client: PoolClient,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  await translated(client.query('begin isolation level repeatable read read only'))
  await translated(client.query('set local idle_in_transaction_session_timeout = 0'))
  let cursors = 0
  const result = await work({
    async *rows<Row>(sql: string, values: readonly (string | number)[] = [], rowsPerPiece = usualPiece) {
      cursors += 1
      const cursor = `rows_${cursors}`
      const text = sql.replaceAll(/\?/g, numbered())
      await translated(client.query(`declare ${cursor} no scroll cursor for ${text}`, [...values]))
      for (;;) {
        const { rows } = await translated(client.query(`fetch ${rowsPerPiece} from ${cursor}`))
        if (rows.length === 0) break
        yield rows as Row[]
      }
      await translated(client.query(`close ${cursor}`))
    },
  })
  await translated(client.query('rollback'))
  return result
}

/** `?` becomes `$1`, `$2` and so on: the same text serves both databases. */
function numbered(): () => string {
  let count = 0
  return () => `$${++count}`
}
