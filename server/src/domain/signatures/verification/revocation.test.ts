import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'bun:test'
import { readCertificates } from './certificates.ts'
import { assertNotRevoked, readRevocationLists } from './revocation.ts'

const settings = `
[ca]
default_ca = own
[own]
database = index.txt
crlnumber = number
default_md = sha256
default_crl_days = 30
[narrowed]
issuingDistributionPoint = critical, @part
[part]
onlyCA = TRUE
[whole]
authorityKeyIdentifier = keyid
[authority]
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
keyUsage = critical, keyCertSign, cRLSign
`

const folder = mkdtempSync(join(tmpdir(), 'berth-revocation-'))
afterAll(() => rmSync(folder, { recursive: true }))
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
const text = (name: string) => readFileSync(join(folder, name), 'utf8')
const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
writeFileSync(join(folder, 'ca.cnf'), settings)
writeFileSync(join(folder, 'index.txt'), '')
writeFileSync(join(folder, 'number'), '01\n')
openssl('req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '30', '-subj', '/CN=authority')
openssl('req', ...curve, '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=leaf')
openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', '7', '-out', 'leaf.pem')

const path = readCertificates(`${text('leaf.pem')}\n${text('ca.pem')}`)
const authority = ['-config', 'ca.cnf', '-keyfile', 'ca.key', '-cert', 'ca.pem']
const listOf = (extensions: 'narrowed' | 'whole') => {
  openssl('ca', ...authority, '-gencrl', '-crlexts', extensions, '-out', 'list.crl')
  return readRevocationLists(text('list.crl'))
}
const check = (lists: ReturnType<typeof listOf>) => assertNotRevoked(path, lists, lists[0]!.thisUpdate + 1)

test('a list of a part of the certificates does not tell that one is good, and tells that one is revoked', () => {
  const [whole, narrowed] = [listOf('whole'), listOf('narrowed')]
  expect([whole[0]!.isWhole, narrowed[0]!.isWhole]).toEqual([true, false])
  expect(check(whole)).toBe(whole[0]!.nextUpdate!)
  expect(() => check(narrowed)).toThrow('no current revocation list')
  openssl('ca', ...authority, '-revoke', 'leaf.pem')
  expect(() => check(listOf('narrowed'))).toThrow('was revoked')
  expect(() => check(listOf('whole'))).toThrow('was revoked')
})

test('a path of an anchor alone is asked of nobody', () => {
  expect(assertNotRevoked(path.slice(1), [], Date.now())).toBeUndefined()
})
