import { describe, expect, test } from 'bun:test'
import { parseChallenge } from './challenge.ts'
import { nextQuery } from './paging.ts'
import { parseRateLimit, parseRetryAfter } from './rate-limit.ts'

describe('a challenge', () => {
  const bearer = (realm: string, service?: string, scopes: string[] = []) => ({
    scheme: 'bearer' as const,
    realm,
    service,
    scopes,
  })

  test.each([
    [
      'Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"',
      bearer('https://a/t', 's', ['repository:x:pull,push']),
    ],
    ['bearer   REALM="r" , scope="a:b:c d:e:f"', bearer('r', undefined, ['a:b:c', 'd:e:f'])],
    ['Bearer realm=bare,service=s', bearer('bare', 's')],
    ['Bearer realm="with \\"quotes\\" and, a comma"', bearer('with "quotes" and, a comma')],
    ['Basic realm="x", Bearer realm="r"', bearer('r')],
    ['Bearer realm="first",realm="second"', bearer('first')],
    ['Bearer', undefined],
    ['Basic realm="x"', { scheme: 'basic' as const }],
    ['basic', { scheme: 'basic' as const }],
    ['Negotiate', undefined],
    ['Bearerx realm="r"', undefined],
  ])('%s', (text, challenge) => expect(parseChallenge(text)).toEqual(challenge))

  test('of two headers, Bearer is answered', () => {
    expect(parseChallenge(['Basic realm="x"', 'Bearer realm="r"'])).toEqual(bearer('r'))
    expect(parseChallenge(undefined)).toBeUndefined()
  })
})

test.each([
  ['</v2/_catalog?last=b&n=2>; rel="next"', '?last=b&n=2'],
  ['<https://else.where/x?last=b#f>; rel=next', '?last=b'],
  ['<?a=1>; rel="prev", <?b=2>; rel="next"', '?b=2'],
  ['</v2/_catalog>; rel="next"', undefined],
  ['</v2/_catalog?last=b>; rel="last"', undefined],
  ['nothing', undefined],
  [undefined, undefined],
  [`<?${'x'.repeat(10_000)}>; rel="next"`, undefined],
])('Link %p leads to %p', (link, query) => expect(nextQuery(link)).toBe(query))

test.each([
  [
    { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '7;w=21600' },
    { limit: 100, remaining: 7, windowSeconds: 21_600 },
  ],
  [{ 'x-ratelimit-remaining': '7' }, { limit: undefined, remaining: 7, windowSeconds: undefined }],
  [{ 'ratelimit-limit': 'many' }, undefined],
  [{}, undefined],
])('limits %p', (headers, limit) => expect(parseRateLimit(headers)).toEqual(limit))

test.each([
  ['120', 120_000],
  ['Mon, 30 Nov 2026 10:00:10 GMT', 10_000],
  ['Mon, 30 Nov 2020 10:00:10 GMT', 0],
  ['soon', undefined],
  ['-1', undefined],
  [undefined, undefined],
])('Retry-After %p is %p ms', (header, ms) => {
  expect(parseRetryAfter(header, Date.parse('2026-11-30T10:00:00Z'))).toBe(ms)
})
