import { describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sm2 } from 'sm-crypto-v2'
import { parseDigest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import { authorityExtensions, issueCertificate } from '#server-test/issue-certificate.ts'
import { sharedData } from '#server-test/shared-data.ts'
import { skipLoudly } from '../../../../../conformance/harness/real-client.ts'
import { readCertificates } from './certificates.ts'
import { readCosignAttestation, readCosignSignature, type CosignLayer } from './cosign-signatures.ts'
import { judge } from './judge.ts'
import { readPublicKey } from './public-keys.ts'
import { SignatureRefused, type Refusal } from './refusals.ts'
import type { CertificateSigner, KeySigner, Signer } from './signers.ts'
import { preAuthEncoding } from './statements.ts'
import { cosignAnnotations } from './simple-signing.ts'

const manifest = Buffer.from('{"schemaVersion":2}')
const hexOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const subject = { digest: parseDigest(`sha256:${hexOf(manifest)}`), bytes: manifest }
// Certificates that are made for a test begin at a full second, perhaps the next one.
const now = Date.now() + 60_000

const payloadOf = (digest: string, type = 'cosign container image signature') =>
  Buffer.from(
    `{"critical":{"identity":{"docker-reference":"registry.example.com/library/app"},"image":{"docker-manifest-digest":"${digest}"},"type":"${type}"},"optional":null}`,
  )
const payload = payloadOf(subject.digest)
const layerOf = (bytes: Buffer, signature: Buffer, more: Record<string, string> = {}): CosignLayer => ({
  payload: bytes,
  annotations: { [cosignAnnotations.signature]: signature.toString('base64'), ...more },
})
const keySigner = (pem: string, name = 'release'): KeySigner => ({ kind: 'key', id: 7, name, key: readPublicKey(pem) })
const pemOf = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }).toString()
const judged = (layer: CosignLayer, signers: readonly Signer[]) =>
  judge(readCosignSignature(layer, subject), signers, now)
const refusalOf = (attempt: () => unknown): Refusal | undefined => {
  try {
    attempt()
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(SignatureRefused)
    return (error as SignatureRefused).refusal
  }
}

describe('a key decides its algorithm', () => {
  const kinds = {
    'ECDSA P-256': [generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'sha256'],
    'ECDSA P-384 with its own hash': [generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'sha384'],
    'ECDSA P-384 as older versions of cosign signed': [generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'sha256'],
    'ECDSA P-521': [generateKeyPairSync('ec', { namedCurve: 'P-521' }), 'sha512'],
    'RSA 3072': [generateKeyPairSync('rsa', { modulusLength: 3072 }), 'sha256'],
    Ed25519: [generateKeyPairSync('ed25519'), undefined],
  } as const
  for (const [name, [{ privateKey, publicKey }, hash]] of Object.entries(kinds)) {
    test(`${name} verifies what it signed, and nothing else`, () => {
      const layer = layerOf(payload, sign(hash, payload, privateKey))
      const signer = keySigner(pemOf(publicKey))
      expect(judged(layer, [signer])).toMatchObject({ state: 'verified', signer: { id: 7, name: 'release' } })
      const others = Object.values(kinds).map(([pair]) => keySigner(pemOf(pair.publicKey)))
      expect(
        judged(
          layer,
          others.filter(({ key }) => key.fingerprint !== signer.key.fingerprint),
        ),
      ).toMatchObject({
        state: 'untrusted',
        refusal: 'signer-unknown',
      })
      expect(signer.key.verifies(Buffer.from('else'), sign(hash, payload, privateKey))).toBe(false)
    })
  }
  test('a hash that is not the key’s is another algorithm', () => {
    const { privateKey, publicKey } = kinds['ECDSA P-256'][0]
    expect(judged(layerOf(payload, sign('sha1', payload, privateKey)), [keySigner(pemOf(publicKey))]).state).toBe(
      'untrusted',
    )
  })
  test('an HMAC with the public key as its secret is no signature', () => {
    const pem = pemOf(kinds['ECDSA P-256'][0].publicKey)
    const mac = createHash('sha256').update(pem).update(payload).digest()
    expect(judged(layerOf(payload, mac), [keySigner(pem)])).toMatchObject({ state: 'refused', refusal: 'malformed' })
  })
  test('a short RSA key is none', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    expect(refusalOf(() => readPublicKey(pemOf(publicKey)))).toBe('unsupported-algorithm')
  })
})

