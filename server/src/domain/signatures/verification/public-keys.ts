import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto'
import { ASN1Obj } from '@sigstore/core'
import { sm2 } from 'sm-crypto-v2'
import { pemBlocks } from './pem.ts'
import { refusing, SignatureRefused } from './refusals.ts'

/** A key that verifies. Its kind alone decides the algorithm: nothing that a signature says of itself can change it. */
export interface PublicKey {
  readonly kind: 'ecdsa' | 'rsa' | 'ed25519' | 'sm2'
  /** SHA-256 of the SubjectPublicKeyInfo, in hex: the same for every way of writing the key. */
  readonly fingerprint: string
  /** The key itself, in DER. */
  readonly spki: Buffer
  /** Over these very bytes. */
  verifies(bytes: Uint8Array, signature: Uint8Array): boolean
}

const ecPublicKey = '1.2.840.10045.2.1'
const sm2Curve = '1.2.156.10197.1.301'
const minRsaBits = 2048

/** A curve's own hash, and SHA-256, which cosign used with every curve before its version 3. */
const hashesOfCurve: Readonly<Record<string, readonly string[]>> = {
  prime256v1: ['sha256'],
  secp384r1: ['sha384', 'sha256'],
  secp521r1: ['sha512', 'sha256'],
}

/** @throws SignatureRefused for text that has no public key, more than one, or one that this registry cannot use */
export function readPublicKey(pem: string): PublicKey {
  const blocks = pemBlocks(pem, ['PUBLIC KEY', 'RSA PUBLIC KEY'])
  const [block] = blocks
  if (block === undefined || blocks.length > 1) {
    throw new SignatureRefused('malformed', 'expected one PEM block BEGIN PUBLIC KEY')
  }
  if (block.label === 'PUBLIC KEY') return publicKeyOf(block.der)
  return refusing('malformed', 'the RSA key cannot be read', () =>
    publicKeyOf(
      createPublicKey({ key: block.der, format: 'der', type: 'pkcs1' }).export({ format: 'der', type: 'spki' }),
    ),
  )
}

export function publicKeyOf(spki: Buffer): PublicKey {
  const fingerprint = createHash('sha256').update(spki).digest('hex')
  const sm2Point = refusing('malformed', 'the public key cannot be read', () => findSm2Point(spki))
  if (sm2Point !== undefined) return sm2Key(spki, fingerprint, sm2Point)
  const key = refusing('unsupported-algorithm', 'the public key cannot be used', () =>
    createPublicKey({ key: spki, format: 'der', type: 'spki' }),
  )
  const verifies = verifierOf(key)
  return { ...verifies, fingerprint, spki }
}

function verifierOf(key: KeyObject): Pick<PublicKey, 'kind' | 'verifies'> {
  switch (key.asymmetricKeyType) {
    case 'ec': {
      const curve = key.asymmetricKeyDetails?.namedCurve ?? ''
      const hashes = hashesOfCurve[curve]
      if (hashes === undefined) throw new SignatureRefused('unsupported-algorithm', `the curve ${curve} is not used`)
      return {
        kind: 'ecdsa',
        verifies: (bytes, signature) =>
          hashes.some((hash) => verify(hash, bytes, { key, dsaEncoding: 'der' }, signature)),
      }
    }
    case 'rsa': {
      const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
      if (bits < minRsaBits)
        throw new SignatureRefused('unsupported-algorithm', `an RSA key of ${bits} bits is too short`)
      return { kind: 'rsa', verifies: (bytes, signature) => verify('sha256', bytes, key, signature) }
    }
    case 'ed25519':
      return { kind: 'ed25519', verifies: (bytes, signature) => verify(undefined, bytes, key, signature) }
    default:
      throw new SignatureRefused('unsupported-algorithm', `a key of the kind ${key.asymmetricKeyType} is not used`)
  }
}

/** The uncompressed point of an SM2 key, as the library takes it; undefined for every other key. */
function findSm2Point(spki: Buffer): string | undefined {
  const [algorithm, point] = ASN1Obj.parseBuffer(Buffer.from(spki)).subs
  const [kind, curve] = algorithm?.subs ?? []
  if (kind?.toOID() !== ecPublicKey || curve?.toOID() !== sm2Curve) return undefined
  // The first byte of a BIT STRING counts its unused bits.
  return point?.value.subarray(1).toString('hex')
}

/**
 * SM2 with SM3 (GB/T 32918). The library verifies it because the SM2 of the runtime's cryptography is none: it leaves out
 * the identity of the signer, for which everybody has the same default.
 */
function sm2Key(spki: Buffer, fingerprint: string, point: string): PublicKey {
  if (point.length !== 130 || !sm2.verifyPublicKey(point)) {
    throw new SignatureRefused('malformed', 'the SM2 key is no point of its curve')
  }
  return {
    kind: 'sm2',
    fingerprint,
    spki,
    verifies: (bytes, signature) => {
      try {
        return sm2.doVerifySignature(bytes, Buffer.from(signature).toString('hex'), point, { hash: true, der: true })
      } catch {
        // The library throws for what is no signature at all.
        return false
      }
    },
  }
}
