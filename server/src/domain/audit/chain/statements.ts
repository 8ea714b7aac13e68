import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto'
import { z } from 'zod'
import { parseForeignJson } from '#contract/budget.ts'

const place = { sequence: z.number().int(), hash: z.string().max(200) }
const common = { time: z.string().max(40), key: z.string().max(100) }
const base = z.object(place)

const headSchema = z.object({
  type: z.literal('berth-audit-head/1'),
  ...place,
  base,
  history: z.number().int(),
  checkpoints: z.number().int(),
  ...common,
})
const checkpointSchema = z.object({
  type: z.literal('berth-audit-checkpoint/1'),
  number: z.number().int(),
  /** Hash of the checkpoint before; `none` for the first. */
  previous: z.string().max(200),
  ...place,
  base,
  ...common,
})
const purgeSchema = z.object({
  type: z.literal('berth-audit-purge/1'),
  number: z.number().int(),
  first: z.number().int(),
  last: z.number().int(),
  count: z.number().int(),
  /** Over the places of the records, in their order. */
  taken: z.string().max(200),
  /** Records from before this moment. */
  before: z.string().max(40),
  ...common,
})

/** What the registry says of its audit log, and signs. */
const statementSchema = z.discriminatedUnion('type', [headSchema, checkpointSchema, purgeSchema])
export type Statement = z.output<typeof statementSchema>
export type Head = z.output<typeof headSchema>
export type Checkpoint = z.output<typeof checkpointSchema>
export type PurgeStatement = z.output<typeof purgeSchema>

/** A statement with its signature: Ed25519 over these very bytes. */
export interface Signed {
  readonly document: string
  /** Base64. */
  readonly signature: string
}

const budget = { subject: 'a statement of the audit log', maxBytes: 4_096, maxDepth: 4, maxValues: 100 }

/** Undefined for a text that is no statement. */
export function findStatement(document: string): Statement | undefined {
  try {
    return statementSchema.safeParse(parseForeignJson(document, budget)).data
  } catch {
    return undefined
  }
}

export class AuditKey {
  readonly fingerprint: string
  readonly publicKey: string
  readonly privatePem: string
  readonly #private: KeyObject

  /** @throws Error for a text that is no private key of Ed25519 */
  constructor(privatePem: string) {
    this.#private = createPrivateKey(privatePem)
    if (this.#private.asymmetricKeyType !== 'ed25519')
      throw new Error('expected a private key of Ed25519 in PEM (PKCS 8)')
    const { pem, fingerprint } = describeKey(createPublicKey(this.#private))
    this.publicKey = pem
    this.privatePem = privatePem
    this.fingerprint = fingerprint
  }

  /** A new one. */
  static make(): { readonly key: AuditKey; readonly privatePem: string } {
    const { privateKey } = generateKeyPairSync('ed25519')
    const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    return { key: new AuditKey(privatePem), privatePem }
  }

  sign(statement: Statement): Signed {
    const document = JSON.stringify(statement)
    return { document, signature: sign(null, Buffer.from(document), this.#private).toString('base64') }
  }
}

function describeKey(key: KeyObject) {
  const spki = key.export({ type: 'spki', format: 'der' })
  return {
    pem: key.export({ type: 'spki', format: 'pem' }) as string,
    fingerprint: createHash('sha256').update(spki).digest('hex'),
  }
}

/** Keys by their fingerprints, which are computed here and never believed. */
export class KnownKeys {
  readonly #keys = new Map<string, KeyObject>()

  /** Undefined for a text that is no public key. */
  add(publicPem: string): string | undefined {
    try {
      const key = createPublicKey(publicPem)
      if (key.asymmetricKeyType !== 'ed25519') return undefined
      const { fingerprint } = describeKey(key)
      this.#keys.set(fingerprint, key)
      return fingerprint
    } catch {
      return undefined
    }
  }

  /** Undefined when the statement is not what one of these keys signed. */
  open({ document, signature }: Signed): Statement | undefined {
    const statement = findStatement(document)
    const key = statement === undefined ? undefined : this.#keys.get(statement.key)
    if (statement === undefined || key === undefined) return undefined
    return verify(null, Buffer.from(document), key, Buffer.from(signature, 'base64')) ? statement : undefined
  }
}
