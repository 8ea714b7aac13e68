// The library wants it before itself.
import 'reflect-metadata'
import { createPrivateKey, randomBytes, X509Certificate as NodeCertificate } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'
import { readPemCertificates, refusalOfCertificates } from '../../runtime/pem.ts'

/** A certificate, or a chain with the leaf first, and the private key of the first; PEM. */
export interface CertificateWithKey {
  readonly certificate: string
  readonly privateKey: string
}

export type KeyType = 'ecdsa' | 'rsa'

const dayMs = 24 * 60 * 60_000
/** Clients whose clocks are a little behind take a new certificate. */
const backdatedMs = 60 * 60_000
const rootDays = 3650
const issuerDays = 1825

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
}
const algorithmOf = (type: KeyType) => (type === 'ecdsa' ? ecdsa : rsa)

/** Signs itself, for ten years. Below it stand issuers only. */
export async function makeRoot(name: string, now: number): Promise<CertificateWithKey> {
  const keys = await makeKeys('ecdsa')
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: nameOf(`${name} Root`),
    ...validity(now, rootDays * dayMs, Number.POSITIVE_INFINITY),
    keys,
    signingAlgorithm: ecdsa,
    extensions: await authorityExtensions(keys.publicKey, 1),
  })
  return withKey([certificate], keys)
}

/** The authority that signs from day to day, so that the key of the root can lie elsewhere. */
export async function makeIssuer(name: string, root: CertificateWithKey, now: number): Promise<CertificateWithKey> {
  const keys = await makeKeys('ecdsa')
  const certificate = await sign(root, keys.publicKey, {
    subject: nameOf(`${name} Issuer`),
    lifetimeMs: issuerDays * dayMs,
    now,
    extensions: await authorityExtensions(keys.publicKey, 0),
  })
  return withKey([certificate], keys)
}

export interface ServerCertificateWish {
  readonly names: readonly string[]
  readonly keyType: KeyType
  readonly lifetimeMs: number
  readonly now: number
}

/** A certificate for servers of these names, with its issuer behind it. */
export async function issueServerCertificate(
  issuer: CertificateWithKey,
  { names, keyType, lifetimeMs, now }: ServerCertificateWish,
): Promise<CertificateWithKey> {
  const keys = await makeKeys(keyType)
  const certificate = await sign(issuer, keys.publicKey, {
    // Clients look at the alternative names only; a subject longer than 64 letters is not allowed.
    subject: nameOf(names.find((each) => each.length <= 64) ?? 'registry'),
    lifetimeMs,
    now,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | (keyType === 'rsa' ? x509.KeyUsageFlags.keyEncipherment : 0),
        true,
      ),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      alternativeNames(names),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return withKey([certificate, new x509.X509Certificate(issuer.certificate)], keys)
}

/** For one of our own that needs nobody's trust: clients see it until a real one is there. */
export async function makeTemporaryCertificate(names: readonly string[], now: number): Promise<CertificateWithKey> {
  const keys = await makeKeys('ecdsa')
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: nameOf('Temporary certificate of a registry'),
    ...validity(now, dayMs, Number.POSITIVE_INFINITY),
    keys,
    signingAlgorithm: ecdsa,
    extensions: [new x509.BasicConstraintsExtension(false, undefined, true), alternativeNames(names)],
  })
  return withKey([certificate], keys)
}

/** PKCS #8 in PEM: ECDSA on P-256. */
export async function makeAccountKey(): Promise<string> {
  return await exportKey(await makeKeys('ecdsa'))
}

/** PKCS #10 in DER, and the key that it is for. */
export async function makeCertificateRequest(
  names: readonly string[],
  keyType: KeyType,
): Promise<{ readonly request: Uint8Array; readonly privateKey: string }> {
  const keys = await makeKeys(keyType)
  // No subject: services put into it what they think right, and refuse an address there.
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: algorithmOf(keyType),
    extensions: [alternativeNames(names)],
  })
  return { request: new Uint8Array(request.rawData), privateKey: await exportKey(keys) }
}

/** How a certificate is called where its renewal is asked about: RFC 9773, 4.1. Undefined without a key identifier. */
export function renewalNameOf(chain: string): string | undefined {
  const leaf = new x509.X509Certificate(firstOf(chain))
  const { keyId } = leaf.getExtension(x509.AuthorityKeyIdentifierExtension) ?? {}
  if (keyId === undefined) return undefined
  return [keyId, leaf.serialNumber].map((hex) => Buffer.from(hex, 'hex').toString('base64url')).join('.')
}

