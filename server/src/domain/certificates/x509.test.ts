import { expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalCertificateName, certificateNames, coversNames } from './certificate-names.ts'
import { overdueAt, pauseAfter, renewalTime } from './renewal-time.ts'
import { issueServerCertificate, makeIssuer, makeRoot, type KeyType } from './x509.ts'

const now = Date.now()
const dayMs = 24 * 60 * 60_000

test.each(['ecdsa', 'rsa'] as KeyType[])(
  'openssl takes a chain with a key of %s for a server of the name',
  async (keyType) => {
    const root = await makeRoot('Test', now)
    const issuer = await makeIssuer('Test', root, now)
    const names = ['registry.example.com', '192.0.2.7', '2001:db8::7', '*.apps.example.com']
    const pair = await issueServerCertificate(issuer, { names, keyType, lifetimeMs: 7 * dayMs, now })
    const folder = mkdtempSync(join(tmpdir(), 'berth-x509-'))
    try {
      const file = (name: string, text: string) => {
        writeFileSync(join(folder, name), text)
        return join(folder, name)
      }
      const chain = ['-CAfile', file('root.pem', root.certificate), '-untrusted', file('chain.pem', pair.certificate)]
      const verify = (...wanted: string[]) =>
        execFileSync(
          'openssl',
          ['verify', '-x509_strict', '-purpose', 'sslserver', ...wanted, ...chain, join(folder, 'chain.pem')],
          {
            stdio: 'pipe',
          },
        ).toString()
      for (const wanted of [
        ['-verify_hostname', 'registry.example.com'],
        ['-verify_hostname', 'a.apps.example.com'],
        ['-verify_ip', '192.0.2.7'],
        ['-verify_ip', '2001:db8::7'],
      ])
        expect(verify(...wanted)).toContain('OK')
      expect(() => verify('-verify_hostname', 'other.example.com')).toThrow()
    } finally {
      rmSync(folder, { recursive: true })
    }
    const leaf = new X509Certificate(pair.certificate)
    expect(leaf.checkPrivateKey(createPrivateKey(pair.privateKey))).toBe(true)
    expect(leaf.ca).toBe(false)
  },
)

test('no certificate outlives its issuer', async () => {
  const root = await makeRoot('Test', now)
  const issuer = await makeIssuer('Test', root, now)
  const late = now + 5 * 365 * dayMs - 2 * dayMs
  const { certificate } = await issueServerCertificate(issuer, {
    ...{ names: ['a.example'], keyType: 'ecdsa', lifetimeMs: 30 * dayMs },
    now: late,
  })
  expect(new X509Certificate(certificate).validTo).toBe(new X509Certificate(issuer.certificate).validTo)
})

test.each([
  ['Registry.Example.COM.', 'registry.example.com'],
  ['*.example.com', '*.example.com'],
  ['192.0.2.1', '192.0.2.1'],
  ['[2001:DB8:0::1]', '2001:db8::1'],
  ['a*.example.com', undefined],
  ['1.2.3', undefined],
  ['-a.example', undefined],
  ['a b', undefined],
  ["x';rm -rf /", undefined],
  ['', undefined],
])('%p is the name %p in a certificate', (text, name) => {
  expect(canonicalCertificateName(text)).toBe(name)
})

test('names stand once, and a wildcard covers one label', () => {
  expect(certificateNames(['B.example', undefined, 'b.example', 'not a name'])).toEqual(['b.example'])
  expect(coversNames(['*.example.com'], ['a.example.com'])).toBe(true)
  expect(coversNames(['*.example.com'], ['a.b.example.com'])).toBe(false)
  expect(coversNames(['*.example.com'], ['example.com'])).toBe(false)
})

test('a renewal lies in the last third of a life, with time left for a week of failures of 90 days', () => {
  const life = { notBefore: 0, notAfter: 90 * dayMs }
  for (const chance of [0, 0.5, 0.999]) {
    const at = renewalTime(life, chance)
    expect(at).toBeGreaterThanOrEqual(60 * dayMs)
    expect(overdueAt(life) - at).toBeGreaterThan(7 * dayMs)
  }
  expect(pauseAfter(1, 1)).toBe(60_000)
  expect(pauseAfter(1_000_000, 1)).toBe(12 * 60 * 60_000)
})
