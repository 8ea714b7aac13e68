import type { Digest } from '#contract/digest.ts'
import { isIndexMediaType } from '#contract/media-types.ts'
import type { ArtifactDetails } from '../../../domain/artifacts/artifact-details.ts'
import { isScannable } from '../../../domain/scanning/scannable.ts'
import type { HarborServices } from '../frame/services.ts'
import { acceptedReportType, overviewOf, type Overview } from './scan-answer.ts'

interface ScanQuery {
  readonly with_scan_overview: boolean
}

type ShownScan = { readonly scan_overview?: Record<string, Overview> }

/** What the newest scans say of each of these artifacts: one query for all of them. Nothing when it was not asked for. */
export async function scansOf(
  { scans }: HarborServices,
  { query, request }: { readonly query: ScanQuery; readonly request: Request },
  artifacts: readonly ArtifactDetails[],
): Promise<(artifact: ArtifactDetails) => ShownScan> {
  if (!query.with_scan_overview) return () => ({})
  const type = acceptedReportType(request.headers.get('x-accept-vulnerabilities'))
  const states = await scans.states([...new Set(artifacts.flatMap(imagesOf))], 'vulnerability')
  return (artifact) => {
    const overview = overviewOf(imagesOf(artifact), states)
    return overview === undefined ? {} : { scan_overview: { [type]: overview } }
  }
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
