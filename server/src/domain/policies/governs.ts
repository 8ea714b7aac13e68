import { sql, type RawBuilder } from 'kysely'
import type { Reader } from '../../database/database.ts'
import type { Flag } from '../../database/schema/columns.ts'
import { pullSwitches } from '../projects/project-metadata.ts'

/**
 * Whether anything has a word in what is pulled from the project: a column of the query that finds the manifest, so that
 * projects without a policy pay for no query of their own, and the answer is of the same moment as the manifest.
 */
export function governs(db: Reader, projectId: number): RawBuilder<Flag> {
  const switched = db
    .selectFrom('project_metadata')
    .select('project_metadata.project_id')
    .where('project_metadata.project_id', '=', projectId)
    .where('project_metadata.name', 'in', pullSwitches)
    .where('project_metadata.value', '=', 'true')
  return sql<Flag>`case when exists ${switched} then 1 else 0 end`
}
