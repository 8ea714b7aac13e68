import { ContractError } from './contract-error.ts'
import { whyRefused } from './json-structure.ts'

/**
 * The limits for text from outside. One linear look finds out whether the text keeps to them, before anything is built
 * from it.
 */
export interface TextBudget {
  /** The name of the text, as the subject of a sentence. */
  readonly subject: string
  readonly maxBytes: number
  readonly maxDepth: number
  /** Objects, arrays, strings (keys too) and other values, all counted together. */
  readonly maxValues: number
  /** The character U+0000 in strings, written as an escape. Only what is kept byte for byte may have it. */
  readonly allowsNul?: true
}

const kib = 1024
const mib = 1024 * kib

/**
 * Every kind of text from outside that the registry parses. A kind that takes more than some milliseconds to parse at
 * its limit is parsed in a thread (server/src/runtime/parser-thread.ts).
 */
export const budgets = {
  manifest: { subject: 'it', maxBytes: 4 * mib, maxDepth: 64, maxValues: 100_000, allowsNul: true },
  imageConfig: { subject: 'the config of this image', maxBytes: 512 * kib, maxDepth: 32, maxValues: 10_000 },
  chartFile: { subject: 'this file of the chart', maxBytes: 64 * kib, maxDepth: 16, maxValues: 10_000 },
  requestBody: { subject: 'the body', maxBytes: mib, maxDepth: 32, maxValues: 30_000 },
  /** What cosign signs, and the payload and the headers of a signature of the Notary Project. */
  signedPayload: { subject: 'the payload', maxBytes: 64 * kib, maxDepth: 16, maxValues: 2_000 },
  /** An envelope of the Notary Project: certificates and a time stamp make most of it. */
  signatureEnvelope: { subject: 'the envelope', maxBytes: 256 * kib, maxDepth: 8, maxValues: 200 },
  /** A bundle of Sigstore, with the statement that it signs in base64. */
  sigstoreBundle: { subject: 'the bundle', maxBytes: mib, maxDepth: 24, maxValues: 5_000 },
  /** Of in-toto: provenance, or a bill of materials. */
  statement: { subject: 'the statement', maxBytes: mib, maxDepth: 32, maxValues: 30_000 },
  /** Authorities and logs that a person names as trusted, in the form of Sigstore. */
  trustedRoot: { subject: 'the trusted root', maxBytes: 256 * kib, maxDepth: 16, maxValues: 5_000 },
  /** What a browser passes on of an authenticator. */
  passkeyAnswer: { subject: 'the answer', maxBytes: 64 * kib, maxDepth: 8, maxValues: 200 },
  /** A cursor of a list, or JSON within a field of a body. */
  fragment: { subject: 'it', maxBytes: 4 * kib, maxDepth: 8, maxValues: 100 },
  /** Of a registry, a token service or a provider of identities. */
  remoteAnswer: { subject: 'the answer', maxBytes: mib, maxDepth: 32, maxValues: 20_000 },
  /** A page of a list of another registry: tags, repositories, referrers. */
  remoteList: { subject: 'the list', maxBytes: 4 * mib, maxDepth: 32, maxValues: 100_000 },
  /** An answer of another Harbor that moves in, to a process that serves no clients. */
  movingAnswer: { subject: 'the answer', maxBytes: 16 * mib, maxDepth: 32, maxValues: 2_000_000 },
  /** What a scanner that is an adapter found in one image; parsed in a thread. */
  scannerReport: { subject: 'the report', maxBytes: 64 * mib, maxDepth: 32, maxValues: 10_000_000 },
  /** `index.json` of an OCI layout that moves in. */
  layoutIndex: { subject: 'the index of the layout', maxBytes: 128 * mib, maxDepth: 32, maxValues: 10_000_000 },
} satisfies Record<string, TextBudget>

/**
 * JSON that somebody else wrote.
 * @throws ContractError TEXT_INVALID with a sentence, for text that is beyond the budget, or no JSON, or that two
 *   readers could read in two ways (a key twice, half a surrogate pair, bytes that are no UTF-8)
 */
export function parseForeignJson(written: string | Uint8Array, budget: TextBudget): unknown {
  const text = readText(written, budget)
  const refused = whyRefused(text, budget)
  if (refused !== undefined) throw textInvalid(budget, refused)
  try {
    return JSON.parse(text)
  } catch {
    throw textInvalid(budget, 'is not JSON')
  }
}

/** Foreign text within its budget of bytes, whatever is written in it. @throws ContractError TEXT_INVALID */
export function readText(written: string | Uint8Array, budget: Pick<TextBudget, 'subject' | 'maxBytes'>): string {
  // A character has three bytes at the most for each unit of a string.
  const isTooLong =
    written.length > budget.maxBytes ||
    (typeof written === 'string' &&
      written.length * 3 > budget.maxBytes &&
      new TextEncoder().encode(written).length > budget.maxBytes)
  if (isTooLong) throw textInvalid(budget, `has more than ${budget.maxBytes} bytes`)
  const text = typeof written === 'string' ? written : decoded(written, budget)
  // RFC 8259 §8.1 forbids to send one.
  if (text.startsWith('\ufeff')) throw textInvalid(budget, 'begins with a byte order mark')
  return text
}

function decoded(bytes: Uint8Array, budget: Pick<TextBudget, 'subject'>): string {
  try {
    // ignoreBOM keeps the mark in the text, where it is refused.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw textInvalid(budget, 'is not UTF-8 text')
  }
}

function textInvalid({ subject }: Pick<TextBudget, 'subject'>, why: string): ContractError {
  return new ContractError('TEXT_INVALID', `${subject} ${why}`)
}
