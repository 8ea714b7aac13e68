import type { TextBudget } from '#contract/budget.ts'
import { DomainError } from '../../errors.ts'
import { defaultLimits, type DetectionLimits } from '../detection/limits.ts'

const mib = 1024 * 1024
const gib = 1024 * mib

/** Of what somebody uploads or a registry gives: the database of Trivy has about 100 MiB packed, and less than 2 GiB unpacked. */
export const maxDataBytes = 2 * gib

/** How much of packed vulnerability data is unpacked. */
export const importLimits: DetectionLimits = {
  ...defaultLimits,
  maxCompressedBytes: maxDataBytes,
  maxUncompressedBytes: 8 * gib,
  maxEntries: 10_000,
}

/** Files of a folder or of a zip. */
export const maxDataFiles = 2_000_000

/** One document of any of these formats; Debian's tracker is the largest, with about 70 MiB. */
export const documentBudget: TextBudget = {
  subject: 'the document',
  maxBytes: 192 * mib,
  maxDepth: 32,
  maxValues: 12_000_000,
}

export const lineBudget: TextBudget = {
  subject: 'the entry',
  maxBytes: 64 * mib,
  maxDepth: 32,
  maxValues: 5_000_000,
}

/** @throws DomainError MANIFEST_TOO_LARGE for more than `maxDataBytes` */
export async function* limitedData(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.length
    if (size > maxDataBytes)
      throw new DomainError('MANIFEST_TOO_LARGE', `vulnerability data may have ${maxDataBytes} bytes at the most`)
    yield chunk
  }
}
