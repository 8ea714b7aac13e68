import { sql } from 'kysely'
import type { Database, Writer } from '../../../database/database.ts'
import type { Actor } from '../../access/actor.ts'
import type { Clock } from '../../clock.ts'
import type { Events } from '../../events/events.ts'
import type { AuditKeys } from './audit-keys.ts'
import { findChainHead, lockChain, recordOf, signHead, type ChainHead, type Whole } from './chain-rows.ts'
import { genesis, hashOf, linkHash, recordHash, TakenDigest, type HashAlgorithm } from './hashes.ts'
import type { Checkpoint, PurgeStatement, Signed } from './statements.ts'
import { ChainVerifier, type Verification, type VerifyOptions } from './verify-chain.ts'
import { walkChain } from './walk-chain.ts'

export interface AuditChainOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly keys: AuditKeys
  readonly algorithm?: HashAlgorithm
}

/** Records sealed in one transaction. */
const sealBatch = 500
const piecesAtOnce = 500
/** Links forgotten in one transaction. */
const trimBatch = 10_000

const hashedColumns = [
  ...(['event.sequence', 'event.id', 'event.type', 'event.occurred_at', 'event.actor', 'event.project_id'] as const),
  ...(['event.resource', 'event.payload', 'event.username', 'event.client_address', 'event.succeeded'] as const),
] as const

export interface ChainStanding {
  readonly head: ChainHead | undefined
  readonly unsealed: number
  readonly oldestUnsealed: number | undefined
  readonly lastCheckpoint:
    | { readonly number: number; readonly sequence: number; readonly createdAt: number }
    | undefined
  readonly verifiedAt: number | undefined
  readonly verification: Verification | undefined
}

/**
 * Seals audit records into a chain of hashes, after their commit and in its order: what is committed gets the next places, so a push
 * never waits for another one (docs/adr/0011).
 */
export class AuditChain {
  readonly #options: AuditChainOptions
  readonly #algorithm: HashAlgorithm

  constructor(options: AuditChainOptions) {
    this.#options = options
    this.#algorithm = options.algorithm ?? 'sha256'
  }

  async hasUnsealed(): Promise<boolean> {
    const row = await this.#options.database.read
      .selectFrom('event')
      .select('id')
      .where('sequence', 'is', null)
      .limit(1)
      .executeTakeFirst()
    return row !== undefined
  }

