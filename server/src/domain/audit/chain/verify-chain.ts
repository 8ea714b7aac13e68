import {
  algorithmOf,
  genesis,
  hashOf,
  linkHash,
  recordHash,
  TakenDigest,
  type ChainedRecord,
  type Link,
} from './hashes.ts'
import {
  KnownKeys,
  type Checkpoint,
  type Head,
  type PurgeStatement,
  type Signed,
  type Statement,
} from './statements.ts'

/** A piece of a chain, as the database or an export has it: keys and statements first, links in their order, the rest behind them. */
export type ChainPiece =
  | { readonly kind: 'key'; readonly publicKey: string }
  | { readonly kind: 'head' | 'checkpoint' | 'purge'; readonly signed: Signed }
  | {
      readonly kind: 'link'
      readonly link: Link & { readonly hash: string; readonly purge: number | null }
      /** None: purged, or taken away. */
      readonly record: ChainedRecord | undefined
    }
  /** Records with a place in the chain that no link gave them. */
  | { readonly kind: 'stray'; readonly id: number; readonly sequence: number }
  /** Records that wait for their seal. */
  | { readonly kind: 'unsealed'; readonly count: number; readonly oldest: number | undefined }

export type FindingCode =
  | 'record-changed'
  | 'record-removed'
  | 'record-inserted'
  | 'link-changed'
  | 'links-missing'
  | 'tail-cut'
  | 'head-invalid'
  | 'base-changed'
  | 'checkpoint-invalid'
  | 'checkpoint-missing'
  | 'checkpoint-contradicted'
  | 'purge-invalid'
  | 'key-unknown'

export interface Finding {
  readonly code: FindingCode
  /** Where: places in the chain, from and to. */
  readonly sequence: number
  readonly through?: number
  readonly detail: string
}

export interface Verification {
  /** Records that are there and as they were. */
  readonly records: number
  readonly purged: number
  readonly unsealed: number
  readonly oldestUnsealed: number | undefined
  /** The first and the last link. */
  readonly from: number
  readonly through: number
  readonly hash: string
  readonly checkpoints: number
  readonly lastCheckpoint: { readonly number: number; readonly sequence: number; readonly time: string } | undefined
  /** Fingerprints of the keys that signed. */
  readonly keys: readonly string[]
  /** Records sealed more than an hour after they say that they happened. */
  readonly late: number
  readonly firstLate: number | undefined
  /** The first hundred. */
  readonly findings: readonly Finding[]
  readonly findingCount: number
}

export interface VerifyOptions {
  /** Only what these keys signed counts. Without them the keys of the chain itself are believed. */
  readonly fingerprints?: readonly string[] | undefined
  /** Checkpoints kept elsewhere: each must lie on the chain. */
  readonly kept?: readonly Signed[] | undefined
}

const maxFindings = 100
const lateMs = 60 * 60_000

/** Looks at a chain piece by piece, in memory that does not grow with its records. */
export class ChainVerifier {
  readonly #options: VerifyOptions
  readonly #keys = new KnownKeys()
  readonly #signers = new Set<string>()
  readonly #findings: Finding[] = []
  #findingCount = 0
  #head: Head | undefined
  readonly #checkpoints: Checkpoint[] = []
  /** The places at which a checkpoint says what the hash is. */
  readonly #expected = new Map<number, Checkpoint[]>()
  #previousCheckpoint = genesis
  readonly #purges = new Map<number, { readonly said: PurgeStatement; readonly taken: TakenDigest; count: number }>()
  #at = 0
  #hash: string | undefined
  #from = 0
  #records = 0
  #purged = 0
  #late = 0
  #firstLate: number | undefined
  #unsealed = 0
  #oldestUnsealed: number | undefined

  constructor(options: VerifyOptions = {}) {
    this.#options = options
  }

  add(piece: ChainPiece): void {
    switch (piece.kind) {
      case 'key':
        return this.#addKey(piece.publicKey)
      case 'head':
        return this.#addHead(piece.signed)
      case 'checkpoint':
        return this.#addCheckpoint(piece.signed)
      case 'purge':
        return this.#addPurge(piece.signed)
      case 'link':
        return this.#addLink(piece.link, piece.record)
      case 'stray':
        return this.#find('record-inserted', piece.sequence, `record ${piece.id} has a place that no link gave it`)
      case 'unsealed':
        this.#unsealed = piece.count
        this.#oldestUnsealed = piece.oldest
    }
  }

