import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { pageAnswer, pageOf } from './paging.ts'

const mib = 1024 * 1024

/** Reads a list of rows of the given sizes as a client does that follows the links; gives its pages. */
function follow(sizes: readonly number[], first: { readonly page: number; readonly page_size: number }) {
  const pages: { readonly rows: readonly number[]; readonly bytes: number }[] = []
  let query = first
  for (let requests = 0; requests <= sizes.length * 2; requests++) {
    const { limit, offset } = pageOf(query)
    const rows = sizes.slice(offset, offset + limit).map((size, at) => ({ id: offset + at, size }))
    const { body, headers } = pageAnswer(
      { path: '/things', search: `page=${query.page}&page_size=${query.page_size}`, query },
      { rows, total: sizes.length },
      ({ id, size }) => ({ id, text: 'x'.repeat(size) }),
    )
    const shown = JSON.parse(body.text) as { id: number }[]
    pages.push({ rows: shown.map(({ id }) => id), bytes: body.text.length })
    expect(headers['x-total-count']).toBe(String(sizes.length))
    const next = /page=(\d+)&page_size=(\d+)>; rel="next"/.exec(headers['link'] ?? '')
    if (next === null) return pages
    query = { page: Number(next[1]), page_size: Number(next[2]) }
  }
  throw new Error('the links lead nowhere')
}

describe('a page of a list', () => {
  test('that fits is whole, with the links that Harbor gives', () => {
    expect(follow([1, 1, 1, 1, 1], { page: 1, page_size: 2 }).map(({ rows }) => rows)).toEqual([[0, 1], [2, 3], [4]])
    expect(follow([1, 1, 1], { page: 1, page_size: 0 }).map(({ rows }) => rows)).toEqual([[0, 1, 2]])
    expect(follow([], { page: 1, page_size: 0 }).map(({ rows }) => rows)).toEqual([[]])
  })

  test('ends by bytes as well as by count, and the links reach every row once', () => {
    const size = fc.constantFrom(10, 100, mib / 8, mib, 5 * mib)
    fc.assert(
      fc.property(
        fc.array(size, { minLength: 1, maxLength: 30 }),
        fc.constantFrom(0, -1, 1, 3, 10, 100),
        (sizes, pageSize) => {
          const pages = follow(sizes, { page: 1, page_size: pageSize })
          expect(pages.flatMap(({ rows }) => rows)).toEqual(sizes.map((_, at) => at))
          for (const { rows, bytes } of pages) expect(rows.length === 1 || bytes <= 5 * mib).toBe(true)
        },
      ),
      { numRuns: 30 },
    )
  })

  test('links to the next one with whatever the client wrote, and it reads there as it was', () => {
    const odd = ['😀', 'é', '\r\nset-cookie: a=b', '>; rel="next"', 'a&b', '50%', '%00', 'a+b', '#', '\ufffd', 'İ']
    for (const text of odd) {
      const search = new URLSearchParams([
        ['q', `name=${text}`],
        [text, 'x'],
        ['page_size', '1'],
      ]).toString()
      const query = { page: 1, page_size: 1 }
      const { headers } = pageAnswer({ path: '/things', search, query }, { rows: [1], total: 2 }, (row) => row)
      const link = new Headers(headers).get('link') ?? ''
      const target = /^<\/things\?([^<>]+)>; rel="next"$/.exec(link)?.[1] ?? ''
      const read = new URLSearchParams(target)
      expect([read.get('q'), read.get(text), read.get('page')]).toEqual([`name=${text}`, 'x', '2'])
    }
  })

  test('of all is gone on with page by page where it is longer than is read at once', () => {
    const pages = follow(
      Array.from({ length: 10_150 }, () => 1),
      { page: 1, page_size: 0 },
    )
    expect(pages.flatMap(({ rows }) => rows)).toHaveLength(10_150)
    expect(pages.map(({ rows }) => rows.length)).toEqual([10_000, 100, 50])
  })
})
