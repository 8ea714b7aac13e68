import { compressionOf } from '../detection/decompress.ts'

export type DataForm = 'gzip' | 'zstd' | 'zip' | 'tar' | 'bolt' | 'text'

/** As many bytes as `formOf` looks at: the first block of a tar. */
export const headBytes = 512

/** What the first bytes of vulnerability data are; names may lie, and uploads often have none. Undefined: nothing that is read here. */
export function formOf(head: Uint8Array): DataForm | undefined {
  const compression = compressionOf(head)
  if (compression !== 'none') return compression
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
  if (bytes.subarray(0, 4).equals(zipMark)) return 'zip'
  if (bytes.length >= 20 && bytes.readUInt32LE(16) === boltMark) return 'bolt'
  if (bytes.toString('latin1', 257, 262) === 'ustar') return 'tar'
  return textStart.test(bytes.toString('latin1', 0, 64)) ? 'text' : undefined
}

const zipMark = Buffer.from('PK\u0003\u0004', 'latin1')
/** Behind the header of the first page. */
const boltMark = 0xed0cdaed
/** JSON, or EPSS: a comment, its names, or its first line. */
const textStart = /^\s*(?:[[{]|#model_version|cve,epss|CVE-)/
