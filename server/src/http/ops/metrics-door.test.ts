import { expect, test } from 'bun:test'
import { composeMetricsDoor } from './metrics-door.ts'

const token = 'prometheus-0123456789-0123456789-abc'
const ask = async (given: string | undefined, authorization?: string) => {
  const headers = authorization === undefined ? {} : { authorization }
  return await composeMetricsDoor(given, () => new Response('berth_up 1'))(new Request('http://r/metrics', { headers }))
}

test('metrics are for everybody where no token is set', async () => {
  for (const authorization of [undefined, 'Bearer x']) expect((await ask(undefined, authorization)).status).toBe(200)
})

test.each([`Bearer ${token}`, `bearer ${token}`])('who brings the token hears metrics: %s', async (authorization) => {
  expect(await (await ask(token, authorization)).text()).toBe('berth_up 1')
})

test.each([
  undefined,
  '',
  'Bearer',
  'Bearer ',
  `Bearer ${token}x`,
  `Bearer ${token.slice(0, -1)}`,
  `Bearer ${token.toUpperCase()}`,
  `Basic ${btoa(`prometheus:${token}`)}`,
  token,
])('nobody else does: %p', async (authorization) => {
  const answer = await ask(token, authorization)
  expect(answer.status).toBe(401)
  expect(answer.headers.get('www-authenticate')).toContain('Bearer')
  expect(await answer.text()).not.toContain('berth_up')
})
