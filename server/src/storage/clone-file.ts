import { constants, copyFile, link, lstat, unlink } from 'node:fs/promises'
import { errorCodeOf, isMissing } from './storage-errors.ts'

/**
 * How a file came to a second place: `cloned` shares its extents until one of the two is written to (Btrfs, XFS, ZFS
 * and APFS can), `linked` is a second name of the same file, `copied` moved every byte.
 */
export type Cloned = 'cloned' | 'linked' | 'copied'

/** Error codes of file systems that cannot share, or not between these two places. */
const cannotShare = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOSYS', 'ENOTTY', 'EPERM', 'EMLINK'])

/**
 * Gives the bytes of `from` a second place, the cheapest way that the file system knows. Replaces what lies at `to`. Not
 * durable when it returns: the caller syncs.
 *
 * `hardLink` allows a second name where extents cannot be shared: only for files that nobody ever writes to or changes
 * the mode of, because both names are one file.
 */
export async function cloneFile(from: string, to: string, options: { readonly hardLink: boolean }): Promise<Cloned> {
  const shared = await shareFile(from, to, options)
  if (shared !== undefined) return shared
  await copyFile(from, to)
  return 'copied'
}

/** As `cloneFile`, where that needs no byte moved; undefined, and nothing at `to`, where it would. */
export async function shareFile(
  from: string,
  to: string,
  options: { readonly hardLink: boolean },
): Promise<'cloned' | 'linked' | undefined> {
  // Cloning writes into the file that is there: under another name that would be a blob, or another registry's file.
  await removeFile(to)
  if (await isShared(() => copyFile(from, to, constants.COPYFILE_FICLONE_FORCE))) return 'cloned'
  await removeFile(to)
  // A second name of a symbolic link would lead wherever that leads tomorrow.
  if (!options.hardLink || !(await lstat(from)).isFile()) return undefined
  return (await isShared(() => link(from, to))) ? 'linked' : undefined
}

async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })
}

async function isShared(share: () => Promise<void>): Promise<boolean> {
  try {
    await share()
    return true
  } catch (error) {
    if (cannotShare.has(errorCodeOf(error) ?? '')) return false
    throw error
  }
}
