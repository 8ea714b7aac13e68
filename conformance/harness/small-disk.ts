import { open } from 'node:fs/promises'
import { runCommand } from './command.ts'
import { controlMissing } from './scenario.ts'
import { createTemporaryFolder } from './temporary-folder.ts'

/** Why nothing can be tried on a disk of its own here; undefined when it can. */
export const smallDiskMissing = process.getuid?.() === 0 ? controlMissing : 'only root can mount a disk'

/** A disk of so many bytes that every user may write to, gone when disposed of. */
export async function mountSmallDisk(sizeBytes: number): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await createTemporaryFolder()
  await runCommand(['mount', '-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', folder.path])
  return {
    path: folder.path,
    async [Symbol.asyncDispose]() {
      await runCommand(['umount', '--lazy', folder.path])
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** Writes the file until the disk has no room left. */
export async function writeUntilFull(path: string): Promise<void> {
  await using file = await open(path, 'w')
  const chunk = new Uint8Array(64 * 1024)
  for (;;) {
    try {
      await file.write(chunk)
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOSPC') return
      throw error
    }
  }
}