describe('SM2 with SM3', () => {
  const { privateKey, publicKey } = sm2.generateKeyPairHex()
  const spki = Buffer.concat([
    Buffer.from('3059301306072a8648ce3d020106082a811ccf5501822d034200', 'hex'),
    Buffer.from(publicKey, 'hex'),
  ])
  const pem = `-----BEGIN PUBLIC KEY-----\n${spki.toString('base64')}\n-----END PUBLIC KEY-----\n`
  test('verifies the same payload with the identity that everybody has by default', () => {
    const signature = Buffer.from(sm2.doSignature(payload, privateKey, { hash: true, der: true }), 'hex')
    expect(judged(layerOf(payload, signature), [keySigner(pem)])).toMatchObject({ state: 'verified' })
    const other = payloadOf(subject.digest, 'cosign container image signature').fill(0x20, 4, 5)
    expect(readPublicKey(pem).verifies(other, signature)).toBe(false)
  })
  test('verifies what openssl signed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-sm2-'))
    const run = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
    run('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:SM2', '-out', 'key')
    run('pkey', '-in', 'key', '-pubout', '-out', 'key.pub')
    writeFileSync(join(folder, 'payload'), payload)
    run(
      ...['pkeyutl', '-sign', '-inkey', 'key', '-rawin', '-digest', 'sm3', '-in', 'payload', '-out', 'signature'],
      '-pkeyopt',
      'distid:1234567812345678',
    )
    const [signature, written] = ['signature', 'key.pub'].map((file) => readFileSync(join(folder, file)))
    rmSync(folder, { recursive: true })
    expect(judged(layerOf(payload, signature!), [keySigner(written!.toString())]).state).toBe('verified')
  })
})

describe('what a signature is of', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signed = (bytes: Buffer) => layerOf(bytes, sign('sha256', bytes, privateKey))
  const other = `sha256:${'0'.repeat(64)}`
  const table: Readonly<Record<string, [Buffer, Refusal]>> = {
    'another digest': [payloadOf(other), 'digest-mismatch'],
    'the digest in capitals': [payloadOf(subject.digest.toUpperCase()), 'digest-mismatch'],
    'two digests under one key': [
      Buffer.from(payload.toString().replace('"image":{', `"image":{"docker-manifest-digest":"${other}",`)),
      'malformed',
    ],
    'another kind of payload': [payloadOf(subject.digest, 'atomic container signature'), 'malformed'],
    'no JSON': [Buffer.from('signed'), 'malformed'],
    'more than a payload needs': [
      Buffer.from(payload.toString().replace('null', `"${'x'.repeat(70_000)}"`)),
      'malformed',
    ],
    'nesting without end': [
      Buffer.from(payload.toString().replace('null', `${'['.repeat(5000)}${']'.repeat(5000)}`)),
      'malformed',
    ],
  }
  for (const [name, [bytes, refusal]] of Object.entries(table)) {
    test(`${name} is refused, though the key signed it`, () => {
      expect(refusalOf(() => readCosignSignature(signed(bytes), subject))).toBe(refusal)
    })
  }
  test('the name in the payload decides nothing: it stays when an image is copied', () => {
    const copied = Buffer.from(payload.toString().replace('library/app', 'elsewhere/app'))
    expect(judged(signed(copied), [keySigner(pemOf(publicKey))]).state).toBe('verified')
  })
  test('base64 that readers would read in two ways', () => {
    const layer = signed(payload)
    const annotations = { [cosignAnnotations.signature]: `${layer.annotations[cosignAnnotations.signature]}\n` }
    expect(refusalOf(() => readCosignSignature({ ...layer, annotations }, subject))).toBe('malformed')
  })
  test('nobody is named: well formed over this digest is not refused, and is not verified', () => {
    expect(judged(signed(payload), []).state).toBe('unnamed')
    expect(judged(layerOf(payload, Buffer.from('forged')), []).state).toBe('refused')
  })
  test('an attestation is of the digests of its statement', () => {
    const envelopeOf = (subjects: readonly string[]) => {
      const statement = Buffer.from(
        JSON.stringify({
          _type: 'https://in-toto.io/Statement/v1',
          predicateType: 'https://slsa.dev/provenance/v1',
          subject: subjects.map((sha256) => ({ name: 'app', digest: { sha256 } })),
        }),
      )
      const type = 'application/vnd.in-toto+json'
      const sig = sign('sha256', preAuthEncoding(type, statement), privateKey).toString('base64')
      const json = { payloadType: type, payload: statement.toString('base64'), signatures: [{ sig }] }
      return { payload: Buffer.from(JSON.stringify(json)), annotations: {} }
    }
    const content = readCosignAttestation(envelopeOf(['1'.repeat(64), hexOf(manifest)]), subject)
    expect(judge(content, [keySigner(pemOf(publicKey))], now)).toMatchObject({
      state: 'verified',
      predicateType: 'https://slsa.dev/provenance/v1',
    })
    expect(refusalOf(() => readCosignAttestation(envelopeOf(['1'.repeat(64)]), subject))).toBe('digest-mismatch')
  })
})

