import { constants, copyFile, link, unlink } from 'node:fs/promises'
import { errorCodeOf, isMissing } from './storage-errors.ts'

/**
 * How a file came to a second place: `cloned` shares its extents until one of the two is written to (Btrfs, XFS, ZFS
 * and APFS can), `linked` is a second name of the same file, `copied` moved every byte.
 */
export type Cloned = 'cloned' | 'linked' | 'copied'

/** What file systems say that cannot share, or not between these two places. */
const cannotShare = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOSYS', 'ENOTTY', 'EPERM', 'EMLINK'])

/**
 * Gives the bytes of `from` a second place, the cheapest way that the file system knows. Replaces what lies at `to`. Not
 * durable when it returns: the caller syncs.
 *
 * `hardLink` allows a second name where extents cannot be shared: only for files that nobody ever writes to or changes
 * the mode of, because both names are one file.
 */
export async function cloneFile(from: string, to: string, options: { readonly hardLink: boolean }): Promise<Cloned> {
  if (await isShared(() => copyFile(from, to, constants.COPYFILE_FICLONE_FORCE))) return 'cloned'
  if (options.hardLink) {
    await unlink(to).catch((error: unknown) => {
      if (!isMissing(error)) throw error
    })
    if (await isShared(() => link(from, to))) return 'linked'
  }
  await copyFile(from, to)
  return 'copied'
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
