import { sql } from 'kysely'
import type { Reader } from '../../../database/database.ts'
import { batches } from '../../lists/batches.ts'

const tagsShown = 10

/** Some tags of each artifact, the newest first. */
export async function listSomeTags(
  reader: Reader,
  artifactIds: readonly number[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  const tags = new Map<number, string[]>()
  for (const some of batches([...new Set(artifactIds)])) {
    const numbered = reader
      .selectFrom('tag')
      .select(['artifact_id', 'name'])
      .select(sql<number>`row_number() over (partition by artifact_id order by id desc)`.as('place'))
      .where('artifact_id', 'in', some)
    const rows = await reader
      .selectFrom(numbered.as('numbered'))
      .select(['artifact_id', 'name'])
      .where('place', '<=', tagsShown)
      .orderBy('artifact_id')
      .orderBy('place')
      .execute()
    for (const { artifact_id: id, name } of rows) {
      const known = tags.get(id)
      if (known === undefined) tags.set(id, [name])
      else known.push(name)
    }
  }
  return tags
}