describe('certificates', () => {
  const root = issueCertificate({ name: 'root', extensions: authorityExtensions })
  const leaf = issueCertificate({ name: 'ci', by: root })
  const signature = sign('sha256', payload, leaf.privateKey)
  const layer = (certificate = leaf.certificate, made = signature) =>
    layerOf(payload, made, {
      [cosignAnnotations.certificate]: certificate,
      [cosignAnnotations.chain]: root.certificate,
    })
  const trusts = (pem: string, more: Partial<CertificateSigner> = {}): CertificateSigner => ({
    ...{ kind: 'certificate', id: 3, name: 'our authority' },
    ...{ anchors: readCertificates(pem), timestampAnchors: [], revocationLists: [], ...more },
  })
  test('of an authority that is named', () => {
    const { notAfter } = readCertificates(leaf.certificate)[0]!
    expect(judged(layer(), [trusts(root.certificate)])).toMatchObject({
      ...{ state: 'verified', identity: 'CN=ci, O=Berth', issuer: 'CN=root, O=Berth', validUntil: notAfter },
    })
  })
  test('a name that the certificate must have', () => {
    expect(judged(layer(), [trusts(root.certificate, { subject: 'CN=c*, O=Berth' })]).state).toBe('verified')
    expect(judged(layer(), [trusts(root.certificate, { subject: 'CN=else, O=Berth' })]).refusal).toBe(
      'identity-mismatch',
    )
  })
  test('a forged one never counts, whether somebody is named or not', () => {
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const forged = layer(leaf.certificate, sign('sha256', payload, stranger.privateKey))
    for (const signers of [[], [trusts(root.certificate)]]) {
      expect(judged(forged, signers)).toMatchObject({ state: 'refused', refusal: 'signature-invalid' })
    }
  })
  test('the authority itself signs no image', () => {
    const byRoot = layer(root.certificate, sign('sha256', payload, root.privateKey))
    expect(judged(byRoot, [trusts(root.certificate)])).toMatchObject({
      state: 'untrusted',
      refusal: 'certificate-unsuitable',
    })
  })
})

const fixtures = join(sharedData, 'harbor-cosign-fixtures')
if (!existsSync(fixtures)) skipLoudly("Harbor's fixtures of cosign", `there is no ${fixtures}`)
else {
  describe("Harbor's fixtures of cosign", () => {
    const read = (file: string) => readFileSync(join(fixtures, file))
    const layersOf = (file: string) => parseManifest(read(file), undefined).layers
    const image = read('signed-image.manifest.json')
    const statesOf = (file: string, payloadFile: string, digest: string, signers: readonly Signer[]) =>
      layersOf(file).map(({ annotations }) =>
        judge(
          readCosignSignature(
            { payload: read(payloadFile), annotations: annotations ?? {} },
            { digest: parseDigest(digest), bytes: image },
          ),
          signers,
          now,
        ),
      )
    const named = (payloadFile: string) => /sha256:[0-9a-f]{64}/.exec(read(payloadFile).toString())![0]
    const key = () => keySigner(read('test.pub').toString())
    test('of three signatures one is of the key', () => {
      const states = statesOf('sig.manifest.json', 'sig.payload.json', named('sig.payload.json'), [key()])
      expect(states.map(({ state }) => state).sort()).toEqual(['untrusted', 'untrusted', 'verified'])
    })
    test('a forged manifest has none', () => {
      const states = statesOf('fake-sig.manifest.json', 'sig.payload.json', named('sig.payload.json'), [key()])
      expect(states.map(({ state }) => state)).toEqual(['untrusted', 'untrusted'])
    })
    test('a certificate of nobody verifies its signature, and is trusted only when it is named', () => {
      const digest = named('cert-sig.payload.json')
      const judgements = (signers: readonly Signer[]) =>
        statesOf('cert-sig.manifest.json', 'cert-sig.payload.json', digest, signers)
      expect(judgements([]).map(({ state }) => state)).toEqual(['unnamed'])
      const pem = layersOf('cert-sig.manifest.json')[0]!.annotations![cosignAnnotations.certificate]!
      const certificate = {
        kind: 'certificate',
        id: 1,
        name: 'c',
        anchors: readCertificates(pem),
        timestampAnchors: [],
        revocationLists: [],
      } as const
      expect(judgements([certificate]).map(({ state }) => state)).toEqual(['verified'])
      expect(judgements([key()]).map(({ state }) => state)).toEqual(['untrusted'])
    })
  })
}
