import { StorageFull, StorageUnavailable } from './blob-store.ts'

const full = new Set(['ENOSPC', 'EDQUOT'])
const unavailable = new Set([
  'EIO',
  'EROFS',
  'EACCES',
  'EPERM',
  'EMFILE',
  'ENFILE',
  'ENOENT',
  'ENOTDIR',
  'EXDEV',
  'ESTALE',
  'ETIMEDOUT',
  'ENODEV',
  'ENXIO',
  'EBUSY',
])

export function errorCodeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : undefined
}

export function isMissing(error: unknown): boolean {
  return errorCodeOf(error) === 'ENOENT'
}

/**
 * Translates an error of the file system for the callers of the blob store; `doing` ends "cannot …". Other errors are
 * given back unchanged. ENOENT counts as unavailable: callers that expect an absence ask `isMissing` before, so here a
 * folder of ours has vanished.
 */
export function storageError(error: unknown, doing: string): unknown {
  const code = errorCodeOf(error)
  if (code === undefined) return error
  if (full.has(code)) return new StorageFull(`cannot ${doing}: the disk is full (${code})`, { cause: error })
  if (unavailable.has(code)) return new StorageUnavailable(`cannot ${doing}: ${code}`, { cause: error })
  return error
}
