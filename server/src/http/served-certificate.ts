import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { rootCertificates } from 'node:tls'
import { readPemCertificates } from '../runtime/pem.ts'

/** The certificate that clients see, and advice about it. */
export interface ServedCertificate {
  readonly expiresAt: number
  /** Systems do not trust it by themselves: each client must be told. */
  readonly isPrivate: boolean
  /** The authority's certificate (PEM), where the file has it: what clients are to be told. */
  readonly authority: string | undefined
}

/** @throws when the file cannot be read or does not begin with a certificate */
export async function readServedCertificate(certificateFile: string): Promise<ServedCertificate> {
  const parts = readPemCertificates(certificateFile, await readFile(certificateFile, 'utf8'))
  const chain = parts.map(({ certificate }) => certificate)
  const leaf = chain[0]
  const last = chain.at(-1)
  if (leaf === undefined || last === undefined) throw new Error(`${certificateFile} has no PEM certificate`)
  const selfSigned = last.checkIssued(last)
  return {
    expiresAt: Math.min(...chain.map((each) => Date.parse(each.validTo))),
    isPrivate: !isPublicRoot(last),
    authority: selfSigned && !isPublicRoot(last) ? `${parts.at(-1)!.text}\n` : undefined,
  }
}

/** Whether the certificate is, or was issued by, an authority that systems trust from the beginning. */
function isPublicRoot(certificate: X509Certificate): boolean {
  return rootCertificates.some((text) => {
    const root = new X509Certificate(text)
    return root.subject === certificate.issuer && certificate.checkIssued(root)
  })
}
