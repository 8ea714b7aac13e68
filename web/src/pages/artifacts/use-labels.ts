import { useQueries } from '@tanstack/react-query'
import type { RowOf } from '../../api/client.ts'
import { query } from '../../api/queries.ts'

export type Label = RowOf<'GET /labels'>

interface FoundLabels {
  /** What has come of them. */
  readonly labels: readonly Label[]
  readonly isComplete: boolean
  readonly error: Error | null
}

/** Labels of the project and of the registry: the API answers for one of the two at a time. */
export function useLabels(projectId: number | undefined): FoundLabels {
  const [own, global] = useQueries({
    queries: [
      {
        ...query('GET /labels', { query: { scope: 'p', project_id: projectId ?? 0, page_size: 100 } }),
        enabled: projectId !== undefined,
      },
      query('GET /labels', { query: { scope: 'g', page_size: 100 } }),
    ],
  })
  return {
    labels: [...(own.data ?? []), ...(global.data ?? [])],
    isComplete: own.data !== undefined && global.data !== undefined,
    error: own.error ?? global.error,
  }
}
