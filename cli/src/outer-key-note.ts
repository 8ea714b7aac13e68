import { placeOfOuterKey, readOuterKeys } from '#server/compose/outer-key.ts'
import { ConfigError } from '#server/config/config-error.ts'
import type { Config } from '#server/config/config.ts'
import type { Database } from '#server/database/database.ts'

/** The outer keys under which the secrets of a database are sealed. */
async function listNeeded({ read }: Database): Promise<readonly string[]> {
  const rows = await read.selectFrom('secret_key').select('outer_key_id').distinct().orderBy('outer_key_id').execute()
  return rows.map(({ outer_key_id: id }) => id)
}

/** What a backup of this database does not hold. */
export async function sayWhatIsKeptApart(config: Config, database: Database): Promise<readonly string[]> {
  const needed = await listNeeded(database)
  if (needed.length === 0) return []
  return [
    `not in it: the outer key ${needed.join(', ')} of its secrets, from ${placeOfOuterKey(config.outerKey)}: keep a copy of that in another place`,
  ]
}

/** What a restored database needs before it starts. */
export async function sayWhichKeyIsNeeded(config: Config, database: Database): Promise<readonly string[]> {
  const needed = await listNeeded(database)
  const here = await idsHere(config)
  const missing = needed.filter((id) => !here.includes(id))
  if (missing.length === 0) return []
  return [
    `before it starts, put the outer key ${missing.join(', ')} of its secrets into ${placeOfOuterKey(config.outerKey)}; if it is lost: berth secrets reset`,
  ]
}

/** A key that cannot be read is as good as none: the start says why. */
async function idsHere({ outerKey }: Config): Promise<readonly string[]> {
  try {
    return (await readOuterKeys(outerKey)).map(({ id }) => id)
  } catch (error) {
    if (error instanceof ConfigError) return []
    throw error
  }
}
