import type { Digest } from '#contract/digest.ts'
import type { Database } from '../../database/database.ts'
import { EpochCache } from '../../database/epoch-cache.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { BlobBody, BlobLocation, BlobReader, StoredRange } from '../../storage/blob-store.ts'
import { isQuarantined } from '../../storage/layout.ts'
import type { Admission, Reading } from '../access/admission.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import { writeAdmitted } from '../policies/write-admitted.ts'
import { currentOrigin } from '../request-origin.ts'
import { renewLease, reviewLink } from './links.ts'
import type { BlobReader as LinkedBlobReader } from './roles.ts'
import { passContent } from './pass-content.ts'
import type { RedirectPolicy } from './redirects.ts'

export interface LinkedBlob {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly location: BlobLocation
  /** When the lease of the link ends (ms). */
  readonly protectedUntil: number
  /** What its project says about redirects. */
  readonly pullRedirect: string | undefined
}

interface LinkRow {
  size: number
  location: string
  protected_until: number
  /** What the project says about redirects; null when nothing, left out where there are none. */
  pull_redirect?: string | null
}

const findLink = preparedQuery<{ repositoryId: number; digest: string }, LinkRow>((db, param) =>
  db
    .selectFrom('repository_blob')
    .innerJoin('blob', 'blob.digest', 'repository_blob.digest')
    .select(['blob.size', 'blob.location', 'repository_blob.protected_until'])
    .where('repository_blob.repository_id', '=', param('repositoryId'))
    .where('repository_blob.digest', '=', param('digest')),
)

/** The same where the store can be reached by clients. */
const findLinkAndRedirect = preparedQuery<{ repositoryId: number; projectId: number; digest: string }, LinkRow>(
  (db, param) =>
    db
      .selectFrom('repository_blob')
      .innerJoin('blob', 'blob.digest', 'repository_blob.digest')
      .leftJoin('project_metadata', (join) =>
        join
          .on('project_metadata.project_id', '=', param('projectId'))
          .on('project_metadata.name', '=', 'pull_redirect'),
      )
      .select(['blob.size', 'blob.location', 'repository_blob.protected_until'])
      .select('project_metadata.value as pull_redirect')
      .where('repository_blob.repository_id', '=', param('repositoryId'))
      .where('repository_blob.digest', '=', param('digest')),
)

const cachedLinks = 4_096
/** Shorter than bytes lie in the trash, so that a URL never leads to nothing. Downloads that began may go on. */
const redirectSeconds = 120

/** Blobs as a repository sees them: every read goes through the link (invariant 4). */
export class Blobs {
  readonly #database: Database
  readonly #reader: BlobReader
  readonly #clock: Clock
  readonly #leaseMs: number
  readonly #redirects: RedirectPolicy | undefined
  readonly #cached: EpochCache<LinkRow>

  constructor(options: {
    database: Database
    reader: BlobReader
    clock: Clock
    leaseMs: number
    /** Which clients fetch which blobs from the store itself; left out where they cannot. */
    redirects?: RedirectPolicy | undefined
  }) {
    this.#redirects = options.redirects
    this.#database = options.database
    this.#reader = options.reader
    this.#clock = options.clock
    this.#leaseMs = options.leaseMs
    this.#cached = new EpochCache(options.database, cachedLinks)
  }