  end(): Verification {
    this.#endHead()
    this.#endCheckpoints()
    this.#endPurges()
    const last = this.#checkpoints.at(-1)
    return {
      ...{ records: this.#records, purged: this.#purged, late: this.#late, firstLate: this.#firstLate },
      ...{ unsealed: this.#unsealed, oldestUnsealed: this.#oldestUnsealed },
      ...{ from: this.#from, through: this.#at, hash: this.#hash ?? genesis },
      checkpoints: this.#checkpoints.length,
      lastCheckpoint:
        last === undefined ? undefined : { number: last.number, sequence: last.sequence, time: last.time },
      keys: [...this.#signers],
      findings: this.#findings,
      findingCount: this.#findingCount,
    }
  }

  #addKey(publicKey: string): void {
    const trusted = this.#options.fingerprints
    const fingerprint = this.#keys.add(publicKey)
    if (fingerprint === undefined) this.#find('key-unknown', 0, 'a key of the chain cannot be read')
    else if (trusted !== undefined && !trusted.includes(fingerprint))
      this.#find('key-unknown', 0, `${fingerprint} is none of the keys that are to be trusted`)
  }

  #open<Type extends Statement['type']>(signed: Signed, type: Type): Extract<Statement, { type: Type }> | undefined {
    const statement = this.#keys.open(signed)
    if (statement?.type !== type) return undefined
    const { fingerprints } = this.#options
    if (fingerprints !== undefined && !fingerprints.includes(statement.key)) return undefined
    this.#signers.add(statement.key)
    return statement as Extract<Statement, { type: Type }>
  }

  #addHead(signed: Signed): void {
    const head = this.#open(signed, 'berth-audit-head/1')
    if (head === undefined) return this.#find('head-invalid', 0, 'the head of the chain is not what was signed')
    this.#head = head
    this.#at = head.base.sequence
    this.#hash = head.base.hash
    this.#from = head.base.sequence + 1
  }

  #addCheckpoint(signed: Signed): void {
    const number = this.#checkpoints.length + 1
    const checkpoint = this.#open(signed, 'berth-audit-checkpoint/1')
    if (checkpoint === undefined) {
      this.#previousCheckpoint = hashOf('sha256', signed.document)
      return this.#find('checkpoint-invalid', 0, `checkpoint ${number} is not what was signed`)
    }
    if (checkpoint.number !== number || checkpoint.previous !== this.#previousCheckpoint)
      this.#find(
        'checkpoint-missing',
        checkpoint.sequence,
        `checkpoint ${checkpoint.number} stands where ${number} should and goes on from another one`,
      )
    this.#previousCheckpoint = hashOf('sha256', signed.document)
    this.#checkpoints.push(checkpoint)
    this.#expect(checkpoint)
  }

