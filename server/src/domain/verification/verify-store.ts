import { formatDigest } from '#contract/digest.ts'
import type { Database } from '../../database/database.ts'
import { createHasher } from '../../runtime/hasher.ts'
import type { BlobLocation, BlobStore, UploadId } from '../../storage/blob-store.ts'
import type { Clock } from '../clock.ts'
import { linkingRepositories, listDamaged } from '../content/blob-damage.ts'
import { doomBytes } from '../content/blob-rows.ts'
import { ByteThrottle } from '../scrub/byte-throttle.ts'
import { judgeBlob, type StoredBlob } from '../scrub/check-blob.ts'
import { findBrokenRows, type BrokenRows } from './broken-rows.ts'
import { isBlank } from './lost-database.ts'
import { KnownLocations } from './known-locations.ts'

export interface VerifyOptions {
  readonly database: Database
  readonly store: BlobStore
  readonly clock: Clock
  /** Whether all bytes are read and compared with their digests. */
  readonly digests: boolean
  /** A file that may be written and is of no use afterwards. */
  readonly temporaryFile: string
  readonly onRead?: (progress: { readonly blobs: number; readonly bytes: number }) => void
}

export interface DamagedBlob {
  readonly digest: string
  readonly size: number
  readonly problem: 'missing' | 'wrong size' | 'wrong bytes' | 'in quarantine'
  /** Some of the repositories that link it; none: it is not missed. */
  readonly repositories: readonly string[]
}

export interface Verification {
  readonly blobs: number
  readonly bytes: number
  /** Rows without good bytes. */
  readonly damaged: readonly DamagedBlob[]
  /** Manifests whose bytes in the database have another digest; looked for with `digests` only. */
  readonly manifests: readonly { readonly repository: string; readonly digest: string }[]
  /** Bytes without rows. */
  readonly unreferenced: readonly { readonly location: BlobLocation; readonly size: number }[]
  /** Bytes without rows that are younger than a day: a push under way may have put them there, so nobody judges them. */
  readonly young: { readonly blobs: number; readonly bytes: number }
  /** Staged bytes of uploads without a row. */
  readonly staged: readonly UploadId[]
  /** The store has blobs and the database knows of no content: it is not the one that belongs to the store. */
  readonly databaseLost: boolean
  /** The database's report of its damaged pages. Then the rest is left unjudged. */
  readonly pages: readonly string[]
  /** Artifacts, tags and links that do not fit together. */
  readonly rows: readonly BrokenRows[]
}

/** Younger bytes may belong to a push whose row is about to come. */
const youngMs = 24 * 60 * 60_000
const repositoriesShown = 5
const unthrottled = 1e15
/** Each may have some megabytes. */
const manifestsPerPiece = 16

/**
 * Compares rows and bytes, both ways, by walking the whole store. Best with the registry stopped. Changes of a running
 * registry are looked at twice before they are called wrong.
 */
