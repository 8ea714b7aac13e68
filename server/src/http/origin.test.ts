import { expect, test } from 'bun:test'
import type { Connection } from '../runtime/listener.ts'
import { composeClientFacts } from './origin.ts'

const proxy: Connection = {
  secure: false,
  address: () => '10.0.0.1',
  body: () => undefined,
  receivedBytes: () => 0,
  onSent: () => {},
}

function originBehindProxy(headers: Record<string, string>, trustedProxies = ['10.0.0.0/8']): string {
  const facts = composeClientFacts({ externalUrl: undefined, trustedProxies })
  const request = new Request('http://inner:8080/', { headers })
  facts.clientAddressOf(request, proxy)
  return facts.originOf(request)
}

test.each([
  [{ 'x-forwarded-proto': 'https', 'x-forwarded-host': 'reg.example' }, 'https://reg.example'],
  [{ 'x-forwarded-proto': 'HTTPS', 'x-forwarded-host': 'reg.example:443' }, 'https://reg.example'],
  [{ 'x-forwarded-proto': 'https, http', 'x-forwarded-host': 'reg.example, inner' }, 'https://reg.example'],
  [
    { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'reg.example', 'x-forwarded-port': '8443' },
    'https://reg.example:8443',
  ],
  [
    { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'reg.example', 'x-forwarded-port': '443, 8080' },
    'https://reg.example',
  ],
  [
    { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'reg.example:9443', 'x-forwarded-port': '8443' },
    'https://reg.example:9443',
  ],
  // A balancer ends TLS, and the proxy behind it writes the port that it was asked at itself.
  [
    { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'reg.example', 'x-forwarded-port': '80' },
    'https://reg.example',
  ],
  [{ 'x-forwarded-proto': 'https', 'x-forwarded-host': '[fd00::7]:8443' }, 'https://[fd00::7]:8443'],
  [{ 'x-forwarded-host': 'reg.example', 'x-forwarded-port': 'x' }, 'http://reg.example'],
  [{ 'x-forwarded-host': 'reg.example', 'x-forwarded-port': '99999' }, 'http://inner:8080'],
  [{ 'x-forwarded-host': 'a b' }, 'http://inner:8080'],
] as const)('a proxy that is trusted says what the client asked: %j is %s', (headers, origin) => {
  expect(originBehindProxy(headers)).toBe(origin)
})

test('what anybody else writes about the address is not believed', () => {
  const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example', 'x-forwarded-port': '1' }
  expect(originBehindProxy(headers, [])).toBe('http://inner:8080')
  expect(originBehindProxy(headers, ['192.0.2.0/24'])).toBe('http://inner:8080')
})
