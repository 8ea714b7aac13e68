import { expect, test } from 'bun:test'
import { anonymous } from '../../domain/access/actor.ts'
import { operationOf } from '../operation.ts'
import type { Exchange } from '../router.ts'
import { Metrics } from './metrics.ts'

function exchange(method: string, path: string, status: number, ms: number, bytes = 10): Exchange {
  const kind = operationOf(method, 'oci', path)
  return {
    ...{ method, agent: null, bytesAnnounced: bytes },
    route: 'oci',
    path,
    ...{ kind, operation: kind },
    clientAddress: '192.0.2.1',
    requestId: '1',
    actor: anonymous,
    status,
    ...{ answeredMs: ms, durationMs: ms, bytesIn: 0, bytesOut: method === 'HEAD' ? 0 : bytes, aborted: false },
  }
}

const valueOf = (text: string, line: string) =>
  Number(
    text
      .split('\n')
      .find((each) => each.startsWith(`${line} `))
      ?.split(' ')[1],
  )

test('requests are counted by operation and status', () => {
  const metrics = new Metrics()
  metrics.observe(exchange('GET', '/v2/a/manifests/x', 200, 1))
  metrics.observe(exchange('GET', '/v2/b/manifests/y', 200, 1))
  metrics.observe(exchange('GET', '/v2/b/manifests/y', 404, 1))
  const text = metrics.render()
  expect(
    valueOf(text, 'berth_http_requests_total{target="v2",operation="manifest-get",method="GET",status="200"}'),
  ).toBe(2)
  expect(
    valueOf(text, 'berth_http_requests_total{target="v2",operation="manifest-get",method="GET",status="404"}'),
  ).toBe(1)
})

test('durations fall into cumulative buckets', () => {
  const metrics = new Metrics()
  metrics.observe(exchange('GET', '/v2/a/manifests/x', 200, 3))
  metrics.observe(exchange('GET', '/v2/a/manifests/x', 200, 60_000))
  const text = metrics.render()
  const bucket = (le: string) =>
    valueOf(text, `berth_http_request_duration_seconds_bucket{operation="manifest-get",le="${le}"}`)
  expect([bucket('0.001'), bucket('1'), bucket('30'), bucket('+Inf')]).toEqual([0, 1, 1, 2])
  expect(valueOf(text, 'berth_http_request_duration_seconds_count{operation="manifest-get"}')).toBe(2)
})

test('requests are in flight until their answer is sent; the scrape is none of them', () => {
  const metrics = new Metrics()
  const inFlight = () => valueOf(metrics.render(), 'berth_http_requests_in_flight')
  metrics.begin('oci')
  metrics.begin('metrics')
  expect(inFlight()).toBe(1)
  metrics.observe(exchange('GET', '/v2/', 200, 1))
  expect(inFlight()).toBe(0)
})

test('answers that were broken off count as that, and with the bytes that are known to have gone out', () => {
  const metrics = new Metrics()
  metrics.observe({ ...exchange('GET', '/v2/a/blobs/x', 200, 1), aborted: true, bytesOut: undefined })
  expect(valueOf(metrics.render(), 'berth_http_requests_aborted_total{operation="blob-get"}')).toBe(1)
  expect(valueOf(metrics.render(), 'berth_http_response_bytes_total')).toBe(0)
})

test('failures are counted by the code of their error', () => {
  const metrics = new Metrics()
  metrics.observe({ ...exchange('GET', '/v2/a/blobs/x', 503, 1), failure: { code: 'UNAVAILABLE', message: 'x' } })
  expect(valueOf(metrics.render(), 'berth_errors_total{code="UNAVAILABLE"}')).toBe(1)
})

test('the body of HEAD is not counted as sent', () => {
  const metrics = new Metrics()
  metrics.observe(exchange('HEAD', '/v2/a/blobs/x', 200, 1, 1000))
  metrics.observe(exchange('GET', '/v2/a/blobs/x', 200, 1, 500))
  expect(valueOf(metrics.render(), 'berth_http_response_bytes_total')).toBe(500)
})

test('names chosen by clients make no new series', () => {
  const metrics = new Metrics()
  const observe = (index: number) => metrics.observe(exchange('GET', `/v2/p${index}/manifests/t${index}`, 200, 1))
  observe(0)
  const lines = metrics.render().split('\n').length
  for (let index = 1; index < 1000; index += 1) observe(index)
  expect(metrics.render().split('\n').length).toBe(lines)
})

test('every line is a comment or a sample, every family has help and type', () => {
  const metrics = new Metrics()
  metrics.observe(exchange('GET', '/v2/', 200, 1))
  metrics.add('blobs_collected', 3)
  metrics.gauge('something', 'Of some kind.', () => 7)
  const text = metrics.render()
  expect(text.endsWith('\n')).toBe(true)
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(/^# (HELP|TYPE) [a-z_]+ .+$|^[a-z_]+(\{[^{}]*\})? [0-9.e+-]+$/)
  }
  expect(valueOf(text, 'berth_blobs_collected_total')).toBe(3)
  expect(valueOf(text, 'berth_something')).toBe(7)
  expect(valueOf(text, 'process_resident_memory_bytes')).toBeGreaterThan(1e6)
})

test('values that all processes share have a label, whatever is in it', () => {
  const metrics = new Metrics()
  const read = () => [['sink', 3] as const, ['a "b" \\ c\nd', 1] as const]
  metrics.sharedGauge('event_consumer_behind', { help: 'Events not had.', label: 'consumer', read })
  const text = metrics.render()
  expect(text).toContain('# TYPE berth_event_consumer_behind gauge\nberth_event_consumer_behind{consumer="sink"} 3\n')
  expect(text).toContain('berth_event_consumer_behind{consumer="a \\"b\\" \\\\ c\\nd"} 1\n')
})
