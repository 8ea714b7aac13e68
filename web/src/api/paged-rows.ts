import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { callForRows, type InputOf, type Operation, type RowOf, type Rows } from './client.ts'

export const pageSize = 50

/** A list of which only those pages are loaded that somebody looks at. */
export interface PagedRows<Row> {
  /** Undefined until the first page has come. */
  readonly total: number | undefined
  /** Undefined while its page is on its way. */
  rowAt(index: number): Row | undefined
  /** Says which rows are on the screen. */
  show(first: number, last: number): void
  readonly error: Error | null
  /** Another filter or order is on its way; the rows are still those of the one before. */
  readonly isReplacing: boolean
  retry(): void
  /** The list says how many there are in all. */
  readonly isCounted: boolean
  /** Every row, also those that nobody has looked at yet; the first ten thousand of a longer list. */
  all(): Promise<readonly Row[]>
}

/** As many as somebody can want to do the same to. */
export const maxRowsOfAll = 10_000
const sizeOfAll = 100

/**
 * Rows of an operation with `page`, `page_size` and X-Total-Count. `input.query` has everything but the page.
 * A list of 100,000 rows costs what is on the screen, wherever in it somebody is.
 */
export function usePagedRows<Op extends Operation>(operation: Op, input: InputOf<Op>): PagedRows<RowOf<Op>> {
  const [wanted, setWanted] = useState<readonly number[]>([1])
  const optionsOf = (page: number) => ({
    queryKey: [operation, input, 'page', page] as const,
    queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Rows<RowOf<Op>>> => {
      const query = { ...(input as { query?: object }).query, page, page_size: pageSize }
      return await callForRows(operation, { ...input, query, signal } as unknown as InputOf<Op>)
    },
  })
  const first = useQuery({ ...optionsOf(1), placeholderData: keepPreviousData })
  const others = useQueries({ queries: wanted.filter((page) => page > 1).map(optionsOf) })
  const total = first.data?.total ?? first.data?.rows.length
  const pages = new Map<number, Rows<RowOf<Op>>>()
  if (first.data !== undefined) pages.set(1, first.data)
  wanted
    .filter((page) => page > 1)
    .forEach((page, index) => {
      const data = others[index]?.data
      if (data !== undefined) pages.set(page, data)
    })
  const show = useMemo(() => {
    return (firstIndex: number, lastIndex: number) => {
      const from = Math.floor(firstIndex / pageSize) + 1
      const to = Math.floor(Math.max(firstIndex, lastIndex) / pageSize) + 1
      const next = Array.from({ length: to - from + 1 }, (_, offset) => from + offset)
      setWanted((before) => (before.join() === next.join() ? before : next))
    }
  }, [])
  const failed = [first, ...others].find(({ error }) => error !== null)
  return {
    total,
    rowAt: (index) => pages.get(Math.floor(index / pageSize) + 1)?.rows[index % pageSize],
    show,
    error: failed?.error ?? null,
    isReplacing: first.isPlaceholderData,
    retry: () => void failed?.refetch(),
    isCounted: true,
    all: async () => {
      const found: RowOf<Op>[] = []
      for (let page = 1; found.length < maxRowsOfAll; page += 1) {
        const query = { ...(input as { query?: object }).query, page, page_size: sizeOfAll }
        const { rows } = await callForRows(operation, { ...input, query } as unknown as InputOf<Op>)
        found.push(...rows)
        if (rows.length < sizeOfAll) break
      }
      return found
    },
  }
}
