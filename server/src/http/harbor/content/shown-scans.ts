import type { Digest } from '#contract/digest.ts'
import { isIndexMediaType } from '#contract/media-types.ts'
import type { ArtifactDetails } from '../../../domain/artifacts/artifact-details.ts'
import { isScannable } from '../../../domain/scanning/scannable.ts'
import type { ScanState } from '../../../domain/scanning/scan-state.ts'
import { listViews, type ScanView } from '../../../domain/scanning/statements/scan-views.ts'
import { listSboms } from '../../../domain/scanning/sboms/stored-sboms.ts'
import type { HarborServices } from '../frame/services.ts'
import { sbomOverviewOf, sbomOverviewOfIndex, type SbomOverview } from './sbom-answer.ts'
import { acceptedReportType, overviewOf, type Overview } from './scan-answer.ts'

interface ScanQuery {
  readonly with_scan_overview: boolean
  readonly with_sbom_overview: boolean
}

type ShownScan = { readonly scan_overview?: Record<string, Overview>; readonly sbom_overview?: SbomOverview }

interface ScanCall {
  readonly query: ScanQuery
  readonly request: Request
}

/** What the newest scans and SBOMs say of each of these artifacts: few queries for all of them. Nothing when it was not asked for. */
export async function scansOf(
  services: HarborServices,
  call: ScanCall,
  artifacts: readonly ArtifactDetails[],
): Promise<(artifact: ArtifactDetails) => ShownScan> {
  const reports = await reportsOf(services, call, artifacts)
  const sboms = await sbomsOf(services, call, artifacts)
  return (artifact) => ({ ...reports(artifact), ...sboms(artifact) })
}

type Shown = (artifact: ArtifactDetails) => ShownScan

async function sbomsOf(
  { sboms, database }: HarborServices,
  { query }: ScanCall,
  artifacts: readonly ArtifactDetails[],
): Promise<Shown> {
  if (!query.with_sbom_overview) return () => ({})
  const repositoryIds = [...new Set(artifacts.map(({ repositoryId }) => repositoryId))]
  const images = [...new Set(artifacts.flatMap(imagesOf))]
  const keyOf = (repositoryId: number, digest: string) => `${repositoryId} ${digest}`
  const runs = new Map(
    (await sboms.list(repositoryIds, images)).map((run) => [keyOf(run.repositoryId, run.digest), run]),
  )
  const stored = new Map(
    (await listSboms(database.read, repositoryIds, images)).map((sbom) => [
      keyOf(sbom.repositoryId, sbom.subject),
      sbom,
    ]),
  )
  return (artifact) => {
    const { repositoryId, digest } = artifact
    const key = keyOf(repositoryId, digest)
    const overview = isIndexMediaType(artifact.mediaType)
      ? sbomOverviewOfIndex(imagesOf(artifact).flatMap((image) => runs.get(keyOf(repositoryId, image)) ?? []))
      : sbomOverviewOf(runs.get(key), stored.get(key))
    return overview === undefined ? {} : { sbom_overview: overview }
  }
}

async function reportsOf(
  { scans, database }: HarborServices,
  { query, request }: ScanCall,
  artifacts: readonly ArtifactDetails[],
): Promise<Shown> {
  if (!query.with_scan_overview) return () => ({})
  const type = acceptedReportType(request.headers.get('x-accept-vulnerabilities'))
  const images = [...new Set(artifacts.flatMap(imagesOf))]
  const states = await scans.states(images, 'vulnerability')
  const repositoryIds = [...new Set(artifacts.map(({ repositoryId }) => repositoryId))]
  const views = Map.groupBy(await listViews(database.read, repositoryIds, images), (view) => view.repositoryId)
  return (artifact) => {
    const overview = overviewOf(imagesOf(artifact), seenBy(states, views.get(artifact.repositoryId) ?? []))
    return overview === undefined ? {} : { scan_overview: { [type]: overview } }
  }
}

/** The states as a repository sees them: without what VEX statements rule out there, by the SBOM that somebody attached. */
function seenBy(states: ReadonlyMap<Digest, ScanState>, views: readonly ScanView[]): ReadonlyMap<Digest, ScanState> {
  if (views.length === 0) return states
  const seen = new Map(states)
  for (const { digest, scannerId, reportedAt, severity, summary, sbom } of views) {
    const state = states.get(digest)
    if (state?.report === undefined || state.scannerId !== scannerId || state.report.reportedAt !== reportedAt) continue
    seen.set(digest, { ...state, report: { ...state.report, severity, summary, sbom } })
  }
  return seen
}

/** The images of an artifact as its own manifest names them. */
function imagesOf(artifact: ArtifactDetails): readonly Digest[] {
  if (!isScannable(artifact)) return []
  if (!isIndexMediaType(artifact.mediaType)) return [artifact.digest]
  return artifact.references
    .filter(({ descriptor: { annotations, platform } }) => {
      const isAttestation = annotations?.['vnd.docker.reference.type'] === 'attestation-manifest'
      return !isAttestation && platform?.os !== 'unknown'
    })
    .map(({ descriptor: { digest } }) => digest)
}
