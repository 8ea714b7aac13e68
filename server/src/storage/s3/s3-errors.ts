import { StorageFull, StorageUnavailable } from '../blob-store.ts'

const full = new Set(['InsufficientCapacity', 'QuotaExceeded', 'StorageFull', 'XMinioStorageFull', 'EntityStorageFull'])

interface S3Failure {
  readonly name?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: unknown
}

const statusOf = (error: unknown): number | undefined => (error as S3Failure | undefined)?.$metadata?.httpStatusCode
const nameOf = (error: unknown): string => (error as S3Failure | undefined)?.name ?? ''

export const isNoSuchUpload = (error: unknown): boolean => nameOf(error) === 'NoSuchUpload'

/** A part is not the one that we were told about: another process has written it since. */
export const isInvalidPart = (error: unknown): boolean => /^InvalidPart(Order)?$/.test(nameOf(error))

/** The object is not the one that was meant. */
export const isPreconditionFailed = (error: unknown): boolean =>
  nameOf(error) === 'PreconditionFailed' || statusOf(error) === 412

/** Nothing lies under the key. (A bucket that is missing is a fault of the configuration, not an absence.) */
export function isNoSuchKey(error: unknown): boolean {
  return (
    nameOf(error) === 'NoSuchKey' ||
    nameOf(error) === 'NotFound' ||
    (statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket')
  )
}

/** Translates a failed call for the callers of the blob store; `doing` ends "cannot …". */
export function s3Error(error: unknown, doing: string): Error {
  if (error instanceof StorageFull || error instanceof StorageUnavailable) return error
  const name = nameOf(error) || 'no answer'
  if (full.has(name) || statusOf(error) === 507) {
    return new StorageFull(`cannot ${doing}: the object storage is full (${name})`, { cause: error })
  }
  const status = statusOf(error)
  return new StorageUnavailable(`cannot ${doing}: ${name}${status === undefined ? '' : ` (${status})`}`, {
    cause: error,
  })
}
