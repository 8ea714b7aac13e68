import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { parseAllDocuments } from 'yaml'
import { makeRoot } from '../../domain/certificates/x509.ts'
import { composeCaDoors } from './ca-doors.ts'
import { canBeNamed, rootFingerprint } from './ca-files.ts'
import { RateBound } from './rate-bound.ts'

const root = await makeRoot('Test', Date.now())
const files = [
  '/ca',
  '/ca/root.pem',
  '/ca/root.crt',
  '/ca/fingerprint',
  '/ca/install',
  '/ca/install.ps1',
  '/ca/kubernetes.yaml',
]

function compose({ host = 'reg.example.com:8443', perMinute = 1_000, without = false } = {}) {
  const doors = composeCaDoors({
    root: async () => (without ? undefined : root.certificate),
    hostOf: () => host,
    bound: new RateBound({ perMinute }),
  })
  return (path: string, method = 'GET', address = '192.0.2.1') =>
    doors(new Request(`http://reg.example.com${path}`, { method }), path, address)
}

test.each(files)('%s names the root, and no door knows a key', async (path) => {
  const ask = compose()
  const answer = await ask(path)
  const text = await answer.text()
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(text)))
  expect(text).not.toContain('PRIVATE KEY')
  expect(text).not.toMatch(/@[A-Z]+@/)
  expect((await (await ask(path, 'HEAD')).text()).length).toBe(0)
  if (path !== '/ca/root.pem' && path !== '/ca/root.crt') expect(text).toContain(rootFingerprint({ ...root, host: '' }))
})

test('the root is the one that was made, to the byte', async () => {
  expect(await (await compose()('/ca/root.pem')).text()).toBe(root.certificate)
})

test('the manifest of Kubernetes has the script as it is served', async () => {
  const ask = compose()
  const documents = parseAllDocuments(await (await ask('/ca/kubernetes.yaml')).text())
  expect(documents.map((each) => each.get('kind'))).toEqual(['ConfigMap', 'DaemonSet'])
  expect(documents[0]!.getIn(['data', 'install'])).toBe(await (await ask('/ca/install')).text())
})

test.each(["a';id;'", 'a b', 'a$(id)', 'a`id`', '-a', 'a/../b', 'a:99999999', ''])(
  'a registry called %p stands in no script',
  async (host) => {
    expect(canBeNamed(host)).toBe(false)
    expect((await compose({ host })('/ca/install')).status).toBe(400)
  },
)

test('what is not there says what is', async () => {
  const ask = compose()
  expect(await (await ask('/ca/../../etc/passwd')).text()).toContain('/ca/install')
  expect((await ask('/ca/constructor')).status).toBe(404)
  expect((await ask('/ca/install', 'POST')).status).toBe(405)
  expect((await compose({ without: true })('/ca/install')).status).toBe(404)
})

test('an address that asks too often waits, and others do not', async () => {
  const ask = compose({ perMinute: 2 })
  expect((await ask('/ca/install')).status).toBe(200)
  expect((await ask('/ca/install')).status).toBe(200)
  const refused = await ask('/ca/install')
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60'])
  expect((await ask('/ca/install', 'GET', '192.0.2.2')).status).toBe(200)
})

test('the fingerprint is that of the certificate', () => {
  const der = Buffer.from(root.certificate.replaceAll(/-----[A-Z ]+-----|\n/g, ''), 'base64')
  const hex = createHash('sha256').update(der).digest('hex').toUpperCase()
  expect(rootFingerprint({ ...root, host: '' }).replaceAll(':', '')).toBe(hex)
})
