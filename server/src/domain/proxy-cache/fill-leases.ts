import type { Digest } from '#contract/digest.ts'
import type { Database } from '../../database/database.ts'
import { ownProcessMark, isSurelyGone } from '../../runtime/process-mark.ts'
import type { UploadId } from '../../storage/blob-store.ts'
import type { Clock } from '../clock.ts'
import type { CachedRepository } from './proxy-projects.ts'

/** The holder renews it. A process that froze for longer, or died on another machine, loses the blob to another. */
export const leaseMs = 30_000
export const renewEveryMs = leaseMs / 6

/** A download that a process has under way. */
export interface FillLease {
  readonly holder: string
  /** Undefined until bytes come. */
  readonly uploadId: UploadId | undefined
  readonly sizeBytes: number | undefined
}

export type Claim =
  | { readonly kind: 'ours'; readonly left: UploadId | undefined }
  | { readonly kind: 'held'; readonly lease: FillLease }
  /** The project downloads as much as it may. */
  | { readonly kind: 'full' }

/** Which process downloads which blob: rows, so that one downloads it, however many processes are asked for it. */
export class FillLeases {
  readonly #database: Database
  readonly #clock: Clock
  readonly #holder = ownProcessMark()

  constructor({ database, clock }: { readonly database: Database; readonly clock: Clock }) {
    this.#database = database
    this.#clock = clock
  }

  /** `maxOfProject`: downloads that its project may have at once. `left` are the staged bytes of a holder that died. */
  async claim({ name, project }: CachedRepository, digest: Digest, maxOfProject: number): Promise<Claim> {
    const known = await this.#read(name, digest)
    const isDead = known !== undefined && isSurelyGone(known.holder)
    return await this.#database.write(async (tx) => {
      const now = this.#clock.now()
      const ended = await tx
        .deleteFrom('proxy_fill')
        .where('repository', '=', name)
        .where('digest', '=', digest)
        .where((eb) =>
          eb.or([eb('renewed_at', '<=', now - leaseMs), ...(isDead ? [eb('holder', '=', known.holder)] : [])]),
        )
        .returning('upload_id')
        .executeTakeFirst()
      const { running } = await tx
        .selectFrom('proxy_fill')
        .select((eb) => eb.fn.countAll<number | string>().as('running'))
        .where('project_id', '=', project.id)
        .where('renewed_at', '>', now - leaseMs)
        .executeTakeFirstOrThrow()
      const held = await tx
        .selectFrom('proxy_fill')
        .select(['holder', 'upload_id', 'size'])
        .where('repository', '=', name)
        .where('digest', '=', digest)
        .executeTakeFirst()
      if (held !== undefined) return { kind: 'held', lease: leaseOf(held) }
      if (Number(running) >= maxOfProject) return { kind: 'full' }
      const inserted = await tx
        .insertInto('proxy_fill')
        .values({
          ...{ repository: name, digest, project_id: project.id, holder: this.#holder, upload_id: null, size: null },
          ...{ started_at: now, renewed_at: now },
        })
        .onConflict((conflict) => conflict.columns(['repository', 'digest']).doNothing())
        .returning('holder')
        .executeTakeFirst()
      // Another process was faster; what it has is asked for at the next look.
      if (inserted === undefined)
        return { kind: 'held', lease: { holder: '', uploadId: undefined, sizeBytes: undefined } }
      return { kind: 'ours', left: (ended?.upload_id ?? undefined) as UploadId | undefined }
    }, 'relaxed')
  }

  /** Undefined when nobody downloads it, or who did is dead. */
  async find(repository: string, digest: Digest): Promise<FillLease | undefined> {
    const lease = await this.#read(repository, digest)
    return lease === undefined || isSurelyGone(lease.holder) ? undefined : lease
  }

  async #read(repository: string, digest: Digest): Promise<FillLease | undefined> {
    const row = await this.#database.read
      .selectFrom('proxy_fill')
      .select(['holder', 'upload_id', 'size'])
      .where('repository', '=', repository)
      .where('digest', '=', digest)
      .where('renewed_at', '>', this.#clock.now() - leaseMs)
      .executeTakeFirst()
    return row === undefined ? undefined : leaseOf(row)
  }

  /** Says where the bytes go, for those that follow. */
  async describe(repository: string, digest: Digest, uploadId: UploadId, sizeBytes: number | undefined): Promise<void> {
    await this.#database.write(
      (tx) =>
        tx
          .updateTable('proxy_fill')
          .set({ upload_id: uploadId, size: sizeBytes ?? null })
          .where('repository', '=', repository)
          .where('digest', '=', digest)
          .where('holder', '=', this.#holder)
          .execute(),
      'relaxed',
    )
  }

  /**
   * How many downloads the project has in all processes, this one's own among them; undefined when the lease was lost: another
   * process has begun the blob anew.
   */
  async renew({ name, project }: CachedRepository, digest: Digest): Promise<number | undefined> {
    return await this.#database.write(async (tx) => {
      const now = this.#clock.now()
      const { numUpdatedRows } = await tx
        .updateTable('proxy_fill')
        .set({ renewed_at: now })
        .where('repository', '=', name)
        .where('digest', '=', digest)
        .where('holder', '=', this.#holder)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return undefined
      const { running } = await tx
        .selectFrom('proxy_fill')
        .select((eb) => eb.fn.countAll<number | string>().as('running'))
        .where('project_id', '=', project.id)
        .where('renewed_at', '>', now - leaseMs)
        .executeTakeFirstOrThrow()
      return Number(running)
    }, 'relaxed')
  }

  async release(repository: string, digest: Digest): Promise<void> {
    await this.#database.write(
      (tx) =>
        tx
          .deleteFrom('proxy_fill')
          .where('repository', '=', repository)
          .where('digest', '=', digest)
          .where('holder', '=', this.#holder)
          .execute(),
      'relaxed',
    )
  }
}

function leaseOf(row: { holder: string; upload_id: string | null; size: number | null }): FillLease {
  return {
    holder: row.holder,
    uploadId: (row.upload_id ?? undefined) as UploadId | undefined,
    sizeBytes: row.size ?? undefined,
  }
}
