import { createHash } from 'node:crypto'
import { sm3 } from 'sm-crypto-v2'

export const hashAlgorithms = ['sha256', 'sm3'] as const
export type HashAlgorithm = (typeof hashAlgorithms)[number]

/** A record as it is hashed: every column, in this order. Another order, or a column more, would be another format. */
export interface ChainedRecord {
  readonly id: number
  readonly type: string
  readonly occurredAt: number
  readonly actor: string
  readonly projectId: number | null
  readonly resource: string
  readonly payload: string
  readonly username: string
  readonly clientAddress: string
  readonly succeeded: number
}

export interface Link {
  readonly sequence: number
  readonly sealedAt: number
  readonly recordHash: string
}

/** What the first link goes on from. */
export const genesis = 'none'

/** `sha256:…`: the algorithm is a part of every hash, so a chain may go on with another one. */
export function hashOf(algorithm: HashAlgorithm, text: string): string {
  if (algorithm === 'sm3') return `sm3:${sm3(new TextEncoder().encode(text))}`
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

/** Undefined for a text that no algorithm here can have made. */
export function algorithmOf(hash: string): HashAlgorithm | undefined {
  const [name = '', hex = ''] = hash.split(':')
  return /^[0-9a-f]{64}$/.test(hex) ? hashAlgorithms.find((known) => known === name) : undefined
}

/** JSON without blanks, as ECMAScript writes it: one text for one list of values. */
export function recordHash(algorithm: HashAlgorithm, record: ChainedRecord): string {
  const { id, type, occurredAt, actor, projectId, resource, payload, username, clientAddress, succeeded } = record
  const values = [id, type, occurredAt, actor, projectId, resource, payload, username, clientAddress, succeeded]
  return hashOf(algorithm, JSON.stringify(['berth-audit-record/1', ...values]))
}

export const linkHash = (algorithm: HashAlgorithm, previous: string, { sequence, sealedAt, recordHash: of }: Link) =>
  hashOf(algorithm, JSON.stringify(['berth-audit-link/1', previous, sequence, sealedAt, of]))

/** Which records a purge took: their places, one on a line, in their order. */
export class TakenDigest {
  readonly #hash = createHash('sha256')

  add(sequence: number): void {
    this.#hash.update(`${sequence}\n`)
  }

  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`
  }
}
