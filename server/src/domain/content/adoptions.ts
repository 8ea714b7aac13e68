import type { Digest } from '#contract/digest.ts'
import type { Database, Writer } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { faultPoint } from '../../runtime/fault-points.ts'
import type { BlobAdopter, ForeignBytes, UploadId } from '../../storage/blob-store.ts'
import type { Admission, Bringing } from '../access/admission.ts'
import type { Clock } from '../clock.ts'
import type { Events } from '../events/events.ts'
import { writeAdmitted } from '../policies/write-admitted.ts'
import { announcingExcess } from '../quotas/room.ts'
import { placeBlob, reviveBlob, doomBytes } from './blob-rows.ts'
import { linkBlob } from './links.ts'
import { passContent } from './pass-content.ts'
import { ensureRepository } from '../projects/repositories.ts'

const findBlob = preparedQuery<{ digest: string }, { size: number; location: string }>((db, param) =>
  db.selectFrom('blob').select(['size', 'location']).where('digest', '=', param('digest')),
)

const takeFromDoomed = preparedQuery<{ location: string }, unknown>((db, param) =>
  db.deleteFrom('blob_trash').where('location', '=', param('location')),
)

/** Longer than taking over one blob lasts; what a crash leaves goes to garbage collection then. */
const maxAdoptionMs = 24 * 60 * 60_000

export interface AdoptionsOptions {
  readonly database: Database
  readonly store: BlobAdopter
  readonly clock: Clock
  readonly events: Events
  readonly newId: () => string
  readonly leaseMs: number
}

/**
 * Blobs that did not come through the program: bytes of another registry's store, taken over where they are. Only for
 * whoever runs this registry: its caller has the bytes, or the word of the operator for them.
 */
export class Adoptions {
  readonly #options: AdoptionsOptions

  constructor(options: AdoptionsOptions) {
    this.#options = options
  }

  /**
   * Makes a blob that is here already readable through the repository; false when it is not here, or only at a place
   * that `isWanted` refuses.
   */
  async linkKnown(
    admission: Admission<Bringing>,
    blob: { readonly digest: Digest; readonly size: number | undefined },
    isWanted: (location: string) => boolean = () => true,
  ): Promise<boolean> {
    const { database, clock, leaseMs } = this.#options
    const { digest } = blob
    const isHere = (known: { size: number; location: string } | undefined) =>
      known !== undefined && known.size === (blob.size ?? known.size) && isWanted(known.location)
    if (!isHere(await findBlob.first(database.read, { digest }))) return false
    return await writeAdmitted(database, admission, async (tx) => {
      await passContent(tx, admission, digest, 0)
      const wanted = async () => isHere(await findBlob.first(tx, { digest }))
      if (!(await reviveBlob(tx, digest, wanted))) return false
      await this.#link(tx, admission, digest, clock.now() + leaseMs)
      return true
    })
  }

  /**
   * Takes over bytes that have the digest, and makes them readable through the repository. False when the store cannot
   * do so without copying them through the program.
   * @throws DomainError QUOTA_EXCEEDED
   */
  async adopt(
    admission: Admission<Bringing>,
    blob: { readonly digest: Digest; readonly size: number },
    source: ForeignBytes,
    inPlace: boolean,
  ): Promise<boolean> {
    const { database, store, clock, newId, leaseMs } = this.#options
    const adoption = store.prepareAdoption?.(newId() as UploadId, source, blob, inPlace)
    if (adoption === undefined) return false
    await announcingExcess(this.#options, admission, async () =>
      passContent(database.read, admission, blob.digest, blob.size),
    )
    const { location } = adoption
    // Known to garbage collection before they are there: a crash leaves no bytes that nobody knows of.
    await database.write(async (tx) => {
      await takeFromDoomed.run(tx, { location })
      await doomBytes(tx, { ...blob, location }, clock.now() + maxAdoptionMs)
    }, 'relaxed')
    const done = await adoption.carryOut()
    faultPoint('adoption-before-row')
    await writeAdmitted(database, admission, async (tx) => {
      const now = clock.now()
      await takeFromDoomed.run(tx, { location })
      if (!done) return
      await placeBlob(tx, { ...blob, location }, now)
      await this.#link(tx, admission, blob.digest, now + leaseMs)
    })
    return done
  }

  async #link(tx: Writer, admission: Admission<Bringing>, digest: Digest, protectedUntil: number): Promise<void> {
    const now = this.#options.clock.now()
    const { projectId, repositoryName: name } = admission
    const repositoryId = await ensureRepository(tx, { projectId, name }, now)
    await linkBlob(tx, { repositoryId, digest, protectedUntil, now })
  }
}
