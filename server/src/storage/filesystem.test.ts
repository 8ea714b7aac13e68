import { afterEach, expect, test } from 'bun:test'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { disableFaultPoints, enableFaultPoint } from '../runtime/fault-points.ts'
import type { Digest } from '#contract/digest.ts'
import { StagedBytesMissing, StorageUnavailable, type UploadId } from './blob-store.ts'
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

afterEach(disableFaultPoints)

test('bytes that the disk would not take are never committed by trying again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-store-'))
  try {
    await using store = await composeFilesystemBlobStore({ folder })
    const upload = crypto.randomUUID() as UploadId
    const bytes = new TextEncoder().encode('layer')
    const digest = `sha256:${new Bun.CryptoHasher('sha256').update(bytes).digest('hex')}` as Digest
    const body = async function* () {
      yield bytes
    }
    await store.append(upload, 0, body(), () => undefined)
    enableFaultPoint('store-after-fsync', () => {
      throw Object.assign(new Error('the disk is broken'), { code: 'EIO' })
    })
    await expect(store.commit(upload, digest, bytes.byteLength)).rejects.toBeInstanceOf(StorageUnavailable)
    disableFaultPoints()
    await expect(store.commit(upload, digest, bytes.byteLength)).rejects.toBeInstanceOf(StagedBytesMissing)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
