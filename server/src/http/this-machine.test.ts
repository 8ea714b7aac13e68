import { expect, test } from 'bun:test'
import { composeIsFromThisMachine } from './this-machine.ts'

function ask(peer: string, headers: Record<string, string> = {}, trustedProxies: readonly string[] = []): boolean {
  const request = new Request('http://localhost:8080/', { headers: { host: 'localhost:8080', ...headers } })
  const connection = {
    secure: false,
    address: () => peer,
    body: () => undefined,
    receivedBytes: () => 0,
    onSent: () => {},
  }
  return composeIsFromThisMachine({ trustedProxies })(request, connection)
}

test.each(['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1'])('%s is this machine', (peer) => {
  expect(ask(peer)).toBe(true)
})

test.each([
  '10.0.0.5',
  '203.0.113.7',
  '::ffff:10.0.0.5',
  '128.0.0.1',
  'fe80::1',
  '172.17.0.1',
  '',
  '127.0.0.1.evil',
  '::2',
])('%s is another machine, as far as can be known', (peer) => {
  expect(ask(peer)).toBe(false)
  expect(ask(peer, { 'x-forwarded-for': '127.0.0.1' }, ['0.0.0.0/0', '::/0'])).toBe(false)
})

const traces: readonly Record<string, string>[] = [
  { 'x-forwarded-for': '203.0.113.9' },
  { 'x-forwarded-for': '127.0.0.1' },
  { 'x-forwarded-for': '' },
  { 'x-forwarded-proto': 'https' },
  { 'x-forwarded-port': '443' },
  { 'x-forwarded-server': 'edge' },
  { forwarded: 'for=127.0.0.1' },
  { 'x-real-ip': '127.0.0.1' },
  { 'x-client-ip': '127.0.0.1' },
  { 'cf-connecting-ip': '127.0.0.1' },
  { 'true-client-ip': '127.0.0.1' },
  { via: '1.1 edge' },
  { 'x-azure-clientip': '203.0.113.9' },
  { 'x-remote-addr': '2001:db8::1' },
]

test('a client that asks for the end of its connection, as podman does, is on this machine', () => {
  expect(ask('127.0.0.1', { connection: 'close' })).toBe(true)
})

test.each(traces)('behind a proxy on this machine that is not trusted, nobody is on this machine: %j', (headers) => {
  expect(ask('127.0.0.1', headers)).toBe(false)
})

test.each([
  ['203.0.113.9', false],
  ['127.0.0.1, 203.0.113.9', false],
  ['203.0.113.9, 127.0.0.1', false],
  ['unknown', false],
  ['', false],
  ['127.0.0.1', true],
  ['::1, 127.0.0.1', true],
])('behind a trusted proxy on this machine, the clients that it names count: %s', (forwardedFor, expected) => {
  expect(ask('127.0.0.1', { 'x-forwarded-for': forwardedFor }, ['127.0.0.1'])).toBe(expected)
})

test.each([
  { 'x-real-ip': '203.0.113.9' },
  { 'x-client-ip': '203.0.113.9' },
  { 'cf-connecting-ip': '2001:db8::1' },
  { 'x-original-forwarded-for': '203.0.113.9, 127.0.0.1' },
  { 'x-whatever': '203.0.113.9' },
  { forwarded: 'for=203.0.113.9' },
  { forwarded: 'for=127.0.0.1' },
])('what a client writes itself does not outweigh what its trusted proxy writes: %j', (headers) => {
  expect(ask('127.0.0.1', { 'x-forwarded-for': '127.0.0.1', ...headers }, ['127.0.0.1'])).toBe(false)
})

test('a trusted proxy that says the same in two headers is believed', () => {
  expect(ask('127.0.0.1', { 'x-forwarded-for': '::1', 'x-real-ip': '::1', connection: 'close' }, ['127.0.0.1'])).toBe(
    true,
  )
})

test('a trusted proxy that names no client but leaves another trace says nothing about who is there', () => {
  expect(ask('127.0.0.1', { 'x-real-ip': '127.0.0.1' }, ['127.0.0.1'])).toBe(false)
})

test.each(['evil.example:8080', 'registry.example', '10.0.0.5', 'localhost.evil.example'])(
  'a request for %s was not made for this machine: a page may have had its name pointed here',
  (host) => {
    expect(ask('127.0.0.1', { host })).toBe(false)
    expect(ask('127.0.0.1', { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': host }, ['127.0.0.1'])).toBe(false)
  },
)
