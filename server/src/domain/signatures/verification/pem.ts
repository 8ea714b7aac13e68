import { SignatureRefused } from './refusals.ts'

export interface PemBlock {
  readonly label: string
  readonly der: Buffer
}

/** A chain has three or four; a bundle of roots that a person names has tens. */
const maxBlocks = 64
export const maxPemBytes = 256 << 10

/** The blocks with one of the labels, in their order; text between them is ignored, as in RFC 7468 §2. */
export function pemBlocks(text: string, labels: readonly string[]): PemBlock[] {
  if (text.length > maxPemBytes) throw new SignatureRefused('too-large', `PEM text of ${text.length} characters`)
  const blocks: PemBlock[] = []
  let at = 0
  for (;;) {
    const begin = text.indexOf('-----BEGIN ', at)
    if (begin < 0) return blocks
    const labelEnd = text.indexOf('-----', begin + 11)
    const label = text.slice(begin + 11, labelEnd)
    const end = text.indexOf(`-----END ${label}-----`, labelEnd)
    if (labelEnd < 0 || end < 0) throw new SignatureRefused('malformed', 'a PEM block has no end')
    at = end + label.length + 14
    if (!labels.includes(label)) continue
    if (blocks.length === maxBlocks) throw new SignatureRefused('too-many', `more than ${maxBlocks} PEM blocks`)
    blocks.push({ label, der: base64Bytes(text.slice(labelEnd + 5, end).replace(/\s+/g, '')) })
  }
}

/** @throws SignatureRefused for text that is not base64 throughout: lenient readers would each read another thing */
export function base64Bytes(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw new SignatureRefused('malformed', 'text that should be base64 is not')
  return bytes
}

/** The alphabet of URLs, without padding: JSON Web Signatures. */
export function base64UrlBytes(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.toString('base64url') !== text)
    throw new SignatureRefused('malformed', 'text that should be base64url is not')
  return bytes
}
