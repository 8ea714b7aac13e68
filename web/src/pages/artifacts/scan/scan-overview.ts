import { useQuery, useQueryClient } from '@tanstack/react-query'
import { call } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { unattended } from '../../../api/session.ts'
import type { Artifact, Place } from '../artifact-columns.tsx'
import { paramsOf } from '../artifact-part.ts'

export type ScanOverview = NonNullable<Artifact['scan_overview']>[string]

type Scanned = Pick<Artifact, 'digest' | 'scan_overview'>

const item = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}' as const
/** The badges of a list ask one by one, those that can be seen. */
const askAgainMs = 2_500

export const isScannable = ({ addition_links: links }: Pick<Artifact, 'addition_links'>): boolean =>
  links['vulnerabilities'] !== undefined

export const overviewOf = ({ scan_overview: found }: Pick<Artifact, 'scan_overview'>): ScanOverview | undefined =>
  Object.values(found ?? {})[0]

export const isUnderWay = (overview: Pick<ScanOverview, 'scan_status'> | undefined): boolean =>
  overview?.scan_status === 'Pending' || overview?.scan_status === 'Running'

/** The newest scan of an artifact; asked again by itself while it is under way. */
export function useScanOverview(place: Place, artifact: Scanned): ScanOverview | undefined {
  const listed = overviewOf(artifact)
  const { data } = useQuery({
    ...query(`GET ${item}`, {
      params: paramsOf(place, artifact),
      query: { with_scan_overview: 'true' },
      ...unattended,
    }),
    enabled: isUnderWay(listed),
    refetchInterval: ({ state }) =>
      state.data === undefined || isUnderWay(overviewOf(state.data)) ? askAgainMs : false,
  })
  return isUnderWay(listed) && data !== undefined ? overviewOf(data) : listed
}

/** Starts and stops the scan of an artifact, or the making of its SBOM, and lets every page know. */
export function useScanCommands(
  place: Place,
  artifact: Pick<Artifact, 'digest'>,
  kind: 'vulnerability' | 'sbom' = 'vulnerability',
) {
  const client = useQueryClient()
  const params = paramsOf(place, artifact)
  const body = { scan_type: kind }
  const after = async () => await invalidate(client, '/projects')
  return {
    start: async () => {
      await call(`POST ${item}/scan`, { params, body })
      await after()
    },
    stop: async () => {
      await call(`POST ${item}/scan/stop`, { params, body })
      await after()
    },
  }
}