/** @throws TypeError when a chain that somebody else sent is for another key, or not for all names */
export function assertBelongsTo(chain: string, privateKey: string, names: readonly string[]): void {
  const refusal = refusalOfCertificates(chain)
  if (refusal !== undefined) throw new TypeError(`the certificate that was issued ${refusal}`)
  const leaf = new NodeCertificate(firstOf(chain))
  if (!leaf.checkPrivateKey(createPrivateKey(privateKey)))
    throw new TypeError('the certificate that was issued is for another key')
  const missing = names.find(
    (name) => (isIP(name) === 0 ? leaf.checkHost(name.replace(/^\*\./, 'any.')) : leaf.checkIP(name)) === undefined,
  )
  if (missing !== undefined) throw new TypeError(`the certificate that was issued is not for ${missing}`)
}

const firstOf = (chain: string): string => readPemCertificates('the chain', chain)[0]!.text

interface SigningWish {
  readonly subject: x509.Name
  readonly lifetimeMs: number
  readonly now: number
  readonly extensions: x509.Extension[]
}

async function sign(
  by: CertificateWithKey,
  publicKey: CryptoKey,
  { subject, lifetimeMs, now, extensions }: SigningWish,
): Promise<x509.X509Certificate> {
  const issuer = new x509.X509Certificate(by.certificate)
  const { key: signingKey, algorithm } = await importSigningKey(by.privateKey)
  return await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: subject.toJSON(),
    issuer: issuer.subjectName.toJSON(),
    ...validity(now, lifetimeMs, issuer.notAfter.getTime()),
    publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [...extensions, await x509.AuthorityKeyIdentifierExtension.create(issuer)],
  })
}

async function authorityExtensions(publicKey: CryptoKey, below: number): Promise<x509.Extension[]> {
  return [
    new x509.BasicConstraintsExtension(true, below, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
  ]
}

function alternativeNames(names: readonly string[]): x509.SubjectAlternativeNameExtension {
  return new x509.SubjectAlternativeNameExtension(
    names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) as const),
  )
}

/** No certificate outlives its issuer: clients would refuse the chain and not say why. */
function validity(now: number, lifetimeMs: number, end: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - backdatedMs), notAfter: new Date(Math.min(now + lifetimeMs, end)) }
}

const nameOf = (commonName: string): x509.Name => new x509.Name([{ CN: [commonName] }])

/** 127 bits of chance, and positive. */
function newSerial(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return bytes.toString('hex')
}

async function makeKeys(type: KeyType): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(algorithmOf(type), true, ['sign', 'verify'])
}

async function withKey(chain: readonly x509.X509Certificate[], keys: CryptoKeyPair): Promise<CertificateWithKey> {
  return {
    certificate: chain.map((each) => `${each.toString('pem')}\n`).join(''),
    privateKey: await exportKey(keys),
  }
}

async function exportKey({ privateKey }: CryptoKeyPair): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY')}\n`
}

/** Of PKCS #8, ECDSA on P-256 or P-384, or RSA: also that of an issuer which another authority made. */
async function importSigningKey(pem: string): Promise<{ key: CryptoKey; algorithm: typeof ecdsa | typeof rsa }> {
  const bytes = x509.PemConverter.decodeFirst(pem)
  const candidates = [ecdsa, { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }, rsa]
  for (const algorithm of candidates) {
    const key = await crypto.subtle.importKey('pkcs8', bytes, algorithm, false, ['sign']).catch(() => undefined)
    if (key !== undefined) return { key, algorithm }
  }
  throw new TypeError('the key of an authority must be ECDSA on P-256 or P-384, or RSA, in PKCS #8')
}

/** Of the first certificate: SHA-256 in pairs of hexadecimal digits with colons, as openssl and browsers write it. */
export const fingerprintOf = (certificate: string): string => new NodeCertificate(certificate).fingerprint256

/** When the first of a chain's certificates ends, and the leaf began. */
export function validityOf(chain: string): { readonly notBefore: number; readonly notAfter: number } {
  const certificates = readPemCertificates('the chain', chain).map(({ certificate }) => certificate)
  const [leaf] = certificates
  if (leaf === undefined) throw new TypeError('a chain has one certificate at least')
  return {
    notBefore: Date.parse(leaf.validFrom),
    notAfter: Math.min(...certificates.map(({ validTo }) => Date.parse(validTo))),
  }
}
