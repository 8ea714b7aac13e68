import { algorithmOf, encodedOf, type Digest } from '#contract/digest.ts'
import { RegistryFailure } from '../../clients/registry/registry-failure.ts'
import { hashStream } from '../../runtime/hasher.ts'
import { findAdoptedKey } from '../../storage/layout.ts'
import type { Admission } from '../access/admission.ts'
import { DomainError } from '../errors.ts'
import type { SourceBlob } from './content-source.ts'
import type { ImportContext } from './import-services.ts'
import type { NotTakenReason } from './transfer-report.ts'

export interface WantedBlob {
  readonly digest: Digest
  /** Undefined: the manifest does not say it. */
  readonly size: number | undefined
  /** Its bytes may be absent: a foreign layer. */
  readonly optional: boolean
}

/** Blobs of the source on their way in; one of a digest at a time, however many repositories have it. */
export class BlobImport {
  readonly #context: ImportContext
  readonly #underWay = new Map<Digest, Promise<unknown>>()

  constructor(context: ImportContext) {
    this.#context = context
  }

  /** Makes the blob readable in the repository; false, and reported, when it cannot be had. */
  async take(admission: Admission<'push'>, repository: string, blob: WantedBlob): Promise<boolean> {
    const { adoptions, report, options } = this.#context
    const isWanted = (location: string) => options.bytes !== 'copy' || findAdoptedKey(location) === undefined
    for (;;) {
      const before = this.#underWay.get(blob.digest)
      if (before === undefined) break
      await before.catch(() => undefined) // the run that began it reports the error; this one tries for itself
    }
    const work = async () => {
      if (await adoptions.linkKnown(admission, blob, isWanted)) {
        report.blobs.linked++
        return true
      }
      return await this.#bring(admission, repository, blob)
    }
    const flight = work()
    this.#underWay.set(blob.digest, flight)
    try {
      return await flight
    } finally {
      this.#underWay.delete(blob.digest)
    }
  }

  async #bring(admission: Admission<'push'>, repository: string, blob: WantedBlob): Promise<boolean> {
    const { source, options, report, adoptions, uploads } = this.#context
    const { digest } = blob
    const leaveOut = (reason: NotTakenReason, message: string) => {
      report.leaveOut({ what: 'blob', repository, name: digest, reason, message })
      return false
    }
    const found = await source.findBlob(repository, digest)
    if (found === undefined) {
      return blob.optional || leaveOut('blob-missing', 'a manifest names it, but its bytes are not in the store')
    }
    const { size } = found
    if (blob.size !== undefined && blob.size !== size) {
      return leaveOut('blob-damaged', `it has ${size} bytes where a manifest says ${blob.size}`)
    }
    if (options.bytes !== 'copy' && found.place !== undefined) {
      if (options.verify === 'digests' && !(await hasDigest(found, digest))) {
        return leaveOut('blob-damaged', 'its bytes do not have its digest')
      }
      if (await adoptions.adopt(admission, { digest, size }, found.place, options.bytes === 'in-place')) {
        report.blobs.shared++
        report.bytes.shared += size
        return true
      }
    }
    if (options.bytes === 'in-place') {
      return leaveOut(
        'blob-not-in-place',
        'the blob store cannot take it without copying its bytes; leave --in-place out',
      )
    }
    try {
      await uploads.uploadAtOnce(admission, digest, await found.open())
    } catch (error) {
      if (!isDamage(error)) throw error
      return leaveOut('blob-damaged', 'its bytes do not have its digest')
    }
    report.blobs.copied++
    report.bytes.copied += size
    return true
  }
}

/** Found by us when all bytes were here, or by the source while they came. */
function isDamage(error: unknown): boolean {
  if (error instanceof DomainError) return error.code === 'DIGEST_MISMATCH'
  return error instanceof RegistryFailure && (error.code === 'DIGEST_MISMATCH' || error.code === 'TOO_LARGE')
}

async function hasDigest(blob: SourceBlob, digest: Digest): Promise<boolean> {
  return (await hashStream(await blob.open(), algorithmOf(digest))) === encodedOf(digest)
}
