import { sql } from 'kysely'
import type { Digest } from '#contract/digest.ts'
import type { Reader } from '../../database/database.ts'
import { preparedQuery, type Param } from '../../database/prepared.ts'
import { severities, type Severity } from './advisories.ts'
import type { Finding, ScanFindings } from './finding.ts'
import { unpackJson } from './packed-json.ts'
import { reportRowsOf } from './report-rows.ts'
import { projectScannerKey } from './scanners.ts'
import type { ScanSummary } from './scan-summary.ts'

/** The head of the last good report of an image by the scanner of a project: what a policy looks at first. */
export interface JudgedReport {
  readonly scannerId: string
  readonly reportedAt: number
  /** The worst of what counts; undefined: nothing was found. */
  readonly severity: Severity | undefined
  /** What could not be judged: with one, nothing found is not "clean". */
  readonly gaps: ScanSummary['gaps']
}

/** One finding that counts, as a policy judges it. */
export interface JudgedFinding {
  readonly id: string
  readonly package: string
  readonly version: string
  readonly fixVersion: string
  readonly severity: Severity
  readonly isKnownExploited: boolean
  /** EPSS, from 0 to 1; undefined where it is not known. */
  readonly probability: number | undefined
}

/** The id of the scanner that a project chose, else of the default one: as `findScannerOf` chooses, within another query. */
const scannerIdOf = (db: Reader, projectId: number) =>
  db.selectNoFrom(({ fn, selectFrom }) =>
    fn
      .coalesce(
        selectFrom('project_metadata')
          .innerJoin('scanner', 'scanner.id', 'project_metadata.value')
          .select('scanner.id')
          .where('project_metadata.project_id', '=', projectId)
          .where('project_metadata.name', '=', projectScannerKey),
        selectFrom('scanner').select('scanner.id').where('scanner.is_default', '=', 1),
      )
      .as('id'),
  )

interface ReportRow {
  readonly scannerId: string
  readonly reportedAt: number | null
  readonly severity: number | null
  readonly summary: string | null
}

const reports = (db: Reader, param: Param<{ projectId: number }>) =>
  db
    .selectFrom('scan')
    .select(['scan.scanner_id as scannerId', 'scan.reported_at as reportedAt', 'scan.severity', 'scan.summary'])
    .where('scan.kind', '=', 'vulnerability')
    .where('scan.reported_at', 'is not', null)
    .where('scan.scanner_id', '=', scannerIdOf(db, param('projectId')))

const findReport = preparedQuery<{ projectId: number; digest: string }, ReportRow>((db, param) =>
  reports(db, param).where('scan.digest', '=', param('digest')),
)

/** Undefined while no scan of the image by the project's scanner has succeeded. */
export async function findJudgedReport(
  reader: Reader,
  projectId: number,
  digest: Digest,
): Promise<JudgedReport | undefined> {
  const row = await findReport.first(reader, { projectId, digest })
  if (row === undefined) return undefined
  return {
    scannerId: row.scannerId,
    reportedAt: row.reportedAt!,
    severity: row.severity === null ? undefined : severities[row.severity],
    gaps: row.summary === null ? [] : (JSON.parse(row.summary) as ScanSummary).gaps,
  }
}

interface FindingRow {
  readonly id: string
  readonly package: string
  readonly version: string
  readonly fixVersion: string
  readonly severity: number
  readonly exploited: number
  readonly probability: number | null
}

const findFindings = preparedQuery<{ digest: string; scannerId: string }, FindingRow>((db, param) =>
  db
    .selectFrom('scan_finding')
    .select([
      'vulnerability as id',
      'package',
      'version',
      'fix_version as fixVersion',
      'severity',
      'exploited',
      'probability',
    ])
    .where('digest', '=', param('digest'))
    .where('scanner_id', '=', param('scannerId')),
)

/** What the report counts: each vulnerability of a version of a package once, without what VEX statements speak for. */
export async function listJudgedFindings(
  reader: Reader,
  digest: Digest,
  { scannerId }: JudgedReport,
): Promise<readonly JudgedFinding[]> {
  const rows = await findFindings.all(reader, { digest, scannerId })
  return rows.map(judgedOf)
}

/** Findings that have no rows, as a policy judges them. */
export const judgedFindingsOf = (findings: readonly Finding[]): readonly JudgedFinding[] =>
  reportRowsOf({ findings, gaps: [] }).findings.map(({ vulnerability: id, fix_version: fixVersion, ...row }) =>
    judgedOf({ ...row, id, fixVersion }),
  )

const judgedOf = ({ id, package: name, version, fixVersion, severity, exploited, probability }: FindingRow) => ({
  ...{ id, package: name, version, fixVersion },
  severity: severities[severity]!,
  isKnownExploited: exploited === 1,
  probability: probability === null ? undefined : probability / 10_000,
})

/** When each vulnerability of a report was published (ms), where that is known. Reads the whole report. */
export async function publicationsOf(
  reader: Reader,
  digest: Digest,
  { scannerId }: JudgedReport,
): Promise<ReadonlyMap<string, number>> {
  const row = await reader
    .selectFrom('scan')
    .select('body')
    .where('digest', '=', digest)
    .where('scanner_id', '=', scannerId)
    .where('kind', '=', 'vulnerability')
    .executeTakeFirst()
  if (row === undefined || row.body === null) return new Map()
  const { findings } = await unpackJson<ScanFindings>(row.body)
  return new Map(
    findings.flatMap(({ id, detail }) => {
      const published = Date.parse(detail?.published ?? '')
      return Number.isNaN(published) ? [] : [[id, published] as const]
    }),
  )
}

interface LeafRow {
  readonly id: number
  readonly digest: string
  readonly mediaType: string
}

/** Of one index; it is refused at the first that is an image, and each is judged by itself when it is pulled. */
const maxUnscanned = 1_000

const findUnscanned = preparedQuery<{ artifactId: number; projectId: number }, LeafRow>((db, param) =>
  db
    .withRecursive('below', (recursive) =>
      recursive
        .selectFrom('artifact_child')
        .select('child_id')
        .where('parent_id', '=', param('artifactId'))
        .union(
          recursive
            .selectFrom('artifact_child')
            .innerJoin('below', 'below.child_id', 'artifact_child.parent_id')
            .select('artifact_child.child_id'),
        ),
    )
    .selectFrom('below')
    .innerJoin('artifact', 'artifact.id', 'below.child_id')
    .select(['artifact.id', 'artifact.digest', 'artifact.media_type as mediaType'])
    .where((eb) =>
      eb.not(eb.exists(eb.selectFrom('artifact_child').select('child_id').whereRef('parent_id', '=', 'artifact.id'))),
    )
    .where((eb) => eb.not(eb.exists(reports(db, param).where('scan.digest', '=', sql.ref<string>('artifact.digest')))))
    .orderBy('artifact.id')
    .limit(maxUnscanned),
)

/** Manifests below an index, however deep, that no scan of the project's scanner has a report of. */
export async function listUnscanned(
  reader: Reader,
  projectId: number,
  artifactId: number,
): Promise<readonly LeafRow[]> {
  return await findUnscanned.all(reader, { artifactId, projectId })
}
