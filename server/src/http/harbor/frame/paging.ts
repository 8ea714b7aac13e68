import { z } from 'zod'

/** `page` and `page_size` of every list. Zero or less means all, as Harbor's own clients ask it. */
export const pageQuery = {
  page: z.coerce.number().int().default(1).describe('The page number, from 1.'),
  page_size: z.coerce
    .number()
    .int()
    .max(100, 'should be less than or equal to 100')
    .default(10)
    .describe('Entries per page, 100 at the most; 0 or less for all.'),
}

/** `q` and `sort` of lists that have them. */
export const listQuery = {
  ...pageQuery,
  q: z.string().max(4096).optional().describe('Filter: k=v, k=~v, k=[a~b], k={a b}, k=(a b), separated by commas.'),
  sort: z.string().max(1024).optional().describe('Keys separated by commas, a minus before a key to reverse it.'),
}

/** Even "all" ends somewhere: memory per request is bounded. */
const mostRows = 10_000

export interface Page {
  readonly limit: number
  readonly offset: number
}

export function pageOf(query: { readonly page: number; readonly page_size: number }): Page {
  if (query.page_size <= 0) return { limit: mostRows, offset: 0 }
  return { limit: query.page_size, offset: (Math.max(query.page, 1) - 1) * query.page_size }
}

/** X-Total-Count and Link, in the form Harbor's clients parse: relative, unescaped, keys sorted. */
export function pageHeaders(
  call: {
    readonly path: string
    readonly search: string
    readonly query: { readonly page: number; readonly page_size: number }
  },
  total: number,
): Record<string, string> {
  const { page, page_size: size } = call.query
  const links: string[] = []
  const link = (to: number, rel: string) => links.push(`<${pageUrl(call.path, call.search, to, size)}>; rel="${rel}"`)
  if (size > 0) {
    if (page > 1 && (page - 1) * size < total) link(page - 1, 'prev')
    if (page * size < total) link(page + 1, 'next')
  }
  return { 'x-total-count': String(total), link: links.join(' , ') }
}

/** The link to the next page of a list that goes on behind the last entry of this one; empty on the last page. */
export function cursorLink(path: string, search: string, next: number | undefined, name = 'cursor'): string {
  return next === undefined ? '' : `<${urlWith(path, search, { [name]: next })}>; rel="next"`
}

function pageUrl(path: string, search: string, page: number, size: number): string {
  return urlWith(path, search, { page, page_size: size })
}

function urlWith(path: string, search: string, changes: Readonly<Record<string, number>>): string {
  const parameters = new URLSearchParams(search)
  for (const [key, value] of Object.entries(changes)) parameters.set(key, String(value))
  const pairs = [...parameters].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  // What clients wrote may not end the header or the link.
  // oxlint-disable-next-line no-control-regex
  const safe = (value: string) => value.replace(/[\u0000-\u0020<>"\u007f-\uffff]/g, encodeURIComponent)
  return `${path}?${pairs.map(([key, value]) => `${key}=${safe(value)}`).join('&')}`
}
