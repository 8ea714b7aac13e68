import { constants, verify, type KeyObject } from 'node:crypto'
import { decode, encode } from 'cborg'
import { z } from 'zod'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import { maxChainLength } from './certificate-chains.ts'
import { readCertificate, type Certificate } from './certificates.ts'
import { base64Bytes, base64UrlBytes } from './pem.ts'
import { refusing, SignatureRefused } from './refusals.ts'
import { nativeKey } from './signature-algorithms.ts'

export const notaryPayloadType = 'application/vnd.cncf.notary.payload.v1+json'
export const envelopeTypes = { jws: 'application/jose+json', cose: 'application/cose' } as const

export type SigningScheme = 'notary.x509' | 'notary.x509.signingAuthority'

/** A signature of the Notary Project, in either of its envelopes. */
export interface NotaryEnvelope {
  readonly payload: Buffer
  readonly scheme: SigningScheme
  /** As the signer says; an authority that signs attests it, others do not. In milliseconds. */
  readonly signingTime: number | undefined
  /** When the signer wants it to stop counting. */
  readonly expiry: number | undefined
  /** The leaf first. */
  readonly certificates: readonly Certificate[]
  readonly timestamp: Buffer | undefined
  readonly signature: Buffer
  /** The signature was made with the key of the leaf, over payload and protected headers. */
  readonly isIntact: boolean
}

export const headerNames = {
  scheme: 'io.cncf.notary.signingScheme',
  signingTime: 'io.cncf.notary.signingTime',
  authenticSigningTime: 'io.cncf.notary.authenticSigningTime',
  expiry: 'io.cncf.notary.expiry',
  timestamp: 'io.cncf.notary.timestampSignature',
} as const

/** The algorithm that belongs to a key (signature-specification §algorithm-selection); no other is accepted with it. */
interface Algorithm {
  readonly jws: string
  readonly cose: number
  readonly hash: string
}
const algorithms: Readonly<Record<string, Algorithm>> = {
  'rsa 2048': { jws: 'PS256', cose: -37, hash: 'sha256' },
  'rsa 3072': { jws: 'PS384', cose: -38, hash: 'sha384' },
  'rsa 4096': { jws: 'PS512', cose: -39, hash: 'sha512' },
  'ec prime256v1': { jws: 'ES256', cose: -7, hash: 'sha256' },
  'ec secp384r1': { jws: 'ES384', cose: -35, hash: 'sha384' },
  'ec secp521r1': { jws: 'ES512', cose: -36, hash: 'sha512' },
}

function algorithmOf(certificate: Certificate) {
  const key = nativeKey(certificate.key)
  const details = key.asymmetricKeyDetails
  const name = `${key.asymmetricKeyType} ${details?.namedCurve ?? details?.modulusLength ?? ''}`
  const algorithm = algorithms[name]
  if (algorithm === undefined) throw new SignatureRefused('unsupported-algorithm', `a key of the kind ${name}`)
  return { ...algorithm, key }
}

/** @throws SignatureRefused for what is no envelope, or is one whose headers break the specification */
export function readNotaryEnvelope(bytes: Buffer, mediaType: string): NotaryEnvelope {
  if (bytes.length > budgets.signatureEnvelope.maxBytes) {
    throw new SignatureRefused('too-large', `an envelope of ${bytes.length} bytes`)
  }
  const read = mediaType === envelopeTypes.jws ? readJws : mediaType === envelopeTypes.cose ? readCose : undefined
  if (read === undefined)
    throw new SignatureRefused('unsupported-format', `an envelope of the type ${mediaType.slice(0, 100)}`)
  return refusing('malformed', 'the envelope cannot be read', () => read(bytes))
}

const jwsFields = z.object({
  payload: z.string(),
  protected: z.string(),
  signature: z.string(),
  header: z.looseObject({
    x5c: z.array(z.string()).min(1).max(maxChainLength),
    [headerNames.timestamp]: z.string().optional(),
  }),
})

const times = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
const protectedFields = z.looseObject({
  alg: z.string(),
  cty: z.literal(notaryPayloadType),
  crit: z.array(z.string()).max(10),
  [headerNames.scheme]: z.enum(['notary.x509', 'notary.x509.signingAuthority']),
  [headerNames.signingTime]: times.optional(),
  [headerNames.authenticSigningTime]: times.optional(),
  [headerNames.expiry]: times.optional(),
})

function readJws(bytes: Buffer): NotaryEnvelope {
  const fields = jwsFields.parse(parseForeignJson(bytes, budgets.signatureEnvelope))
  const headers = protectedFields.parse(parseForeignJson(base64UrlBytes(fields.protected), budgets.signedPayload))
  assertCritical(headers.crit, headers)
  const certificates = fields.header.x5c.map((each) => readCertificate(base64Bytes(each)))
  const { jws, hash, key } = algorithmOf(certificates[0]!)
  if (headers.alg !== jws)
    throw new SignatureRefused('unsupported-algorithm', `the algorithm ${headers.alg} is not that of the key`)
  const signature = base64UrlBytes(fields.signature)
  const timestamp = fields.header[headerNames.timestamp]
  return {
    payload: base64UrlBytes(fields.payload),
    ...attributesOf(headers),
    certificates,
    timestamp: timestamp === undefined ? undefined : base64Bytes(timestamp as string),
    signature,
    isIntact: verifies(hash, key, Buffer.from(`${fields.protected}.${fields.payload}`), signature),
  }
}