  /** Seals all that is committed. Returns how many. */
  async seal(): Promise<number> {
    const key = await this.#options.keys.current()
    let sealed = 0
    for (;;) {
      const some = await this.#options.database.write(async (tx) => {
        const head = await lockChain(this.#options.database, tx)
        const next = await this.#sealNext(tx, head)
        if (next.sequence > head.sequence) await signHead(tx, key, next)
        return next.sequence - head.sequence
      }, 'relaxed')
      sealed += some
      if (some < sealBatch) return sealed
      // Requests get their turn: on SQLite a batch holds the event loop.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async #sealNext(tx: Writer, head: ChainHead): Promise<ChainHead> {
    // One statement: what is numbered is what is hashed, whatever else is committed meanwhile.
    const given = await tx
      .updateTable('event')
      .from(
        tx
          .selectFrom('event')
          .select(['id', sql<number>`row_number() over (order by id)`.as('n')])
          .where('sequence', 'is', null)
          .orderBy('id')
          .limit(sealBatch)
          .as('numbered'),
      )
      .set({ sequence: sql<number>`${head.sequence} + numbered.n` })
      .whereRef('event.id', '=', 'numbered.id')
      .returning(hashedColumns)
      .execute()
    if (given.length === 0) return head
    const rows = given.toSorted((one, other) => Number(one.sequence) - Number(other.sequence))
    // A clock that was set back must not have a seal be older than the one before.
    const sealedAt = Math.max(head.sealedAt, this.#options.clock.now())
    let { hash } = head
    const links = rows.map((row) => {
      const link = { sequence: Number(row.sequence), sealedAt, recordHash: recordHash(this.#algorithm, recordOf(row)) }
      hash = linkHash(this.#algorithm, hash, link)
      return { sequence: link.sequence, sealed_at: sealedAt, record_hash: link.recordHash, hash, purge: null }
    })
    await tx.insertInto('audit_link').values(links).execute()
    return { ...head, sequence: head.sequence + links.length, hash, sealedAt }
  }

  /**
   * Says who holds the head at this moment, signed, and chained to the checkpoint before. Durable: who keeps it elsewhere must find it
   * here after a power failure.
   */
  async makeCheckpoint(actor: Actor): Promise<Signed & { readonly statement: Checkpoint }> {
    const { database, clock, events, keys } = this.#options
    await this.seal()
    const key = await keys.current()
    return await database.write(async (tx) => {
      const head = await lockChain(database, tx)
      const number = head.checkpoints + 1
      const before = await tx
        .selectFrom('audit_checkpoint')
        .select('document')
        .where('number', '=', head.checkpoints)
        .executeTakeFirst()
      const now = clock.now()
      const statement: Checkpoint = {
        type: 'berth-audit-checkpoint/1',
        number,
        previous: before === undefined ? genesis : hashOf('sha256', before.document),
        ...{ sequence: head.sequence, hash: head.hash, base: { sequence: head.baseSequence, hash: head.baseHash } },
        ...{ time: new Date(now).toISOString(), key: key.fingerprint },
      }
      const signed = key.sign(statement)
      await tx
        .insertInto('audit_checkpoint')
        .values({ number, sequence: head.sequence, hash: head.hash, created_at: now, ...signed })
        .execute()
      await signHead(tx, key, { ...head, checkpoints: number })
      // Receivers of the audit log have it too, where nobody here can change it.
      await events.record(tx, actor, {
        ...{ type: 'create_audit_checkpoint', number, sequence: head.sequence, hash: head.hash },
        signature: signed.signature,
      })
      return { ...signed, statement }
    }, 'durable')
  }

  /** Inside the transaction of a purge, for what it is about to delete. Places in their order. */
  async purge(tx: Writer, sequences: readonly number[], before: number): Promise<void> {
    const { database, clock, keys } = this.#options
    const [first, last] = [sequences[0], sequences.at(-1)]
    if (first === undefined || last === undefined) return
    const key = await keys.current()
    const head = await lockChain(database, tx)
    const { number: highest } = await tx
      .selectFrom('audit_purge')
      .select((eb) => eb.fn.max('number').as('number'))
      .executeTakeFirstOrThrow()
    const number = Number(highest ?? 0) + 1
    const taken = new TakenDigest()
    for (const sequence of sequences) taken.add(sequence)
    const statement: PurgeStatement = {
      ...{ type: 'berth-audit-purge/1', number, first, last, count: sequences.length, taken: taken.digest() },
      ...{ before: new Date(before).toISOString(), time: new Date(clock.now()).toISOString(), key: key.fingerprint },
    }
    const row = { number, first_sequence: first, last_sequence: last, ...key.sign(statement) }
    await tx.insertInto('audit_purge').values(row).execute()
    for (let at = 0; at < sequences.length; at += 500)
      await tx
        .updateTable('audit_link')
        .set({ purge: number })
        .where('sequence', 'in', sequences.slice(at, at + 500))
        .execute()
    await signHead(tx, key, head)
  }

  /** Has the chain begin behind what was purged from its front. Returns how many links went. */
  async trim(): Promise<number> {
    const { database, keys } = this.#options
    const key = await keys.current()
    let trimmed = 0
    for (;;) {
      const some = await database.write(async (tx) => {
        const head = await lockChain(database, tx)
        const base = await this.#baseToBe(tx, head)
        if (base === undefined) return 0
        await tx.deleteFrom('audit_link').where('sequence', '<=', base.sequence).execute()
        await tx.deleteFrom('audit_purge').where('last_sequence', '<=', base.sequence).execute()
        await signHead(tx, key, { ...head, baseSequence: base.sequence, baseHash: base.hash })
        return base.sequence - head.baseSequence
      }, 'relaxed')
      trimmed += some
      if (some < trimBatch) return trimmed
    }
  }

  /** Where every link before is purged, and no purge goes on behind it: which records it took could be compared no more. */
  async #baseToBe(tx: Writer, head: ChainHead) {
    const kept = await tx
      .selectFrom('audit_link')
      .select('sequence')
      .where('purge', 'is', null)
      .orderBy('sequence')
      .limit(1)
      .executeTakeFirst()
    let sequence = Math.min(Number(kept?.sequence ?? head.sequence) - 1, head.baseSequence + trimBatch)
    for (;;) {
      if (sequence <= head.baseSequence) return undefined
      const straddling = await tx
        .selectFrom('audit_purge')
        .select((eb) => eb.fn.min('first_sequence').as('first'))
        .where('first_sequence', '<=', sequence)
        .where('last_sequence', '>', sequence)
        .executeTakeFirstOrThrow()
      if (straddling.first === null) break
      sequence = Number(straddling.first) - 1
    }
    const { hash } = await tx
      .selectFrom('audit_link')
      .select('hash')
      .where('sequence', '=', sequence)
      .executeTakeFirstOrThrow()
    return { sequence, hash }
  }

  /** Looks at everything, and remembers what it found. */
  async verify(options: VerifyOptions & { readonly signal?: AbortSignal } = {}): Promise<Verification> {
    const { database, clock } = this.#options
    await this.seal()
    const verifier = new ChainVerifier(options)
    await database.snapshot(async (snapshot) => {
      let pieces = 0
      for await (const piece of walkChain(snapshot)) {
        verifier.add(piece)
        // Requests get their turn, and whoever stops it is heard.
        if ((pieces += 1) % piecesAtOnce === 0) await new Promise((resolve) => setImmediate(resolve))
        options.signal?.throwIfAborted()
      }
    })
    const verification = verifier.end()
    await database.write(async (tx) => {
      await tx
        .updateTable('audit_chain')
        .set({ verified_at: clock.now(), verification: JSON.stringify(verification) })
        .execute()
    })
    return verification
  }

  async getStanding(): Promise<ChainStanding> {
    const { read } = this.#options.database
    const head = await findChainHead(read)
    const waiting = await read
      .selectFrom('event')
      .select((eb) => [eb.fn.countAll<number | string>().as('count'), eb.fn.min('occurred_at').as('oldest')])
      .where('sequence', 'is', null)
      .executeTakeFirstOrThrow()
    const last = await read
      .selectFrom('audit_checkpoint')
      .select(['number', 'sequence', 'created_at'])
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst()
    const row = await read.selectFrom('audit_chain').select(['verified_at', 'verification']).executeTakeFirst()
    return {
      head,
      unsealed: Number(waiting.count),
      oldestUnsealed: waiting.oldest === null ? undefined : Number(waiting.oldest),
      lastCheckpoint:
        last === undefined
          ? undefined
          : { number: Number(last.number), sequence: Number(last.sequence), createdAt: Number(last.created_at) },
      ...lookOf(row),
    }
  }
}

interface LookRow {
  readonly verified_at: Whole | null
  readonly verification: string | null
}

function lookOf(row: LookRow | undefined) {
  if (row === undefined || row.verification === null) return { verifiedAt: undefined, verification: undefined }
  return { verifiedAt: Number(row.verified_at), verification: JSON.parse(row.verification) as Verification }
}