export async function verifyStore(options: VerifyOptions): Promise<Verification> {
  const { database, store, clock, digests } = options
  const pages = await database.checkPages()
  if (pages.length > 0) return { ...nothingJudged, pages }
  using known = new KnownLocations(options.temporaryFile)
  const begun = clock.now()
  await database.snapshot((snapshot) => known.load(snapshot))
  const problems = new Map<string, { blob: StoredBlob; problem: DamagedBlob['problem'] }>()
  const unreferenced: { location: BlobLocation; size: number }[] = []
  const young = { blobs: 0, bytes: 0 }
  for await (const { location, size, modifiedAt } of store.walk()) {
    const row = known.see(location)
    if (row === undefined) {
      if (modifiedAt < begun - youngMs) unreferenced.push({ location, size })
      else {
        young.blobs++
        young.bytes += size
      }
    } else if (row.kind === 'blob' && row.size !== size) {
      problems.set(row.digest, { blob: { ...row, location }, problem: 'wrong size' })
    }
  }
  for (const blob of known.blobs('unseen')) {
    const size = await store.sizeOf(blob.location)
    if (size === blob.size) continue
    problems.set(blob.digest, { blob, problem: size === undefined ? 'missing' : 'wrong size' })
  }
  let [blobs, bytes] = [0, 0]
  const throttle = new ByteThrottle(unthrottled)
  for (const blob of known.blobs('all')) {
    if (digests && !problems.has(blob.digest)) {
      const judgement = await judgeBlob(store, blob, throttle, new AbortController().signal)
      if (judgement !== 'good') {
        problems.set(blob.digest, { blob, problem: judgement === 'missing' ? 'missing' : 'wrong bytes' })
      }
    }
    blobs++
    bytes += blob.size
    options.onRead?.({ blobs, bytes })
  }
  const damaged: DamagedBlob[] = []
  for (const { blob, problem } of problems.values()) {
    if (!(await stillPointsTo(database, blob))) continue
    const repositories = await repositoriesOf(database, blob.digest)
    damaged.push({ digest: blob.digest, size: blob.size, problem, repositories })
  }
  for (const digest of await listDamaged(database)) {
    damaged.push({ digest, size: 0, problem: 'in quarantine', repositories: await repositoriesOf(database, digest) })
  }
  return {
    blobs,
    bytes,
    damaged,
    manifests: digests ? await wrongManifests(database) : [],
    unreferenced,
    young,
    databaseLost: unreferenced.length + young.blobs > 0 && (await isBlank(database)),
    pages,
    rows: await findBrokenRows(database),
    staged: await forgottenUploads(database, store, begun),
  }
}

const nothingJudged: Omit<Verification, 'pages'> = {
  ...{ blobs: 0, bytes: 0, young: { blobs: 0, bytes: 0 }, databaseLost: false },
  ...{ damaged: [], manifests: [], unreferenced: [], staged: [], rows: [] },
}

async function stillPointsTo(database: Database, { digest, location }: StoredBlob): Promise<boolean> {
  const now = await database.read.selectFrom('blob').select('location').where('digest', '=', digest).executeTakeFirst()
  return now?.location === location
}

async function repositoriesOf(database: Database, digest: string): Promise<readonly string[]> {
  return (await linkingRepositories(database, [digest], repositoriesShown)).get(digest) ?? []
}

async function wrongManifests(database: Database): Promise<{ repository: string; digest: string }[]> {
  const wrong: { repository: string; digest: string }[] = []
  await database.snapshot(async (snapshot) => {
    const query = `select repository.name as repository, artifact.digest as digest, artifact_payload.bytes as bytes
      from artifact join repository on repository.id = artifact.repository_id
      left join artifact_payload on artifact_payload.artifact_id = artifact.id`
    type Row = { repository: string; digest: string; bytes: Uint8Array | null }
    for await (const rows of snapshot.rows<Row>(query, [], manifestsPerPiece)) {
      for (const { repository, digest, bytes } of rows) {
        const algorithm = digest.startsWith('sha512:') ? 'sha512' : 'sha256'
        const hasher = createHasher(algorithm)
        if (bytes !== null) hasher.update(bytes)
        if (bytes === null || formatDigest(algorithm, hasher.digestHex()) !== digest) wrong.push({ repository, digest })
      }
    }
  })
  return wrong
}

async function forgottenUploads(database: Database, store: BlobStore, begun: number): Promise<UploadId[]> {
  const forgotten: UploadId[] = []
  for await (const { upload, modifiedAt } of store.walkStaged()) {
    if (modifiedAt >= begun - youngMs) continue
    const row = await database.read.selectFrom('upload').select('id').where('id', '=', upload).executeTakeFirst()
    if (row === undefined) forgotten.push(upload)
  }
  return forgotten
}

/** Hands bytes without rows to garbage collection, which deletes them some minutes later, and forgets staged ones. */
export async function discardUnreferenced(
  { database, store, clock }: Pick<VerifyOptions, 'database' | 'store' | 'clock'>,
  { unreferenced, staged }: Pick<Verification, 'unreferenced' | 'staged'>,
): Promise<void> {
  for (const { location, size } of unreferenced) {
    await database.write(async (tx) => {
      const row = await tx.selectFrom('blob').select('digest').where('location', '=', location).executeTakeFirst()
      if (row === undefined) await doomBytes(tx, { location, digest: '', size }, clock.now())
    })
  }
  for (const upload of staged) await store.discard(upload)
}
