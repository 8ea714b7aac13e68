import type { Database, Writer } from '../../database/database.ts'
import { lockName } from '../../database/locking.ts'
import { isSurelyGone, ownProcessMark } from '../../runtime/process-mark.ts'
import { DomainError } from '../errors.ts'
import type { Clock } from '../clock.ts'

/** A holder that cannot be asked whether it lives keeps garbage collection from freeing space for no longer than this. */
const holdMs = 10 * 60_000
const renewEveryMs = 20_000
/** A holder that has not renewed for so long keeps no other of its kind waiting. */
const silentMs = 60_000
/** Clocks of two machines may disagree by so much. */
const skewMs = 10 * 60_000

/**
 * Since when bytes are held (ms), Infinity when they are not: what went to the trash after that may still be copied.
 * Garbage collection asks before it deletes bytes; rows go their way meanwhile.
 */
export async function findHeldSince(database: Database, now: number): Promise<number> {
  const holds = await database.read
    .selectFrom('storage_hold')
    .select(['created_at', 'holder'])
    .where('expires_at', '>', now)
    .orderBy('created_at')
    .execute()
  const oldest = holds.find(({ holder }) => !isOfTheDead(holder))
  return oldest === undefined ? Infinity : oldest.created_at - skewMs
}

/** Holds of versions that did not write down their process end by time alone. */
const isOfTheDead = (holder: string | null): boolean => holder !== null && isSurelyGone(holder)

/** Keeps every byte that a row points to now, or that `blob_trash` names, until it is disposed of. */
export class StorageHold implements AsyncDisposable {
  readonly #database: Database
  readonly #clock: Clock
  readonly #id: string
  readonly #timer: ReturnType<typeof setInterval>
  #renewing: Promise<void> = Promise.resolve()
  #expiresAt: number

  private constructor(options: { database: Database; clock: Clock; id: string; expiresAt: number }) {
    this.#database = options.database
    this.#clock = options.clock
    this.#id = options.id
    this.#expiresAt = options.expiresAt
    this.#timer = setInterval(() => void (this.#renewing = this.#renew()), renewEveryMs)
  }

  /**
   * `reason` is for people who wonder why no space is freed.
   * @throws DomainError CONFLICT when it should be the only one of its reason and is not
   */
  static async take(options: {
    database: Database
    clock: Clock
    id: string
    reason: string
    alone?: boolean
    /** The mark of the process that holds. */
    holder?: string
  }): Promise<StorageHold> {
    const { database, clock, id, reason, alone = false, holder = ownProcessMark() } = options
    const now = clock.now()
    const expiresAt = now + holdMs
    // Holds of the dead go when somebody takes a new one: there are never many.
    await database.write(async (tx) => {
      await lockName(database, tx, 'storage holds')
      await forgetDead(tx, now)
      if (alone) await assertAlone(tx, reason, now)
      await tx
        .insertInto('storage_hold')
        .values({ id, reason, holder, created_at: now, expires_at: expiresAt })
        .execute()
    })
    return new StorageHold({ database, clock, id, expiresAt })
  }

  /** @throws DomainError UNAVAILABLE when the hold lapsed: bytes may be gone, so what was copied is not all */
  assertHeld(): void {
    if (this.#clock.now() < this.#expiresAt) return
    throw new DomainError(
      'UNAVAILABLE',
      'the hold on the store lapsed because it could not be renewed in time; start again, what was copied stays copied',
    )
  }

  async #renew(): Promise<void> {
    const expiresAt = this.#clock.now() + holdMs
    try {
      const renewed = await this.#database.write(
        (tx) =>
          tx.updateTable('storage_hold').set({ expires_at: expiresAt }).where('id', '=', this.#id).executeTakeFirst(),
        'relaxed',
      )
      // Another of its kind took this process for dead: what it copies from now on may not be all.
      this.#expiresAt = renewed.numUpdatedRows > 0n ? expiresAt : -Infinity
    } catch {
      // Tried again soon; `assertHeld` says when it has been too long.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#renewing
    await this.#database.write(async (tx) => {
      await tx.deleteFrom('storage_hold').where('id', '=', this.#id).execute()
    })
  }
}

async function forgetDead(tx: Writer, now: number): Promise<void> {
  const holds = await tx.selectFrom('storage_hold').select(['id', 'holder', 'expires_at']).execute()
  for (const { id, holder, expires_at: expiresAt } of holds) {
    if (expiresAt > now && !isOfTheDead(holder)) continue
    await tx.deleteFrom('storage_hold').where('id', '=', id).execute()
  }
}

/** Takes the place of one that is silent; its process learns of it when it renews. */
async function assertAlone(tx: Writer, reason: string, now: number): Promise<void> {
  const silentSince = now + holdMs - silentMs
  await tx
    .deleteFrom('storage_hold')
    .where('reason', '=', reason)
    .where('holder', 'is not', null)
    .where('expires_at', '<=', silentSince)
    .execute()
  const other = await tx
    .selectFrom('storage_hold')
    .select(['id', 'holder', 'expires_at'])
    .where('expires_at', '>', now)
    .where('reason', '=', reason)
    .limit(1)
    .executeTakeFirst()
  if (other === undefined) return
  const seconds = Math.ceil((other.expires_at - (other.holder === null ? now : silentSince)) / 1_000)
  const where = other.holder === null ? '' : ` on ${other.holder.split(':')[0]}`
  throw new DomainError(
    'CONFLICT',
    `a ${reason} is running${where} (${other.id}); should its process be dead, another may begin in ${seconds} seconds`,
  )
}
