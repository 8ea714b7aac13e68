import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeBlobStore } from './blob-store.contract.ts'
import { composeFilesystemBlobStore } from './filesystem.ts'

describeBlobStore('filesystem', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-store-'))
  const store = await composeFilesystemBlobStore({ folder })
  return {
    store,
    leftovers: async () => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true })
      const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
      return files.filter((file) => !file.startsWith(join(folder, 'blobs')) && file !== join(folder, 'layout'))
    },
    dispose: async () => await rm(folder, { recursive: true, force: true }),
  }
})
