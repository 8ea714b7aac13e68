import { z } from 'zod'
import type { Listed } from '../../../domain/lists/listing.ts'

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
const maxRows = 10_000

export interface Page {
  readonly limit: number
  readonly offset: number
}

export function pageOf(query: { readonly page: number; readonly page_size: number }): Page {
  if (query.page_size <= 0) return { limit: maxRows, offset: 0 }
  return { limit: query.page_size, offset: (Math.max(query.page, 1) - 1) * query.page_size }
}

/** A page ends before the row that would make it larger, but has one at least. */
const maxPageBytes = 4 * 1024 * 1024

/** JSON that is written already. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What a request for a page says. */
export interface PageCall {
  readonly path: string
  readonly search: string
  readonly query: { readonly page: number; readonly page_size: number }
}

/**
 * A page of a list: as many of its rows as fit into some MiB. Where they do not all fit, and where "all" are more than
 * were read, the link to the next page leads to the first row that is left out.
 */
export function pageAnswer<Row>(
  call: PageCall,
  { rows, total, isCut = false }: Listed<Row>,
  present: (row: Row) => unknown,
): { body: JsonText; headers: Record<string, string> } {
  const texts: string[] = []
  let length = 0
  for (const row of rows) {
    const text = JSON.stringify(present(row))
    length += text.length
    if (texts.length > 0 && length > maxPageBytes) break
    texts.push(text)
  }
  const { offset } = pageOf(call.query)
  const isLast = (call.query.page_size > 0 && !isCut) || rows.length === 0 || offset + rows.length >= total
  const isWhole = texts.length === rows.length && isLast
  const cut = isWhole ? undefined : cutPage(offset, texts.length)
  const shown = cut === undefined ? texts : texts.slice(0, cut.rows)
  const headers = pageHeaders(call, total)
  return {
    body: new JsonText(`[${shown.join()}]`),
    headers: cut === undefined ? headers : { ...headers, link: withNext(call, headers['link'] ?? '', cut) },
  }
}

/** Where a page that ends early ends, so that the next one can be asked for by its number: pages are of one size. */
interface Cut {
  readonly rows: number
  readonly nextPage: number
  readonly nextSize: number
}

const sizesOfNext = [100, 50, 20, 10, 5, 2, 1]

function cutPage(offset: number, fitting: number): Cut {
  const nextSize = sizesOfNext.find((size) => size <= fitting) ?? 1
  const end = offset + fitting - ((offset + fitting) % nextSize)
  return { rows: end - offset, nextPage: end / nextSize + 1, nextSize }
}

function withNext({ path, search }: PageCall, links: string, { nextPage, nextSize }: Cut): string {
  const others = links.split(' , ').filter((link) => link !== '' && !link.endsWith('rel="next"'))
  return [...others, `<${pageUrl(path, search, nextPage, nextSize)}>; rel="next"`].join(' , ')
}

/**
 * X-Total-Count and Link, in the form Harbor's clients parse: relative, unescaped, keys sorted. `cursor`: where the link
 * to the next page goes on, in a list that is read by keys.
 */
export function pageHeaders(call: PageCall, total: number, cursor?: number): Record<string, string> {
  const { page, page_size: size } = call.query
  const links: string[] = []
  const link = (rel: string, changes: Readonly<Record<string, number>>) =>
    links.push(`<${urlWith(call.path, call.search, { ...changes, page_size: size })}>; rel="${rel}"`)
  if (size > 0) {
    if (page > 1 && (page - 1) * size < total) link('prev', { page: page - 1 })
    const next = { page: page + 1, ...(cursor === undefined ? {} : { cursor }) }
    if (page * size < total || cursor !== undefined) link('next', next)
  } else if (cursor !== undefined) link('next', { cursor })
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
  // What clients wrote may not end the header, the link or a parameter; whole characters, not halves of pairs, are escaped.
  // oxlint-disable-next-line no-control-regex
  const safe = (text: string) => text.replace(/[\u0000-\u0020<>"#%&+\u007f-\u{10ffff}]/gu, encodeURIComponent)
  return `${path}?${pairs.map(([key, value]) => `${safe(key).replaceAll('=', '%3D')}=${safe(value)}`).join('&')}`
}
