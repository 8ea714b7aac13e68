import type { Reader } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'

const findReadOnly = preparedQuery<Record<never, never>, { value: string }>((db) =>
  db.selectFrom('setting').select('value').where('name', '=', 'read_only'),
)

/**
 * Whether an administrator has made the registry read only. Asked of the database each time, so that every process knows
 * it at once.
 */
export async function isReadOnly(reader: Reader): Promise<boolean> {
  const row = await findReadOnly.first(reader, {})
  return row !== undefined && JSON.parse(row.value) === true
}
