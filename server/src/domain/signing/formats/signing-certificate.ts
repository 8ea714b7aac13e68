import { randomBytes, sign, type KeyObject } from 'node:crypto'
import { bits, explicit, octets, oid, sequence, set, time, truth, unsigned, utf8 } from './der.ts'

const ids = {
  commonName: '2.5.4.3',
  organisation: '2.5.4.10',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
} as const

export interface CertifiedKey {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
  readonly commonName: string
  readonly organisation: string
  /** Milliseconds. */
  readonly from: number
  readonly until: number
}

/**
 * A certificate that a key signs for itself, as the Notary Project asks for one (signature-specification
 * §certificate-requirements): a leaf that signs code and no certificates. Returns PEM.
 */
export function certify(key: CertifiedKey): string {
  const algorithm = sequence(oid(ids.ecdsaWithSha256))
  const name = nameOf(key)
  const serial = randomBytes(16)
  serial[0]! &= 0x7f
  const content = sequence(
    explicit(0, unsigned(Buffer.from([2]))),
    unsigned(serial),
    algorithm,
    name,
    sequence(time(key.from), time(key.until)),
    name,
    key.publicKey.export({ format: 'der', type: 'spki' }),
    explicit(3, extensions()),
  )
  const der = sequence(content, algorithm, bits(sign('sha256', content, key.privateKey)))
  return pemOf('CERTIFICATE', der)
}

const nameOf = ({ commonName, organisation }: CertifiedKey): Buffer =>
  sequence(
    set(sequence(oid(ids.organisation), utf8(organisation))),
    set(sequence(oid(ids.commonName), utf8(commonName))),
  )

function extensions(): Buffer {
  const digitalSignature = bits(Buffer.from([0x80]), 7)
  return sequence(
    extension(ids.basicConstraints, sequence(), true),
    extension(ids.keyUsage, digitalSignature, true),
    extension(ids.extendedKeyUsage, sequence(oid(ids.codeSigning)), false),
  )
}

const extension = (id: string, value: Buffer, isCritical: boolean): Buffer =>
  sequence(oid(id), ...(isCritical ? [truth(true)] : []), octets(value))

export function pemOf(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
