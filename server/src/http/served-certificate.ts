import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { rootCertificates } from 'node:tls'
import { readPemCertificates } from '../runtime/pem.ts'

/** The certificate that clients see, and advice about it. */
export interface ServedCertificate {
  readonly expiresAt: number
  readonly notBefore: number
  /** From then on a person should see to it. */
  readonly attentionAt: number
  /** Names and addresses that it is for. */
  readonly names: readonly string[]
  readonly issuer: string
  /** SHA-256 of the leaf. */
  readonly fingerprint: string
  /** Systems do not trust it by themselves: each client must be told. */
  readonly isPrivate: boolean
  /** The authority's certificate (PEM), where the file has it: what clients are to be told. */
  readonly authority: string | undefined
}

/** Renewal by hand takes days. */
const renewalByHandMs = 21 * 24 * 60 * 60_000

/** @throws when the file cannot be read or does not begin with a certificate */
export async function readServedCertificate(certificateFile: string): Promise<ServedCertificate> {
  return describeChain(certificateFile, await readFile(certificateFile, 'utf8'))
}

/** @throws when the text does not begin with a certificate; the error names `source` */
export function describeChain(source: string, text: string): ServedCertificate {
  const parts = readPemCertificates(source, text)
  const chain = parts.map(({ certificate }) => certificate)
  const leaf = chain[0]
  const last = chain.at(-1)
  if (leaf === undefined || last === undefined) throw new Error(`${source} has no PEM certificate`)
  const selfSigned = last.checkIssued(last)
  return {
    expiresAt: Math.min(...chain.map((each) => Date.parse(each.validTo))),
    notBefore: Date.parse(leaf.validFrom),
    attentionAt: Math.min(...chain.map((each) => Date.parse(each.validTo))) - renewalByHandMs,
    names: alternativeNamesOf(leaf),
    issuer: issuerNameOf(leaf),
    fingerprint: leaf.fingerprint256,
    isPrivate: !isPublicRoot(last),
    authority: selfSigned && !isPublicRoot(last) ? `${parts.at(-1)!.text}\n` : undefined,
  }
}

const alternativeNamesOf = ({ subjectAltName = '' }: X509Certificate): readonly string[] =>
  subjectAltName.split(', ').flatMap((each) => /^(?:DNS|IP Address):(.+)$/.exec(each)?.[1] ?? [])

/** The issuer's common name, or all of its subject. */
export const issuerNameOf = ({ issuer }: X509Certificate): string => /^CN=(.+)$/m.exec(issuer)?.[1] ?? issuer

/** Whether the certificate is, or was issued by, an authority that systems trust from the beginning. */
function isPublicRoot(certificate: X509Certificate): boolean {
  return rootCertificates.some((text) => {
    const root = new X509Certificate(text)
    return root.subject === certificate.issuer && certificate.checkIssued(root)
  })
}
