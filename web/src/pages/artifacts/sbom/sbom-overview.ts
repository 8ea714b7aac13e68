import { useQuery } from '@tanstack/react-query'
import { query } from '../../../api/queries.ts'
import { unattended } from '../../../api/session.ts'
import type { Place } from '../artifact-columns.tsx'
import { paramsOf, type ArtifactDetails } from '../artifact-part.ts'
import { isUnderWay } from '../scan/scan-overview.ts'

export type SbomOverview = NonNullable<ArtifactDetails['sbom_overview']>

const askAgainMs = 2_000

/** How the SBOM of an artifact stands; asked again by itself while it is being made. */
export function useSbomOverview(place: Place, artifact: ArtifactDetails): SbomOverview | undefined {
  const listed = artifact.sbom_overview
  const { data } = useQuery({
    ...query('GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}', {
      params: paramsOf(place, artifact),
      query: { with_sbom_overview: 'true' },
      ...unattended,
    }),
    enabled: isUnderWay(listed),
    refetchInterval: ({ state }) =>
      state.data === undefined || isUnderWay(state.data.sbom_overview) ? askAgainMs : false,
  })
  return isUnderWay(listed) && data !== undefined ? data.sbom_overview : listed
}

const states = ['Pending', 'Running', 'Success', 'Error', 'Stopped'] as const
export type SbomStatus = (typeof states)[number]

export const statusOf = ({ scan_status: word }: SbomOverview): SbomStatus =>
  states.find((each) => each === word) ?? 'Error'
