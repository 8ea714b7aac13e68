import { expect, test } from 'bun:test'
import { composeOpenDoor } from './open-door.ts'
import type { Route } from './router.ts'

const ask = (
  headers: Record<string, string>,
  route: Route = 'api',
  options: { reachable?: boolean; hostname?: string; externalUrl?: string } = {},
) =>
  composeOpenDoor({ hostname: undefined, externalUrl: undefined, reachable: false, ...options })(
    new Request('http://localhost:8080/', { headers: { host: 'localhost:8080', ...headers } }),
    route,
  )?.status

const guarded: readonly Route[] = ['oci', 'api', 'api-version', 'session', 'token']

test.each([
  'localhost',
  'LOCALHOST:8080',
  'localhost.:8080',
  'app.localhost:8080',
  '127.0.0.1:8080',
  '127.8.8.8',
  '[::1]:8080',
  '[::ffff:127.0.0.1]:8080',
])('a registry without accounts answers to %s', (host) => {
  for (const route of [...guarded, 'console', 'unknown'] as const) expect(ask({ host }, route)).toBeUndefined()
})

test.each([
  'evil.example:8080',
  'localhost.evil.example',
  'evil.example.',
  '127.0.0.1.evil.example',
  '127.0.0.1.nip.io',
  '0.0.0.0:8080',
  '10.0.0.5:8080',
  '192.168.1.7',
  '[fd00::1]:8080',
  '[2001:db8::1]',
  'localhost@evil.example',
  '169.254.169.254',
  'localhostx',
  'xn--lcalhost-v4a',
])('a registry without accounts does not answer to %s, whose page may have had its name pointed here', (host) => {
  for (const route of [...guarded, 'console', 'unknown'] as const)
    expect({ route, status: ask({ host }, route) }).toEqual({ route, status: 421 })
})

test.each([
  { 'x-forwarded-host': 'evil.example' },
  { 'x-forwarded-host': 'localhost, evil.example' },
  { 'x-original-host': 'evil.example:8080' },
  { forwarded: 'for=127.0.0.1;host=evil.example;proto=http' },
  { forwarded: 'for=_x, for=_y;HOST="evil.example:80"' },
])('a proxy that was asked for another name does not hide it: %j', (headers) => {
  for (const route of guarded) expect(ask(headers, route)).toBe(421)
})

test('names that the operator gave are ours, addresses only where the registry listens to the network', () => {
  const named = { hostname: 'Registry.LAN', externalUrl: 'https://registry.example:8443' }
  for (const host of ['registry.lan:8080', 'registry.example', 'registry.example:1']) {
    expect(ask({ host }, 'oci', named)).toBeUndefined()
    expect(ask({ host }, 'oci')).toBe(421)
  }
  expect(ask({ host: '192.168.1.7:8080' }, 'oci', { reachable: true })).toBeUndefined()
  expect(ask({ host: '[fd00::7]:8080' }, 'oci', { reachable: true })).toBeUndefined()
  expect(ask({ host: 'evil.example' }, 'oci', { reachable: true })).toBe(421)
})

test.each([
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': 'anything' },
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { origin: 'file://' },
  { origin: 'http://localhost:3000' },
  { origin: 'http://localhost' },
  { origin: 'http://127.0.0.1:8080' },
  { origin: 'chrome-extension://localhost:8080' },
  { origin: 'http://localhost:8080.evil.example' },
  { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
  { referer: 'https://evil.example/page' },
])('pages of other sites are refused: %j', (headers) => {
  for (const route of guarded) expect({ route, status: ask(headers, route) }).toEqual({ route, status: 403 })
  // A link to a page of the console is a link like any other.
  expect(ask(headers, 'console')).toBeUndefined()
})

test.each([
  {},
  { 'sec-fetch-site': 'same-origin' },
  { 'sec-fetch-site': 'none' },
  { origin: 'http://localhost:8080' },
  { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:8080' },
  { referer: 'http://localhost:8080/projects' },
])('our own pages and programs that are no browsers are served: %j', (headers) => {
  for (const route of guarded) expect(ask(headers, route)).toBeUndefined()
})

test('the default port of a scheme may be written or left out', () => {
  expect(ask({ host: 'localhost', origin: 'http://localhost:80' })).toBeUndefined()
  expect(ask({ host: 'localhost:443', origin: 'https://localhost' })).toBeUndefined()
})

test('a page under the external address is ours, whatever name the proxy passes on', () => {
  const origin = 'https://registry.example'
  expect(ask({ origin }, 'api', { externalUrl: origin })).toBeUndefined()
  expect(ask({ origin: 'https://other.example' }, 'api', { externalUrl: origin })).toBe(403)
})

test('probes and metrics are answered under every name', () => {
  for (const route of ['health', 'ready', 'metrics'] as const)
    expect(ask({ host: '10.0.0.5', 'sec-fetch-site': 'cross-site' }, route)).toBeUndefined()
})
