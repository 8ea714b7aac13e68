import { encodedOf, algorithmOf, type Digest } from '#contract/digest.ts'
import type { BlobLocation, UploadId } from './blob-store.ts'

/**
 * Where everything lies below the store's root, be it a folder or a bucket's prefix. The only file that
 * builds or takes apart a key; keys are relative and use `/`.
 *
 *   layout                                                   the text "1": which layout this is
 *   blobs/
 *     sha256/
 *       6c/                                                  first two hex digits, so that folders stay small
 *         6c3c624b…2aa1.0b54cf2e41f04f0f8f3cb1ac8a4e6c35     digest, then the upload that brought these bytes
 *     sha512/…
 *   uploads/
 *     0b/
 *       0b54cf2e-41f0-4f0f-8f3c-b1ac8a4e6c35                 staged bytes of that upload
 *   quarantine/sha256/6c/…                                   bytes that are not what their digest says, kept aside
 *
 * In object storage, where bytes cannot be renamed and their place is chosen before their digest is known:
 *
 *   blobs/uploaded/0b/0b54cf2e-41f0-4f0f-8f3c-b1ac8a4e6c35   bytes that this upload brought
 *   uploads/0b/0b54cf2e-…/multipart                          the store's id of the multipart upload
 *   uploads/0b/0b54cf2e-…/tail.5242980                       bytes behind the last whole part, up to that offset
 *   adopted:docker/registry/v2/blobs/sha256/6c/6c3c…/data    counted from the bucket's root: bytes that a Distribution
 *                                                            registry put there, and that stay there
 *   quarantine/uploaded/0b/…                                 only in rows: bad bytes stay where they are under blobs/
 *
 * The upload's id in a blob's key is what makes the key unique: the same digest pushed again lies elsewhere.
 */
export const layoutVersion = '1'
export const layoutKey = 'layout'
export const blobsKey = 'blobs'
export const uploadsKey = 'uploads'
const quarantineKey = 'quarantine'

const uploadPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const blobPattern =
  /^blobs\/(?:sha256\/([0-9a-f]{2})\/\1[0-9a-f]{62}|sha512\/([0-9a-f]{2})\/\2[0-9a-f]{126})\.[0-9a-f]{32}$/

/** @throws Error when `upload` is not a UUID: ids are ours, so this is a bug or a tampered row */
export function stagedKey(upload: UploadId): string {
  assertUpload(upload)
  return `${uploadsKey}/${upload.slice(0, 2)}/${upload}`
}

/** The upload whose staged bytes lie at `key`, or undefined when something else does. */
export function findStagedUpload(key: string): UploadId | undefined {
  const name = key.slice(key.lastIndexOf('/') + 1)
  return uploadPattern.test(name) && stagedKey(name as UploadId) === key ? (name as UploadId) : undefined
}

export function blobLocation(digest: Digest, upload: UploadId): BlobLocation {
  assertUpload(upload)
  const encoded = encodedOf(digest)
  const key = `${blobsKey}/${algorithmOf(digest)}/${encoded.slice(0, 2)}/${encoded}.${upload.replaceAll('-', '')}`
  return parseLocation(key)
}

/**
 * Locations come back from the database; one that we did not write must not reach other files.
 * @throws Error when `key` is not one that `blobLocation` makes
 */
export function parseLocation(key: string): BlobLocation {
  if (!blobPattern.test(key)) throw new Error(`not a location of this blob store: ${JSON.stringify(key)}`)
  return key as BlobLocation
}

/** As `parseLocation`, for walking: other files are not ours to judge. */
export function findLocation(key: string): BlobLocation | undefined {
  return blobPattern.test(key) ? (key as BlobLocation) : undefined
}

const uploadedPattern =
  /^blobs\/uploaded\/([0-9a-f]{2})\/\1[0-9a-f]{6}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Where an upload's bytes lie in object storage, from their first part on. */
export function uploadedLocation(upload: UploadId): BlobLocation {
  assertUpload(upload)
  return `${blobsKey}/uploaded/${upload.slice(0, 2)}/${upload}` as BlobLocation
}

/** As `parseLocation`, in object storage. @throws Error when `key` is not one that `uploadedLocation` makes */
export function parseUploadedLocation(key: string): BlobLocation {
  if (!uploadedPattern.test(key)) throw new Error(`not a location of this blob store: ${JSON.stringify(key)}`)
  return key as BlobLocation
}

export function findUploadedLocation(key: string): BlobLocation | undefined {
  return uploadedPattern.test(key) ? (key as BlobLocation) : undefined
}

const adoptedMark = 'adopted:'
const adoptedPattern =
  /^adopted:((?:[\w!.*'()-]+\/){0,16}docker\/registry\/v2\/blobs\/sha(?:256\/([0-9a-f]{2})\/\2[0-9a-f]{62}|512\/([0-9a-f]{2})\/\3[0-9a-f]{126})\/data)$/

/** A location for bytes at the key of another registry in the same bucket; undefined for a key that is none of Distribution's. */
export function findAdoptedLocation(key: string): BlobLocation | undefined {
  const location = `${adoptedMark}${key}`
  return adoptedPattern.test(location) ? (location as BlobLocation) : undefined
}

/** The key, from the bucket's root, of bytes that stay with another registry; undefined when the bytes are ours. */
export function findAdoptedKey(location: string): string | undefined {
  return adoptedPattern.exec(location)?.[1]
}

/** Where a row points to whose bytes are bad. `parseLocation` knows no such place: what lies there is never opened. */
export function quarantineOf(location: BlobLocation): BlobLocation {
  if (isQuarantined(location)) return location
  const place = location.startsWith(adoptedMark) ? location : location.slice(`${blobsKey}/`.length)
  return `${quarantineKey}/${place}` as BlobLocation
}

export function isQuarantined(location: string): boolean {
  return location.startsWith(`${quarantineKey}/`)
}

/** Where the bytes were before they were found to be bad. */
export function beforeQuarantine(location: BlobLocation): BlobLocation {
  if (!isQuarantined(location)) return location
  const place = location.slice(`${quarantineKey}/`.length)
  return (place.startsWith(adoptedMark) ? place : `${blobsKey}/${place}`) as BlobLocation
}

/** The folder of a key, `''` at the root. */
export function folderOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('/')))
}

function assertUpload(upload: string): void {
  if (!uploadPattern.test(upload)) throw new Error(`not an upload id: ${JSON.stringify(upload)}`)
}
