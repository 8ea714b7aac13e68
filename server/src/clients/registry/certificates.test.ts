import { afterAll, beforeAll, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RegistryClient } from './registry-client.ts'
import { codeOf } from './scripted-registry-for-test.ts'

let folder: string
let certificate: string
let server: Server

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-registry-client-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
      ...['-subj', '/CN=registry', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  )
  certificate = readFileSync(cert, 'utf8')
  server = createServer({ key: readFileSync(key), cert: certificate }, (_request, response) => response.end('{}'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

const ping = async (insecure: boolean, authority: string | undefined): Promise<string> => {
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  using client = new RegistryClient({
    remote: { url, credential: undefined, insecure, authority },
    allowLocal: true,
    retries: { attempts: 1 },
  })
  return await codeOf(client.ping())
}

test('a certificate that nobody vouches for is refused', async () => {
  expect(await ping(false, undefined)).toBe('UNREACHABLE')
})

test('one of the authority that was given is taken', async () => {
  expect(await ping(false, certificate)).toBe('none')
})

test('any is taken where that was asked for', async () => {
  expect(await ping(true, undefined)).toBe('none')
})
