import { describe, expect, test } from 'bun:test'
import { ASN1Obj } from '@sigstore/core'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDigest } from '#contract/digest.ts'
import { sharedData } from '#server-test/shared-data.ts'
import { skipLoudly } from '../../../../../conformance/harness/real-client.ts'
import { readCertificate, readCertificates, type Certificate } from './certificates.ts'
import { readNotaryEnvelope } from './notary-envelopes.ts'
import { assertTargets, judgeNotary } from './notary-signatures.ts'
import { readTrustPolicies } from './notary-trust-policy.ts'
import { SignatureRefused } from './refusals.ts'
import { assertNotRevoked, readRevocationList } from './revocation.ts'
import type { NotationSigner } from './signers.ts'
import { verifyTimestamp } from './timestamps.ts'

const e2e = join(sharedData, 'notation-e2e')
const signed = join(sharedData, 'notation-fixtures/ca_valid_sig_env.json')

/** What notation itself refuses: by the rules of a document, before any signature is looked at. */
const invalidPolicies = [
  'blob_trust_policy',
  'empty_registry_scope_trustpolicy',
  'empty_trusted_identity_trustpolicy',
  'invalid_format_trustpolicy',
  'malformed_registry_scope_trustpolicy',
  'malformed_trust_store_trustpolicy',
  'malformed_trusted_identity_trustpolicy',
  'missing_country_trusted_identity_trustpolicy',
  'missing_organization_trusted_identity_trustpolicy',
  'missing_state_trusted_identity_trustpolicy',
  'multi_statements_with_multi_wildcard_registry_scope_trustpolicy',
  'multi_statements_with_the_same_name_trustpolicy',
  'multi_statements_with_the_same_registry_scope_trustpolicy',
  'override_integrity_for_permissive_trustpolicy',
  'overlapped_registry_scope_trustpolicy',
  'overlapped_trusted_identity_trustpolicy',
  'unset_trust_store_trustpolicy',
  'unset_trusted_identity_trustpolicy',
  'wildcard_plus_other_registry_scope_trustpolicy',
  'wildcard_plus_other_trusted_identity_trustpolicy',
  'wildcard_trust_store_trustpolicy',
]