  /**
   * @throws DomainError BLOB_UNKNOWN when the repository does not link the digest, or when its bytes are bad: a client
   * that would push it uploads it then; and of the content gates
   */
  async getBlob(admission: Admission<Reading>, digest: Digest): Promise<LinkedBlob> {
    const row = await this.#find(admission, digest)
    if (row === undefined) throw blobUnknown(digest)
    if (isQuarantined(row.location)) throw blobQuarantined(digest)
    await passContent(this.#database.read, admission, digest, 0)
    const { size, protected_until: protectedUntil, pull_redirect: pullRedirect } = row
    return {
      digest,
      size,
      location: row.location as BlobLocation,
      protectedUntil,
      pullRedirect: pullRedirect ?? undefined,
    }
  }

  /** Whether the link might go before a client that saw it now has pushed its manifest. */
  needsLease(blob: LinkedBlob): boolean {
    return blob.protectedUntil - this.#clock.now() < this.#leaseMs / 2
  }

  /**
   * Renews the lease for somebody who may push and will skip the upload because the blob is here.
   * @throws DomainError BLOB_UNKNOWN when garbage collection was faster: then the client uploads
   */
  async keepForPush(admission: Admission<'push'>, digest: Digest): Promise<void> {
    if (admission.repositoryId === undefined) throw blobUnknown(digest)
    const link = { repositoryId: admission.repositoryId, digest }
    if (!(await renewLease(this.#database, link, this.#clock.now(), this.#leaseMs))) throw blobUnknown(digest)
  }

  /** Where the client finds the bytes itself, for some minutes; undefined when it gets them from us. */
  async redirectFor(_admission: Admission<Reading>, blob: LinkedBlob): Promise<string | undefined> {
    const { size, pullRedirect: ofProject } = blob
    const clientAddress = currentOrigin()?.clientAddress
    if (this.#redirects?.({ size, ofProject, clientAddress }) !== true) return undefined
    return await this.#reader.presign?.(blob.location, redirectSeconds)
  }

  /**
   * The bytes. A blob whose bytes were replaced between the look-up and this call is looked up once more.
   * @throws DomainError BLOB_UNKNOWN; a row without bytes is an operator's problem and is UNAVAILABLE
   */
  async openBlob(admission: Admission<Reading>, blob: LinkedBlob, range?: StoredRange): Promise<BlobBody> {
    const body = await this.#reader.open(blob.location, range)
    if (body !== undefined) return body
    const again = await this.getBlob(admission, blob.digest)
    const second = again.location === blob.location ? undefined : await this.#reader.open(again.location, range)
    if (second !== undefined) return second
    throw new DomainError(
      'UNAVAILABLE',
      `the bytes of ${blob.digest} are missing from the blob store; push it again, or restore the store from its backup`,
    )
  }

  /** Takes the blob out of this repository. Bytes leave later, by garbage collection, when no repository links them. */
  async deleteBlob(admission: Admission<'delete'>, digest: Digest): Promise<void> {
    const repositoryId = admission.repositoryId
    if (repositoryId === undefined) throw blobUnknown(digest)
    await writeAdmitted(this.#database, admission, async (tx) => {
      const used = await tx
        .selectFrom('artifact_blob')
        .select('artifact_id')
        .where('repository_id', '=', repositoryId)
        .where('digest', '=', digest)
        .executeTakeFirst()
      if (used !== undefined) {
        throw new DomainError(
          'REFERENCED',
          `${digest} is used by a manifest of this repository; delete the manifest first`,
        )
      }
      const deleted = await tx
        .deleteFrom('repository_blob')
        .where('repository_id', '=', repositoryId)
        .where('digest', '=', digest)
        .executeTakeFirst()
      if (deleted.numDeletedRows === 0n) throw blobUnknown(digest)
      await reviewLink(tx, repositoryId, digest, this.#clock.now())
    })
  }

  async #find(admission: Admission<Reading>, digest: Digest): Promise<LinkRow | undefined> {
    const { repositoryId, projectId } = admission
    if (repositoryId === undefined) return undefined
    const { read } = this.#database
    return await this.#cached.get(`${repositoryId} ${digest}`, () =>
      this.#redirects === undefined
        ? findLink.first(read, { repositoryId, digest })
        : findLinkAndRedirect.first(read, { repositoryId, projectId, digest }),
    )
  }
}

function blobQuarantined(digest: Digest): DomainError {
  return new DomainError(
    'BLOB_UNKNOWN',
    'the stored bytes of this blob are damaged and are not served; push it again to heal it, or restore it from a backup',
    { detail: { digest } },
  )
}

export function blobUnknown(digest: Digest): DomainError {
  return new DomainError('BLOB_UNKNOWN', 'blob unknown to this repository', { detail: { digest } })
}

/** The same for those who need not know where bytes lie. */
export function composeBlobReader(blobs: Blobs): LinkedBlobReader {
  return {
    getBlob: async (admission, digest) => {
      const blob = await blobs.getBlob(admission, digest)
      return {
        digest,
        sizeBytes: blob.size,
        needsLease: () => blobs.needsLease(blob),
        redirect: () => blobs.redirectFor(admission, blob),
        open: (range) => blobs.openBlob(admission, blob, range),
      }
    },
  }
}
