import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { callForRows, type InputOf, type Operation, type RowOf, type Rows } from './client.ts'
import { maxRowsOfAll, pageSize, type PagedRows } from './paged-rows.ts'

/**
 * Rows of an operation that leads from page to page by its Link header and counts nothing: more are loaded when somebody comes near
 * the end. `input.query` has everything but the page.
 */
export function useKeysetRows<Op extends Operation>(operation: Op, input: InputOf<Op>): PagedRows<RowOf<Op>> {
  const pages = useInfiniteQuery({
    queryKey: [operation, input, 'keyset'] as const,
    queryFn: async ({ pageParam, signal }): Promise<Rows<RowOf<Op>>> => {
      const query = { page_size: pageSize, ...(input as { query?: object }).query, ...pageParam }
      return await callForRows(operation, { ...input, query, signal } as unknown as InputOf<Op>)
    },
    initialPageParam: {} as Readonly<Record<string, string>>,
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
  })
  const rows = pages.data?.pages.flatMap(({ rows: page }) => page)
  return {
    // One more than is there, for the row at which the next page is asked for.
    total: rows === undefined ? undefined : rows.length + (pages.hasNextPage ? 1 : 0),
    rowAt: (index) => rows?.[index],
    show: (_, last) => {
      if (rows !== undefined && last >= rows.length - 1 && pages.hasNextPage && !pages.isFetching)
        void pages.fetchNextPage()
    },
    error: pages.error,
    isReplacing: pages.isPlaceholderData,
    retry: () => void pages.refetch(),
    isCounted: false,
    all: async () => {
      const found: RowOf<Op>[] = []
      for (let next: Readonly<Record<string, string>> | undefined = {}; next !== undefined;) {
        const query = { page_size: pageSize, ...(input as { query?: object }).query, ...next }
        const page: Rows<RowOf<Op>> = await callForRows(operation, { ...input, query } as unknown as InputOf<Op>)
        found.push(...page.rows)
        next = found.length < maxRowsOfAll ? page.next : undefined
      }
      return found
    },
  }
}