  #expect(checkpoint: Checkpoint): void {
    const here = this.#expected.get(checkpoint.sequence)
    if (here === undefined) this.#expected.set(checkpoint.sequence, [checkpoint])
    else here.push(checkpoint)
  }

  #addPurge(signed: Signed): void {
    const said = this.#open(signed, 'berth-audit-purge/1')
    if (said === undefined) return this.#find('purge-invalid', 0, 'a purge is not what was signed')
    this.#purges.set(said.number, { said, taken: new TakenDigest(), count: 0 })
  }

  #addLink(link: Link & { hash: string; purge: number | null }, record: ChainedRecord | undefined): void {
    if (this.#hash === undefined) {
      // Without a head there is nothing to begin from: the first link that is there is where it begins.
      this.#from = link.sequence
      this.#at = link.sequence - 1
    }
    if (link.sequence <= this.#at)
      return this.#find('record-inserted', link.sequence, `place ${link.sequence} is taken twice`)
    const isGap = link.sequence !== this.#at + 1
    if (isGap) this.#findGap(this.#at + 1, link.sequence - 1)
    this.#lookAtRecord(link, record)
    const algorithm = algorithmOf(link.hash)
    const isRight =
      algorithm !== undefined &&
      (isGap || this.#hash === undefined || linkHash(algorithm, this.#hash, link) === link.hash)
    if (!isRight) this.#find('link-changed', link.sequence, `link ${link.sequence} does not follow from the one before`)
    this.#at = link.sequence
    this.#hash = link.hash
    for (const { number, hash } of this.#expected.get(link.sequence) ?? [])
      if (hash !== link.hash)
        this.#find(
          'checkpoint-contradicted',
          link.sequence,
          `checkpoint ${number} was signed over another log: something up to here is not what it was`,
        )
  }

  #lookAtRecord(link: Link & { purge: number | null }, record: ChainedRecord | undefined): void {
    const { sequence, purge, sealedAt } = link
    if (purge !== null) this.#takeByPurge(sequence, purge)
    if (record === undefined) {
      if (purge === null) this.#find('record-removed', sequence, `record ${sequence} is gone, and no purge took it`)
      else this.#purged += 1
      return
    }
    if (purge !== null)
      return this.#find('record-inserted', sequence, `record ${sequence} was purged and is there again`)
    const algorithm = algorithmOf(link.recordHash)
    if (algorithm === undefined || recordHash(algorithm, record) !== link.recordHash)
      return this.#find('record-changed', sequence, `record ${sequence} (id ${record.id}) is not what was sealed`)
    this.#records += 1
    if (sequence <= (this.#head?.history ?? 0) || sealedAt - record.occurredAt <= lateMs) return
    this.#late += 1
    this.#firstLate ??= sequence
  }

  #takeByPurge(sequence: number, number: number): void {
    const purge = this.#purges.get(number)
    if (purge === undefined)
      return this.#find('purge-invalid', sequence, `record ${sequence} went by purge ${number}, which nobody signed`)
    purge.taken.add(sequence)
    purge.count += 1
  }

  #endHead(): void {
    const head = this.#head
    if (head === undefined) {
      if (this.#findingCount === 0 && this.#at > 0) this.#find('head-invalid', 0, 'the chain has no head')
      return
    }
    if (this.#at < head.sequence)
      this.#find(
        'tail-cut',
        this.#at + 1,
        `the chain ends at ${this.#at}, and was sealed up to ${head.sequence}`,
        head.sequence,
      )
    else if (this.#at > head.sequence)
      this.#find('record-inserted', head.sequence + 1, `links behind ${head.sequence} were sealed by nobody`, this.#at)
    else if (this.#hash !== head.hash)
      this.#find('link-changed', head.sequence, 'the last link is not the one that was signed')
  }

  #endCheckpoints(): void {
    const last = this.#checkpoints.at(-1)
    const should = this.#head?.checkpoints ?? 0
    if ((last?.number ?? 0) < should)
      this.#find(
        'checkpoint-missing',
        last?.sequence ?? 0,
        `the last checkpoint is ${last?.number ?? 0}, and ${should} were made`,
      )
    if (last !== undefined && this.#head !== undefined && last.base.sequence > this.#head.base.sequence)
      this.#find(
        'base-changed',
        this.#head.base.sequence,
        `checkpoint ${last.number} has the chain begin behind ${last.base.sequence}`,
      )
    for (const kept of this.#options.kept ?? []) this.#compareKept(kept)
  }

  /** A checkpoint from elsewhere is known by its bytes: the chain has the very same one. */
  #compareKept(signed: Signed): void {
    const checkpoint = this.#open(signed, 'berth-audit-checkpoint/1')
    if (checkpoint === undefined)
      return this.#find('checkpoint-invalid', 0, 'the checkpoint that was kept is not signed by a key of this chain')
    const same = this.#checkpoints.find(({ number }) => number === checkpoint.number)
    if (same !== undefined && JSON.stringify(same) === JSON.stringify(checkpoint)) return
    const code = checkpoint.sequence > this.#at ? 'tail-cut' : 'checkpoint-contradicted'
    this.#find(
      code,
      Math.min(this.#at + 1, checkpoint.sequence),
      `the checkpoint that was kept (${checkpoint.number}, up to ${checkpoint.sequence}) is none of this chain`,
      checkpoint.sequence,
    )
  }

  #endPurges(): void {
    for (const { said, taken, count } of this.#purges.values()) {
      if (count === said.count && taken.digest() === said.taken) continue
      this.#find(
        'purge-invalid',
        said.first,
        `purge ${said.number} took ${said.count} records, and ${count} say so`,
        said.last,
      )
    }
  }

  #findGap(first: number, last: number): void {
    this.#find('links-missing', first, `${last - first + 1} links are gone`, last)
  }

  #find(code: FindingCode, sequence: number, detail: string, through?: number): void {
    this.#findingCount += 1
    if (this.#findings.length >= maxFindings) return
    this.#findings.push({
      code,
      sequence,
      detail,
      ...(through === undefined || through === sequence ? {} : { through }),
    })
  }
}