if (!existsSync(e2e)) skipLoudly('signatures of the Notary Project', `there is no ${e2e}`)
else {
  describe('trust policies of notation', () => {
    const folder = join(e2e, 'config/trustpolicies')
    const names = readdirSync(folder).map((file) => file.replace('.json', ''))
    test('all of them are looked at', () => {
      expect(names.length).toBeGreaterThan(40)
      expect(invalidPolicies.filter((name) => !names.includes(name))).toEqual([])
    })
    for (const name of names) {
      const read = () => readTrustPolicies(readFileSync(join(folder, `${name}.json`)))
      if (invalidPolicies.includes(name)) test(`${name} is refused`, () => expect(read).toThrow(SignatureRefused))
      else test(`${name} is taken as it is`, () => expect(read().length).toBeGreaterThan(0))
    }
  })

  describe('envelopes of notation', () => {
    const jws = () => readFileSync(join(e2e, 'signatures/blob.jws.sig'))
    const cose = () => readFileSync(join(e2e, 'signatures/blob.cose.sig'))
    const root = () => readCertificates(readFileSync(join(e2e, 'config/localkeys/e2e.crt'), 'utf8'))
    const ofE2e = (level = 'strict', anchors = root(), more: object = {}): NotationSigner => ({
      id: 1,
      name: 'e2e',
      kind: 'notation',
      policies: readTrustPolicies(
        JSON.stringify({
          version: '1.0',
          trustPolicies: [
            {
              name: 'e2e',
              registryScopes: ['*'],
              signatureVerification: { level },
              trustStores: ['ca:e2e'],
              trustedIdentities: ['*'],
              ...more,
            },
          ],
        }),
      ),
      stores: new Map([['ca:e2e', anchors]]),
      revocationLists: [],
    })
    const blob = {
      digest: parseDigest('sha256:c71d239df91726fc519c6eb72d318ec65820627232b2f796219e87dcf35d0ab4'),
      size: 11_357,
    }
    const question = (signers: readonly NotationSigner[]) => ({
      repository: 'library/app',
      signers,
      now: Date.parse('2026-01-01'),
    })
    const judged = (bytes: Buffer, type: string, signers: readonly NotationSigner[]) =>
      judgeNotary(readNotaryEnvelope(bytes, type), question(signers))

    for (const [type, read] of [
      ['application/jose+json', jws],
      ['application/cose', cose],
    ] as const) {
      test(`${type}: signed by a certificate of the trust store is verified`, () => {
        const envelope = readNotaryEnvelope(read(), type)
        assertTargets(envelope.payload, blob)
        const { certificates } = envelope
        const whileValid = certificates[0]!.notBefore + 1000
        const signer = ofE2e('strict', [certificates.at(-1)!])
        const judgement = judgeNotary(envelope, { ...question([signer]), now: whileValid })
        expect(judgement).toMatchObject({ state: 'verified', signer: { name: 'e2e' } })
        expect(judgement.validUntil).toBe(Math.min(...certificates.map(({ notAfter }) => notAfter)))
        expect(judgeNotary(envelope, question([signer]))).toMatchObject({
          state: 'untrusted',
          refusal: 'certificate-expired',
        })
      })
      test(`${type}: a time stamp keeps it verified when the certificate is out of date`, () => {
        const envelope = readNotaryEnvelope(read(), type)
        const signer = ofE2e('strict', [envelope.certificates.at(-1)!], { trustStores: ['ca:e2e', 'tsa:public'] })
        const stores = new Map([...signer.stores, ['tsa:public', authoritiesIn(envelope.timestamp!)] as const])
        const judgement = judgeNotary(envelope, question([{ ...signer, stores }]))
        expect(judgement).toMatchObject({ state: 'verified', validUntil: undefined })
        expect(judgement.timestamp?.by).toContain('Time Stamping Authority')
        const changed = Buffer.from(envelope.timestamp!)
        changed[changed.length - 20] = changed[changed.length - 20]! ^ 1
        expect(judgeNotary({ ...envelope, timestamp: changed }, question([{ ...signer, stores }]))).toMatchObject({
          refusal: 'timestamp-invalid',
        })
        expect(judgeNotary({ ...envelope, timestamp: undefined }, question([{ ...signer, stores }]))).toMatchObject({
          refusal: 'timestamp-missing',
        })
      })
      test(`${type}: nobody is named, so it is signed by nobody who is named`, () => {
        expect(judged(read(), type, []).state).toBe('unnamed')
      })
      test(`${type}: a certificate that nobody named is not trusted, not even by a policy that only logs`, () => {
        const other = readCertificates(readFileSync(join(e2e, 'config/localkeys/new_e2e.crt'), 'utf8'))
        for (const level of ['strict', 'permissive', 'audit']) {
          expect(judged(read(), type, [ofE2e(level, other)])).toMatchObject({
            state: 'untrusted',
            refusal: 'certificate-untrusted',
          })
        }
      })
      test(`${type}: of another digest or size`, () => {
        const { payload } = readNotaryEnvelope(read(), type)
        expect(() => assertTargets(payload, { ...blob, size: 1 })).toThrow(SignatureRefused)
        expect(() => assertTargets(payload, { ...blob, digest: parseDigest(`sha256:${'0'.repeat(64)}`) })).toThrow(
          SignatureRefused,
        )
      })
      test(`${type}: a byte changed anywhere verifies nothing, and nothing but a refusal is thrown`, () => {
        const bytes = read()
        const anchors = [readNotaryEnvelope(bytes, type).certificates.at(-1)!]
        for (let at = 0; at < bytes.length; at += 37) {
          const changed = Buffer.from(bytes)
          changed[at] = changed[at]! ^ 0x01
          try {
            const envelope = readNotaryEnvelope(changed, type)
            assertTargets(envelope.payload, blob)
            const { state } = judgeNotary(envelope, question([ofE2e('strict', anchors)]))
            // What is not protected may change: the time stamp, which this policy does not ask for, and the agent.
            if (state === 'verified') expect(envelope.isIntact).toBe(true)
          } catch (error) {
            expect(error).toBeInstanceOf(SignatureRefused)
          }
        }
      })
    }

    test('a malformed one is refused', () => {
      const bytes = readFileSync(join(e2e, 'signatures/malformed.jws.sig'))
      expect(() => readNotaryEnvelope(bytes, 'application/jose+json')).toThrow(SignatureRefused)
    })
    test('an identity that is not the one of the policy', () => {
      const anchors = [readNotaryEnvelope(jws(), 'application/jose+json').certificates.at(-1)!]
      const wrong = ofE2e('strict', anchors, { trustedIdentities: ['x509.subject: CN=else,O=Notary,ST=WA,C=US'] })
      expect(judged(jws(), 'application/jose+json', [wrong])).toMatchObject({ refusal: 'identity-mismatch' })
    })
    test('a policy that skips verifies nothing', () => {
      const skips = ofE2e('skip', [], { trustStores: undefined, trustedIdentities: undefined })
      expect(judged(jws(), 'application/jose+json', [skips])).toMatchObject({
        state: 'untrusted',
        refusal: 'verification-skipped',
      })
    })
    test('a scope of another repository covers nothing', () => {
      const elsewhere = ofE2e('strict', root(), { registryScopes: ['registry.example.com/other/app'] })
      expect(judged(jws(), 'application/jose+json', [elsewhere])).toMatchObject({ refusal: 'scope-not-covered' })
    })
    test('a time stamp leads to an authority that is trusted, and is of this signature', () => {
      const { timestamp, signature } = readNotaryEnvelope(jws(), 'application/jose+json')
      const anchors = authoritiesIn(timestamp!)
      expect(verifyTimestamp(timestamp!, signature, anchors).at).toBe(Date.parse('2024-12-31T08:05:30Z'))
      expect(() => verifyTimestamp(timestamp!, signature, root())).toThrow('leads to no certificate that is trusted')
      expect(() => verifyTimestamp(timestamp!, Buffer.from('another'), anchors)).toThrow('it is of another signature')
    })
  })

  describe('revocation lists', () => {
    const folder = join(e2e, 'config/crl')
    const chain = readCertificates(readFileSync(join(folder, 'certchain_with_crl.pem'), 'utf8'))
    const list = (name: string) => readRevocationList(readFileSync(join(folder, name)))
    const now = Date.parse('2026-01-01')
    const check = (...lists: string[]) => assertNotRevoked(chain, lists.map(list), now)
    test('current lists without them let certificates pass, until the first of them has to be followed', () => {
      const ends = ['leaf.crl', 'intermediate.crl'].map((name) => list(name).nextUpdate!)
      expect(check('leaf.crl', 'intermediate.crl')).toBe(Math.min(...ends))
      const end = Math.min(...ends)
      const at = (time: number) => assertNotRevoked(chain, [list('leaf.crl'), list('intermediate.crl')], time)
      expect(at(end - 1)).toBe(end)
      expect(() => at(end)).toThrow('no current revocation list')
    })
    test('of two lists of one issuer the newer one counts, and what either revokes is revoked', () => {
      expect(check('leaf_expired.crl', 'leaf.crl', 'intermediate.crl')).toBe(check('leaf.crl', 'intermediate.crl'))
      expect(() => check('leaf.crl', 'leaf_revoked.crl', 'intermediate.crl')).toThrow('was revoked')
    })
    test('a revoked leaf', () => expect(() => check('leaf_revoked.crl', 'intermediate.crl')).toThrow('was revoked'))
    test('a revoked intermediate', () =>
      expect(() => check('leaf.crl', 'intermediate_revoked.crl')).toThrow('was revoked'))
    test('a list that is out of date, or missing, says nothing', () => {
      expect(() => check('leaf_expired.crl', 'intermediate.crl')).toThrow('no current revocation list')
      expect(() => check('intermediate.crl')).toThrow('no current revocation list')
    })
  })
}

test('an envelope of another tool, with a chain of two', () => {
  if (!existsSync(signed)) return
  const envelope = readNotaryEnvelope(readFileSync(signed), 'application/jose+json')
  expect(envelope.isIntact).toBe(true)
  expect(envelope.certificates.length).toBe(2)
})

/** The authorities among the certificates of a time stamp: the roots of public ones are not among the files. */
function authoritiesIn(token: Buffer): Certificate[] {
  const signedData = ASN1Obj.parseBuffer(Buffer.from(token)).subs[1]!.subs[0]!
  const certificates = signedData.subs.find(({ tag }) => tag.isContextSpecific(0))!.subs
  return certificates.map((each) => readCertificate(each.toDER())).filter(({ isCa }) => isCa)
}
