import { sql, type RawBuilder, type SqlBool } from 'kysely'
import { mediaTypes } from '#contract/media-types.ts'
import { DomainError } from '../errors.ts'
import type { Condition } from '../lists/listing.ts'
import { severities, severityRank } from './advisories.ts'

/** Of an artifact the image itself, of an index its images. */
const imagesHave = (scan: RawBuilder<SqlBool>) => sql<SqlBool>`(
  exists (select 1 from scan where scan.digest = artifact.digest and scan.kind = 'vulnerability' and ${scan})
  or exists (
    select 1 from artifact_child
      inner join artifact as image on image.id = artifact_child.child_id
      inner join scan on scan.digest = image.digest
    where artifact_child.parent_id = artifact.id and scan.kind = 'vulnerability' and ${scan}))`

const isImage = sql<SqlBool>`(
  artifact.media_type in (${mediaTypes.ociIndex}, ${mediaTypes.dockerManifestList})
  or artifact.artifact_type in (${mediaTypes.ociConfig}, ${mediaTypes.dockerConfig}))`

const states: Readonly<Record<string, RawBuilder<SqlBool>>> = {
  exploited: imagesHave(sql<SqlBool>`scan.exploited > 0`),
  failed: imagesHave(sql<SqlBool>`scan.status = 'error'`),
  none: sql<SqlBool>`(${isImage} and not ${imagesHave(sql<SqlBool>`scan.reported_at is not null`)})`,
}

/**
 * Beyond Harbor, of lists of artifacts: `severity=high` has findings of that severity or a worse one; `scan=none` has no good report,
 * `scan=failed` a scan that failed, `scan=exploited` something that is known to be exploited.
 * @throws DomainError BAD_REQUEST
 */
export function scanConditions(conditions: readonly Condition[] = []): readonly RawBuilder<SqlBool>[] {
  return conditions.flatMap((condition) => {
    const { kind, key } = condition
    if (key !== 'severity' && key !== 'scan') return []
    const value = kind === 'exact' ? condition.value.toLowerCase() : ''
    if (key === 'scan' && Object.hasOwn(states, value)) return [states[value]!]
    const severity = severities.find((each) => each.toLowerCase() === value)
    if (key === 'severity' && severity !== undefined)
      return [imagesHave(sql<SqlBool>`scan.severity >= ${severityRank(severity)}`)]
    throw new DomainError(
      'BAD_REQUEST',
      'artifacts can be asked for as severity=critical (high, medium, low, negligible, unknown) and scan=none (failed, exploited)',
    )
  })
}
