import type { Reader } from '../../../database/database.ts'

/** The scanner whose reports the views of the whole registry are made of; undefined when none is the default. */
export async function findDefaultScannerId(reader: Reader): Promise<string | undefined> {
  return (await reader.selectFrom('scanner').select('id').where('is_default', '=', 1).executeTakeFirst())?.id
}
