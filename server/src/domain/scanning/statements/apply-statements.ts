import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database, Reader, Writer } from '../../../database/database.ts'
import type { Actor } from '../../access/actor.ts'
import { purlOfImage } from '../detection/sbom/bom-subject.ts'
import { findAttachedFindings, type AttachedFindingsServices } from '../sboms/attached-findings.ts'
import type { ScanFindings } from '../finding.ts'
import { unpackJson } from '../packed-json.ts'
import { applyVexLevels, type VexSubject } from '../vex/apply-vex.ts'
import type { VexDocument } from '../vex/vex-statement.ts'
import { listVexReferrers, readVexReferrers, type ReferrerVexServices } from './referrer-vex.ts'
import { packView, writeView } from './scan-views.ts'
import { readVexDocuments } from './vex-documents.ts'

export interface StatementServices extends ReferrerVexServices, AttachedFindingsServices {
  readonly database: Database
  /** Of this registry, as clients name it; undefined where it is not configured. */
  readonly host: string | undefined
}

/** How the rows are written: a job's `transact`, so that one who lost the job writes nothing. */
type Transact = (work: (tx: Writer) => Promise<void>) => Promise<void>

export interface ApplyOptions {
  readonly transact: Transact
  readonly log: (line: string) => void
  /** Whose members read the log: names of other projects are none of their business. Left out where administrators do. */
  readonly projectId: number | undefined
}

/** Of one image; it is in few repositories. */
const maxRepositories = 1_000

/**
 * Looks at what VEX statements say of the last good reports of an image, in each repository that has it: those that the project was given
 * are believed first, then those of the registry, then those that somebody attached. Where the project prefers them, attached bills of
 * materials are compared with the data in use. A report itself stays as it is.
 */
export async function applyStatements(
  services: StatementServices,
  actor: Actor,
  digest: Digest,
  { transact, log: logLine, projectId }: ApplyOptions,
): Promise<void> {
  const { read } = services.database
  const places = await placesOf(read, digest)
  if (places.length === 0) return
  const registry = await readVexDocuments(read, undefined)
  const projects = new Map<number, readonly VexDocument[]>()
  const reports = await reportsOf(read, digest)
  for (const place of places) {
    const log = projectId === undefined || place.projectId === projectId ? logLine : () => {}
    const project = projects.get(place.projectId) ?? (await readVexDocuments(read, place.projectId))
    projects.set(place.projectId, project)
    const indexes = await indexesOf(read, place.artifactId)
    const referrers = await listVexReferrers(read, place.repositoryId, [digest, ...indexes])
    const attached = await readVexReferrers(services, actor, place.repository, referrers, (from, why) =>
      log(`${from} says nothing of vulnerabilities here: ${why}`),
    )
    const levels = [
      { source: 'project', documents: project },
      { source: 'registry', documents: registry },
      { source: 'referrer', documents: attached.map(({ document }) => document) },
    ] as const
    const subject = subjectOf(services.host, place.repository, digest, indexes)
    const counted = [...new Set(attached.map((each) => each.digest))]
    const attachedReport = await findAttachedFindings(services, actor, { ...place, digest, indexes }, log)
    for (const { scannerId, isBuiltIn, reportedAt, findings } of reports) {
      const view = await packView({
        report: findings,
        // Other scanners have data of their own, and were not asked about it.
        attached: isBuiltIn ? attachedReport : undefined,
        apply: (all) => applyVexLevels(all, levels, subject),
      })
      const key = { repositoryId: place.repositoryId, digest, scannerId }
      const referrers = view?.sbom === undefined || view.sbom === null ? counted : [...counted, view.sbom]
      await transact((tx) => writeView(tx, key, reportedAt, view, referrers))
      if (view !== undefined && view.body.length > 0)
        log(`${place.repository}: its report is seen by what was given and attached`)
    }
  }
}

function subjectOf(
  host: string | undefined,
  repository: RepositoryName,
  digest: Digest,
  indexes: readonly Digest[],
): VexSubject {
  const purl = purlOfImage(repository, { host, digest })
  return {
    digest,
    ...(purl === undefined ? {} : { purl }),
    within: indexes.map((index) => subjectOf(host, repository, index, [])),
  }
}

interface Place {
  readonly repositoryId: number
  readonly repository: RepositoryName
  readonly projectId: number
  readonly artifactId: number
}

async function placesOf(reader: Reader, digest: Digest): Promise<readonly Place[]> {
  const rows = await reader
    .selectFrom('artifact')
    .innerJoin('repository', 'repository.id', 'artifact.repository_id')
    .select(['artifact.id', 'artifact.repository_id', 'repository.name', 'repository.project_id'])
    .where('artifact.digest', '=', digest)
    .orderBy('artifact.id')
    .limit(maxRepositories)
    .execute()
  return rows.map((row) => ({
    repositoryId: row.repository_id,
    repository: row.name as RepositoryName,
    projectId: row.project_id,
    artifactId: row.id,
  }))
}

async function indexesOf(reader: Reader, artifactId: number): Promise<readonly Digest[]> {
  const rows = await reader
    .selectFrom('artifact_child')
    .innerJoin('artifact', 'artifact.id', 'artifact_child.parent_id')
    .select('artifact.digest')
    .where('artifact_child.child_id', '=', artifactId)
    .orderBy('artifact.id', 'desc')
    .limit(20)
    .execute()
  return rows.map(({ digest }) => digest as Digest)
}

async function reportsOf(reader: Reader, digest: Digest) {
  const rows = await reader
    .selectFrom('scan')
    .leftJoin('scanner', 'scanner.id', 'scan.scanner_id')
    .select(['scanner_id', 'reported_at', 'body', 'is_built_in'])
    .where('digest', '=', digest)
    .where('kind', '=', 'vulnerability')
    .where('reported_at', 'is not', null)
    .execute()
  return await Promise.all(
    rows.flatMap(({ scanner_id: scannerId, reported_at: reportedAt, body, is_built_in: builtIn }) =>
      reportedAt === null || body === null
        ? []
        : [
            unpackJson<ScanFindings>(body).then((findings) => ({
              ...{ scannerId, reportedAt, findings, isBuiltIn: builtIn === 1 },
            })),
          ],
    ),
  )
}
