import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Database } from '../../../database/database.ts'
import { actorName, type Actor } from '../../access/actor.ts'
import { currentActor } from '../../access/current-actor.ts'
import { assertCanInSystem } from '../../access/roles/authorise.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import type { Events } from '../../events/events.ts'
import { startJob } from '../../jobs/enqueue.ts'
import { dataSubject, importDataJob, type ImportDataPayload } from './data-jobs.ts'
import { limitedData } from './import-limits.ts'
import { peeked } from './packed-files.ts'
import { readPieces, writePieces } from './pieces.ts'
import { formOf, headBytes } from './recognise.ts'

export interface AdvisoryUploadsOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
}

export type UploadDescription = Omit<ImportDataPayload, 'uploadId' | 'removeSources'>

/** Uploads that nobody has imported yet. */
const maxWaiting = 4
/** An upload whose bytes stopped coming, because its process or its client died. */
const stalledMs = 15 * 60_000
/** A job tries for less long than that. */
const keptMs = 24 * 60 * 60_000

/**
 * Vulnerability data on its way in. Its bytes wait in the database, because the job that imports them may run in another replica.
 */
export class AdvisoryUploads {
  readonly #options: AdvisoryUploadsOptions

  constructor(options: AdvisoryUploadsOptions) {
    this.#options = options
  }

  /**
   * Takes the bytes of a file, and asks for its import. Returns the id of the job.
   * @throws DomainError BAD_REQUEST when the first bytes are none of vulnerability data, MANIFEST_TOO_LARGE, CONFLICT when many others wait,
   *   UNAUTHENTICATED and FORBIDDEN, also when the right went while the bytes came
   */
  async receive(actor: Actor, bytes: AsyncIterable<Uint8Array>, about: UploadDescription): Promise<number> {
    const { database, clock } = this.#options
    const id = randomUUID()
    await database.write(async (tx) => {
      const { waiting } = await tx
        .selectFrom('advisory_upload')
        .select((eb) => eb.fn.countAll<number | string>().as('waiting'))
        .executeTakeFirstOrThrow()
      if (Number(waiting) >= maxWaiting)
        throw new DomainError('CONFLICT', `${maxWaiting} uploads of vulnerability data wait already; try again later`)
      const now = clock.now()
      await tx
        .insertInto('advisory_upload')
        .values({ id, username: actorName(actor), created_at: now, updated_at: now })
        .execute()
    }, 'relaxed')
    try {
      await this.#store(id, bytes)
      return await this.#start(actor, id, about)
    } catch (error) {
      await this.forget(id)
      throw error
    }
  }

  /** Writes the bytes of an upload to a file. @throws DomainError BAD_REQUEST when it is not there any more */
  async copyTo(id: string, path: string): Promise<void> {
    const { database } = this.#options
    const known = await database.read.selectFrom('advisory_upload').select('id').where('id', '=', id).executeTakeFirst()
    if (known === undefined) throw new DomainError('BAD_REQUEST', 'the upload is not there any more; upload it again')
    const chunks = readPieces((position) =>
      database.read
        .selectFrom('advisory_upload_chunk')
        .select('bytes')
        .where('upload', '=', id)
        .where('position', '=', position)
        .executeTakeFirst(),
    )
    await pipeline(Readable.from(chunks), createWriteStream(path, { mode: 0o600 }))
  }

  async forget(id: string): Promise<void> {
    await this.#options.database.write(async (tx) => {
      await tx.deleteFrom('advisory_upload_chunk').where('upload', '=', id).execute()
      await tx.deleteFrom('advisory_upload').where('id', '=', id).execute()
    }, 'relaxed')
  }

  /** Forgets uploads that broke off, and those that no job took. */
  async prune(): Promise<void> {
    const { database, clock } = this.#options
    const rows = await database.read
      .selectFrom('advisory_upload')
      .select('id')
      .where((eb) =>
        eb.or([
          eb.and([eb('job_id', 'is', null), eb('updated_at', '<', clock.now() - stalledMs)]),
          eb('created_at', '<', clock.now() - keptMs),
        ]),
      )
      .execute()
    for (const { id } of rows) await this.forget(id)
  }

  async #store(upload: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const { database, clock } = this.#options
    const { head, whole } = await peeked(bytes, headBytes)
    if (formOf(head) === undefined)
      throw new DomainError(
        'BAD_REQUEST',
        'this is no vulnerability data that Berth can read: trivy-db, OSV, Alpine secdb, Debian tracker, KEV or EPSS, also packed',
      )
    await writePieces(limitedData(whole), async (pieces) => {
      const values = pieces.map((piece) => ({ upload, ...piece }))
      await database.write(async (tx) => {
        await tx.updateTable('advisory_upload').set({ updated_at: clock.now() }).where('id', '=', upload).execute()
        await tx.insertInto('advisory_upload_chunk').values(values).execute()
      }, 'relaxed')
    })
  }

  async #start(actor: Actor, uploadId: string, about: UploadDescription): Promise<number> {
    const { database, clock } = this.#options
    return await database.write(async (tx) => {
      // The bytes may have taken hours to come.
      assertCanInSystem(await currentActor(tx, actor, clock.now()), 'scanner:create')
      const payload = importDataJob.of({ ...about, uploadId })
      const { id } = await startJob(tx, this.#options, { ...payload, subject: dataSubject, actor })
      await tx.updateTable('advisory_upload').set({ job_id: id }).where('id', '=', uploadId).execute()
      return id
    })
  }
}
