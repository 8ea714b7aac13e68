import { matcherOf } from '#contract/doublestar.ts'
import type { Reader } from '../../../database/database.ts'
import type { ScanFindings } from '../finding.ts'
import { unpackJson } from '../packed-json.ts'
import { readSeen } from '../statements/scan-views.ts'
import type { ExportScanDataPayload } from './export-job.ts'

/** An image of a repository, as it goes into an export. */
export interface ExportedImage {
  readonly artifactId: number
  readonly repositoryId: number
  /** With its project. */
  readonly repository: string
  readonly digest: string
}

export interface ExportedReport {
  /** Of the registration; empty when it is gone. */
  readonly scanner: string
  readonly findings: ScanFindings
}

/** Indexes are nested this deep at the most for their names to count. */
const maxDepth = 8

/** The next artifacts of the project behind that id, and those among them that the criteria choose. */
export async function listExportedImages(
  reader: Reader,
  { projectId, repositories, tags, labels }: ExportScanDataPayload,
  after: number,
  limit: number,
): Promise<{ readonly last: number | undefined; readonly images: readonly ExportedImage[] }> {
  const rows = await reader
    .selectFrom('artifact')
    .innerJoin('repository', 'repository.id', 'artifact.repository_id')
    .select(['artifact.id as artifactId', 'artifact.repository_id as repositoryId'])
    .select(['repository.name as repository', 'artifact.digest'])
    .where('repository.project_id', '=', projectId)
    .where('artifact.id', '>', after)
    .orderBy('artifact.id')
    .limit(limit)
    .execute()
  const isWanted = repositories === '' ? () => true : matcherOf(repositories)
  const images: ExportedImage[] = []
  for (const row of rows) {
    if (!isWanted(row.repository.slice(row.repository.indexOf('/') + 1))) continue
    if (tags === '' && labels.length === 0) images.push(row)
    else if (await isNamed(reader, row.artifactId, { tags, labels })) images.push(row)
  }
  return { last: rows.at(-1)?.artifactId, images }
}

/** An image of an index goes by the tags and labels of the index too. */
async function isNamed(
  reader: Reader,
  artifactId: number,
  { tags, labels }: Pick<ExportScanDataPayload, 'tags' | 'labels'>,
): Promise<boolean> {
  const ids = await withIndexes(reader, artifactId)
  if (labels.length > 0) {
    const labelled = await reader
      .selectFrom('artifact_label')
      .select('label_id')
      .where('artifact_id', 'in', ids)
      .where('label_id', 'in', [...labels])
      .limit(1)
      .executeTakeFirst()
    if (labelled === undefined) return false
  }
  if (tags === '') return true
  const isWanted = matcherOf(tags)
  const named = await reader.selectFrom('tag').select('name').where('artifact_id', 'in', ids).execute()
  return named.some(({ name }) => isWanted(name))
}

async function withIndexes(reader: Reader, artifactId: number): Promise<readonly number[]> {
  const ids = new Set([artifactId])
  let level = [artifactId]
  for (let depth = 0; depth < maxDepth && level.length > 0; depth += 1) {
    const parents = await reader
      .selectFrom('artifact_child')
      .select('parent_id')
      .where('child_id', 'in', level)
      .limit(1_000)
      .execute()
    level = parents.map(({ parent_id: id }) => id).filter((id) => !ids.has(id))
    for (const id of level) ids.add(id)
  }
  return [...ids]
}

/** What each scanner last reported of an image, one after the other, as its repository sees it. */
export async function* walkReports(
  reader: Reader,
  { repositoryId, digest }: Pick<ExportedImage, 'repositoryId' | 'digest'>,
): AsyncGenerator<ExportedReport, void> {
  const scans = await reader
    .selectFrom('scan')
    .leftJoin('scanner', 'scanner.id', 'scan.scanner_id')
    .select(['scan.scanner_id', 'scanner.name'])
    .where('scan.digest', '=', digest)
    .where('scan.kind', '=', 'vulnerability')
    .where('scan.body', 'is not', null)
    .orderBy('scan.scanner_id')
    .execute()
  for (const { scanner_id: scannerId, name } of scans) {
    const row = await reader
      .selectFrom('scan')
      .select(['body', 'reported_at'])
      .where('digest', '=', digest)
      .where('scanner_id', '=', scannerId)
      .where('kind', '=', 'vulnerability')
      .executeTakeFirst()
    if (row === undefined || row.body === null || row.reported_at === null) continue
    const report = { reportedAt: row.reported_at, findings: await unpackJson<ScanFindings>(row.body) }
    const { findings } = await readSeen(reader, { repositoryId, digest, scannerId }, report)
    yield { scanner: name ?? report.findings.scanner?.name ?? '', findings }
  }
}