type Headers = z.infer<typeof protectedFields>

function attributesOf(headers: Headers) {
  const scheme = headers[headerNames.scheme]
  const time = scheme === 'notary.x509' ? headers[headerNames.signingTime] : headers[headerNames.authenticSigningTime]
  if (time === undefined)
    throw new SignatureRefused('malformed', `a signature of the scheme ${scheme} without its time`)
  return { scheme, signingTime: time, expiry: headers[headerNames.expiry] }
}

/**
 * Headers that a verifier must understand: those named, and no others. A signer that leaves a name out would have a
 * verifier ignore its expiry.
 */
function assertCritical(critical: readonly string[], headers: Headers): void {
  const needed = [
    headerNames.scheme,
    ...(headers[headerNames.expiry] === undefined ? [] : [headerNames.expiry]),
    ...(headers[headerNames.authenticSigningTime] === undefined ? [] : [headerNames.authenticSigningTime]),
  ]
  const unknown = critical.find((name) => !needed.includes(name as (typeof needed)[number]))
  const missing = needed.find((name) => !critical.includes(name))
  if (unknown !== undefined)
    throw new SignatureRefused('unsupported-format', `the critical header ${unknown.slice(0, 80)} is not understood`)
  if (missing !== undefined)
    throw new SignatureRefused('malformed', `the header ${missing} is not among the critical ones`)
}

/** PSS with a salt as long as the hash; ECDSA as two numbers side by side (RFC 7518 §3.4, RFC 9053 §2.1). */
function verifies(hash: string, key: KeyObject, bytes: Buffer, signature: Buffer): boolean {
  return key.asymmetricKeyType === 'ec'
    ? verify(hash, bytes, { key, dsaEncoding: 'ieee-p1363' }, signature)
    : verify(
        hash,
        bytes,
        { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
        signature,
      )
}

const coseSign1Tag = 18
const epochTag = 1
/** Labels of RFC 9052 §3.1 and RFC 9360 §2. */
const labels = { algorithm: 1, critical: 2, contentType: 3, chain: 33 } as const

const coseOptions = {
  useMaps: true,
  rejectDuplicateMapKeys: true,
  allowIndefinite: false,
  tags: {
    [coseSign1Tag]: (inner: () => unknown) => ({ sign1: inner() }),
    [epochTag]: (inner: () => unknown) => new Date(Number(inner()) * 1000),
  },
}
const byteString = z.instanceof(Uint8Array)
const coseFields = z.object({
  sign1: z.tuple([byteString, z.instanceof(Map), byteString, byteString]),
})

function readCose(bytes: Buffer): NotaryEnvelope {
  assertShallow(bytes)
  const [protectedBytes, unprotected, payload, signature] = coseFields.parse(decode(bytes, coseOptions)).sign1
  const headers = z.instanceof(Map).parse(decode(protectedBytes, coseOptions)) as Map<unknown, unknown>
  const said = protectedFields.parse({
    alg: String(headers.get(labels.algorithm)),
    cty: headers.get(labels.contentType),
    crit: headers.get(labels.critical),
    ...Object.fromEntries(
      [...headers].filter(([name]) => typeof name === 'string').map(([name, value]) => [name, textOf(value)]),
    ),
  })
  assertCritical(said.crit, said)
  const chain = (unprotected as Map<unknown, unknown>).get(labels.chain)
  const certificates = z
    .array(byteString)
    .min(1)
    .max(maxChainLength)
    .parse(chain instanceof Uint8Array ? [chain] : chain)
    .map((each) => readCertificate(Buffer.from(each)))
  const { cose, hash, key } = algorithmOf(certificates[0]!)
  if (headers.get(labels.algorithm) !== cose) {
    throw new SignatureRefused('unsupported-algorithm', `the algorithm ${said.alg} is not that of the key`)
  }
  const timestamp = byteString.optional().parse((unprotected as Map<unknown, unknown>).get(headerNames.timestamp))
  const signed = encode(['Signature1', protectedBytes, new Uint8Array(), payload])
  return {
    payload: Buffer.from(payload),
    ...attributesOf(said),
    certificates,
    timestamp: timestamp === undefined ? undefined : Buffer.from(timestamp),
    signature: Buffer.from(signature),
    isIntact: verifies(hash, key, Buffer.from(signed), Buffer.from(signature)),
  }
}

const textOf = (value: unknown): unknown => (value instanceof Date ? value.toISOString() : value)

/**
 * A look at the nesting before it is decoded. The decoder has no limit of its own; what a signature needs lies four deep,
 * and no item has more than one byte for each of its parts.
 */
function assertShallow(bytes: Buffer): void {
  // Heads of arrays of one (0x81), maps of one (0xa1) and tags (0xc0 to 0xd7) in a row are what depth is made of.
  let run = 0
  for (const byte of bytes) {
    run = byte === 0x81 || byte === 0xa1 || (byte >= 0xc0 && byte <= 0xd7) ? run + 1 : 0
    if (run > 512) throw new SignatureRefused('too-large', 'the envelope is nested too deeply')
  }
}
