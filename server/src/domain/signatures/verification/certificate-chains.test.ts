import { expect, test } from 'bun:test'
import {
  authorityExtensions,
  issueCertificate,
  signerExtensions,
  type IssuedForTest,
} from '#server-test/issue-certificate.ts'
import { verifyChain } from './certificate-chains.ts'
import { codeSigning, readCertificates, timeStamping, type Certificate } from './certificates.ts'
import type { Refusal } from './refusals.ts'

const read = ({ certificate }: IssuedForTest): Certificate => readCertificates(certificate)[0]!

const root = issueCertificate({ name: 'root', extensions: authorityExtensions })
const between = issueCertificate({ name: 'between', by: root, extensions: authorityExtensions })
const leaf = issueCertificate({ name: 'leaf', by: between })
const foreign = issueCertificate({ name: 'root', extensions: authorityExtensions })

// Certificates that are made for a test begin at a full second, perhaps the next one.
const now = Date.now() + 60_000
const verify = (subject: IssuedForTest, others: readonly IssuedForTest[], at = now, usage = codeSigning) =>
  verifyChain(read(subject), others.map(read), [read(root)], { at, usage }).map(({ subjectText }) => subjectText)

const refusalOf = (attempt: () => unknown): Refusal | undefined => {
  try {
    attempt()
    return undefined
  } catch (error) {
    return (error as { refusal: Refusal }).refusal
  }
}

test('a path leads from the leaf to a root that is trusted, in whatever order the certificates come', () => {
  const path = ['CN=leaf, O=Berth', 'CN=between, O=Berth', 'CN=root, O=Berth']
  expect(verify(leaf, [between])).toEqual(path)
  expect(verify(leaf, [foreign, root, between])).toEqual(path)
})
test('a certificate that is named itself is trusted, whoever issued it', () => {
  expect(verifyChain(read(leaf), [], [read(leaf)], { at: now, usage: codeSigning }).length).toBe(1)
})
test('a root of the same name with another key is another', () => {
  expect(refusalOf(() => verify(issueCertificate({ name: 'leaf', by: foreign }), []))).toBe('certificate-untrusted')
})
test('a missing link', () => expect(refusalOf(() => verify(leaf, []))).toBe('certificate-untrusted'))
test('an issuer whose key the runtime does not have leads nowhere', () => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:SM2']
  const odd = issueCertificate({ name: 'odd', extensions: authorityExtensions, key })
  expect(refusalOf(() => verify(issueCertificate({ name: 'leaf', by: odd }), [odd]))).toBe('certificate-untrusted')
})
test('an authority signs nothing but certificates', () => {
  expect(refusalOf(() => verify(between, []))).toBe('certificate-unsuitable')
})
test('a leaf issues no certificate', () => {
  expect(refusalOf(() => verify(issueCertificate({ name: 'below', by: leaf }), [leaf, between]))).toBe(
    'certificate-unsuitable',
  )
})
test('an authority below one that allows none', () => {
  const narrow = issueCertificate({
    name: 'narrow',
    by: root,
    extensions: ['basicConstraints=critical,CA:TRUE,pathlen:0', 'keyUsage=critical,keyCertSign'],
  })
  const below = issueCertificate({ name: 'below', by: narrow, extensions: authorityExtensions })
  expect(verify(issueCertificate({ name: 'leaf', by: narrow }), [narrow]).length).toBe(3)
  expect(refusalOf(() => verify(issueCertificate({ name: 'leaf', by: below }), [below, narrow]))).toBe(
    'certificate-unsuitable',
  )
})
test('a certificate for servers signs no code', () => {
  const server = issueCertificate({
    name: 'server',
    by: between,
    extensions: [...signerExtensions.slice(0, 2), 'extendedKeyUsage=serverAuth'],
  })
  expect(refusalOf(() => verify(server, [between]))).toBe('certificate-unsuitable')
  expect(refusalOf(() => verify(leaf, [between], now, timeStamping))).toBe('certificate-unsuitable')
})
test('every certificate is valid at the moment in question', () => {
  const year = 365 * 86_400_000
  expect(refusalOf(() => verify(leaf, [between], now + year))).toBe('certificate-expired')
  expect(refusalOf(() => verify(leaf, [between], now - year))).toBe('certificate-expired')
})
test('certificates that issue each other end the search', () => {
  const circle = Array.from({ length: 8 }, () =>
    issueCertificate({ name: 'between', by: root, extensions: authorityExtensions }),
  )
  expect(refusalOf(() => verify(issueCertificate({ name: 'leaf', by: foreign }), circle))).toBe('certificate-untrusted')
  expect(refusalOf(() => verify(leaf, [...circle, between]))).toBe('too-many')
})
test('an extension that is critical and not understood makes a certificate unusable', () => {
  const odd = issueCertificate({
    name: 'odd',
    by: root,
    extensions: [...signerExtensions, '1.2.3.4=critical,DER:0500'],
  })
  expect(refusalOf(() => verify(odd, []))).toBe('certificate-unsuitable')
})
