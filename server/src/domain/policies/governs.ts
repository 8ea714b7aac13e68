import { sql, type RawBuilder } from 'kysely'
import type { Flag } from '../../database/schema/columns.ts'
import { pullSwitches } from '../projects/project-metadata.ts'

/**
 * Whether anything has a word in what is pulled from the project: a column of the query that finds the manifest, so that
 * projects without a policy pay for no query of their own, and the answer is of the same moment as the manifest.
 */
export function governs(projectId: number): RawBuilder<Flag> {
  // The empty text keeps SQLite from building a table of the names for each look: the few rows of the project are gone through instead.
  const isSwitch = pullSwitches.map((name) => sql`name || '' = ${sql.lit(name)}`)
  return sql<Flag>`case when exists (
    select 1 from project_metadata where project_id = ${projectId} and value = 'true' and (${sql.join(isSwitch, sql` or `)})
  ) or exists (
    select 1 from pull_policy where project_id = ${projectId} and mode <> 'off'
  ) or exists (
    select 1 from pull_policy where project_id is null and mode <> 'off'
  ) then 1 else 0 end`
}

/** Whether the artifact of the query is held since its push: another column of it. */
export const isQuarantined = (): RawBuilder<Flag> =>
  sql<Flag>`case when exists (
    select 1 from quarantine_entry where quarantine_entry.artifact_id = artifact.id and released_at is null
  ) then 1 else 0 end`
