import { queryOptions, type QueryClient, QueryClient as Client } from '@tanstack/react-query'
import { ApiError } from './api-error.ts'
import { call, type AnswerOf, type InputArgument, type Operation } from './client.ts'

/**
 * Options for `useQuery` and `useSuspenseQuery`: `useQuery(query('GET /projects/{project_name_or_id}', { params }))`.
 * The key is the operation and its input, so the same question is asked once.
 */
export function query<Op extends Operation>(operation: Op, ...[input]: InputArgument<Op>) {
  return queryOptions({
    queryKey: [operation, input ?? {}] as const,
    queryFn: async ({ signal }): Promise<AnswerOf<Op>> => {
      const answer = await call(operation, ...([{ ...input, signal }] as unknown as InputArgument<Op>))
      // TanStack Query refuses undefined: an answer without a body is null.
      return (answer ?? null) as AnswerOf<Op>
    },
  })
}

/** After a change: asks again what begins with one of these paths (`/projects`), wherever it is on the screen. */
export async function invalidate(client: QueryClient, ...paths: readonly string[]): Promise<void> {
  await client.invalidateQueries({
    predicate: ({ queryKey: [operation] }) => {
      const path = typeof operation === 'string' ? operation.split(' ')[1] : undefined
      return path !== undefined && paths.some((prefix) => path.startsWith(prefix))
    },
  })
}

export function createQueryClient(): QueryClient {
  return new Client({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        // Only what may be better at the next try: a refusal stays one.
        retry: (count, error) => count < 2 && error instanceof ApiError && (error.status === 0 || error.status === 503),
        retryDelay: (attempt) => 500 * 2 ** attempt,
      },
    },
  })
}
