import { constants, type Stats } from 'node:fs'
import { chmod, mkdir, open, opendir, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { faultPoint } from '../runtime/fault-points.ts'
import { fileBody, readFileHandle } from '../runtime/file-body.ts'
import { releaseBytes } from '../runtime/release-bytes.ts'
import type { Digest } from '#contract/digest.ts'
import {
  StagedBytesMissing,
  type Adoption,
  type BlobBody,
  type BlobLocation,
  type BlobStore,
  type ForeignBytes,
  type StagedView,
  type StoredRange,
  type UploadId,
} from './blob-store.ts'
import { cloneFile, shareFile, type Cloned } from './clone-file.ts'
import { adoptFile } from './adopt-file.ts'
import { claimFile } from './claim-file.ts'
import { DurableFolders } from './durable-folders.ts'
import { prepareFolder } from './filesystem-layout.ts'
import { syncOrDrop, writeAll } from './file-writes.ts'
import { viewFile } from './file-view.ts'
import { FreeSpace } from './free-space.ts'
import {
  beforeQuarantine,
  blobLocation,
  blobsKey,
  findLocation,
  findStagedUpload,
  folderOf,
  parseLocation,
  quarantineOf,
  stagedKey,
  uploadsKey,
} from './layout.ts'
import { Limiter } from './limiter.ts'
import { StagedFiles } from './staged-files.ts'
import { isMissing, storageError } from './storage-errors.ts'

/** Written bytes go to the disk in such steps, so that neither the page cache nor the last sync grows with the blob. */
const syncEveryBytes = 8 << 20
/** Uploads whose file stays open between two requests. */
const openFiles = 512

/** Opens for writing, makes the file when there is none, and keeps what is in it. */
const keepContent = constants.O_RDWR | constants.O_CREAT

/** Each holds a thread of the runtime's pool for as long as the disk takes; the others must stay free for reads. */
const concurrentSyncs = 8

/**
 * The blob store in a folder of a local or network file system.
 * @throws Error when the folder holds another layout; StorageUnavailable, StorageFull when it cannot be used
 */
export async function composeFilesystemBlobStore(options: {
  readonly folder: string
  /** Other processes serve the folder too. A file kept open here would hold the disk space of what they discard. */
  readonly shared?: boolean
}): Promise<BlobStore> {
  await prepareFolder(options.folder)
  return new FilesystemBlobStore(options.folder, options.shared === true ? 0 : openFiles)
}

class FilesystemBlobStore implements BlobStore {
  readonly #root: string
  readonly #folders: DurableFolders
  readonly #free: FreeSpace
  readonly #open: StagedFiles
  readonly #syncs = new Limiter(concurrentSyncs)

  constructor(root: string, filesKeptOpen: number) {
    this.#root = root
    this.#open = new StagedFiles(filesKeptOpen)
    this.#folders = new DurableFolders(root)
    this.#free = new FreeSpace(root)
  }

  async sizeOf(location: BlobLocation): Promise<number | undefined> {
    return (await this.#find(parseLocation(location)))?.size
  }

  async open(location: BlobLocation, range?: StoredRange): Promise<BlobBody | undefined> {
    const found = await this.#find(parseLocation(location))
    return found === undefined ? undefined : fileBody(this.#path(location), range)
  }

  pathOf(location: BlobLocation): string {
    return this.#path(parseLocation(location))
  }

  async append(
    upload: UploadId,
    offset: number,
    bytes: AsyncIterable<Uint8Array>,
    observe: (chunk: Uint8Array) => void,
  ): Promise<number> {
    await this.#free.assertRoom()
    const file = await this.#openStaged(upload, offset)
    let position = offset
    let synced = offset
    let syncing: Promise<void> | undefined
    try {
      for await (const chunk of bytes) {
        observe(chunk)
        writeAll(file.fd, chunk, position)
        position += chunk.byteLength
        this.#free.take(chunk.byteLength)
        releaseBytes([chunk])
        if (position - synced < syncEveryBytes) continue
        // One behind at the most: a client cannot fill the page cache faster than the disk takes it.
        await syncing
        await this.#free.assertRoom()
        synced = position
        syncing = this.#syncs.run(() => file.datasync())
        syncing.catch(() => undefined) // seen by whoever awaits it next
      }
      await syncing
      faultPoint('store-after-write')
    } catch (error) {
      const running = syncing
      try {
        // Nothing is written any more, so what a failed sync drops stays dropped.
        if (running !== undefined) await syncOrDrop(file, () => running)
      } catch (failedSync) {
        throw storageError(failedSync, 'store the bytes received')
      } finally {
        await file.close()
      }
      throw storageError(error, 'store the bytes received')
    }
    await this.#open.keep(upload, file)
    return position
  }

  async stageFile(upload: UploadId, path: string): Promise<{ size: number; how: Cloned }> {
    await this.#free.assertRoom()
    const staged = this.#path(stagedKey(upload))
    try {
      await (await this.#createStaged(upload, staged)).close()
      const how = await cloneFile(path, staged, { hardLink: false })
      await chmod(staged, 0o600)
      const { size } = await stat(staged)
      if (how === 'copied') this.#free.take(size)
      return { size, how }
    } catch (error) {
      throw storageError(error, 'stage a file')
    }
  }

  async claim(upload: UploadId, offset: number): Promise<AsyncDisposable | undefined> {
    const path = this.#path(stagedKey(upload))
    try {
      return await claimFile(path, () =>
        offset > 0 ? open(path, 'r+') : this.#createStaged(upload, path, keepContent),
      )
    } catch (error) {
      throw isMissing(error) ? stagedBytesMissing(upload, 0, offset) : storageError(error, 'claim staged bytes')
    }
  }

  async readStaged(upload: UploadId, size: number): Promise<ReadableStream<Uint8Array>> {
    const file = await open(this.#path(stagedKey(upload)), 'r').catch((error: unknown) => {
      throw isMissing(error) ? stagedBytesMissing(upload, 0, size) : storageError(error, 'read staged bytes')
    })
    try {
      const staged = (await file.stat()).size
      if (staged < size) throw stagedBytesMissing(upload, staged, size)
    } catch (error) {
      await file.close()
      throw storageError(error, 'read staged bytes')
    }
    return readFileHandle(file, size)
  }

  async viewStaged(upload: UploadId): Promise<StagedView | undefined> {
    try {
      return viewFile(await open(this.#path(stagedKey(upload)), 'r'))
    } catch (error) {
      if (isMissing(error)) return undefined
      throw storageError(error, 'look at staged bytes')
    }
  }

  async commit(upload: UploadId, digest: Digest, size: number): Promise<BlobLocation> {
    const location = blobLocation(digest, upload)
    const staged = this.#path(stagedKey(upload))
    const file = await this.#openStaged(upload, size)
    try {
      await file.chmod(0o440)
      await this.#syncs.run(() =>
        syncOrDrop(file, async () => {
          await file.sync()
          faultPoint('store-after-fsync')
        }),
      )
    } catch (error) {
      throw storageError(error, 'make a blob durable')
    } finally {
      await file.close()
    }
    try {
      await this.#folders.ensure(folderOf(location))
      await rename(staged, this.#path(location)).catch((error: unknown) => {
        // Its folder was ensured: another process has committed or discarded the upload.
        throw isMissing(error) ? stagedBytesMissing(upload, 0, size) : error
      })
      faultPoint('store-after-rename')
      await this.#syncs.run(() => this.#folders.sync(folderOf(location)))
      faultPoint('store-after-folder-fsync')
    } catch (error) {
      throw storageError(error, 'make a blob durable')
    }
    return location
  }

  prepareAdoption(
    upload: UploadId,
    source: ForeignBytes,
    { digest }: { readonly digest: Digest },
  ): Adoption | undefined {
    if (source.kind !== 'file') return undefined
    const location = blobLocation(digest, upload)
    const to = { root: this.#root, location }
    const services = { folders: this.#folders, syncs: this.#syncs }
    return { location, carryOut: () => adoptFile(source.path, to, services) }
  }

  async giveTo(location: BlobLocation, path: string, link: boolean): Promise<boolean> {
    const from = this.#path(parseLocation(location))
    try {
      return (await shareFile(from, path, { hardLink: link })) !== undefined
    } catch (error) {
      throw storageError(error, 'give out a blob')
    }
  }

  async discard(upload: UploadId): Promise<void> {
    await this.#open.take(upload)?.close()
    await this.#unlink(stagedKey(upload))
  }

  async delete(locations: readonly BlobLocation[]): Promise<void> {
    const touched = new Set<string>()
    for (const location of locations) {
      parseLocation(beforeQuarantine(location))
      if (await this.#unlink(location)) touched.add(folderOf(location))
    }
    try {
      // Without it a power loss could bring bytes back that no row knows any more.
      for (const folder of touched) await this.#folders.sync(folder)
    } catch (error) {
      throw storageError(error, 'delete blobs')
    }
  }

  quarantineOf(location: BlobLocation): BlobLocation {
    return quarantineOf(parseLocation(location))
  }

  async setAside(location: BlobLocation): Promise<void> {
    const aside = this.quarantineOf(location)
    try {
      await this.#folders.ensure(folderOf(aside))
      await rename(this.#path(location), this.#path(aside)).catch((error: unknown) => {
        if (!isMissing(error)) throw error
      })
      await this.#folders.sync(folderOf(aside))
    } catch (error) {
      throw storageError(error, 'set bad bytes aside')
    }
  }

  async *walk(): AsyncIterable<{ location: BlobLocation; size: number; modifiedAt: number }> {
    for await (const key of this.#walkKeys(blobsKey)) {
      const location = findLocation(key)
      const found = location === undefined ? undefined : await this.#find(key)
      if (location === undefined || found === undefined) continue
      yield { location, size: found.size, modifiedAt: Math.floor(found.mtimeMs) }
    }
  }

  async *walkStaged(): AsyncIterable<{ upload: UploadId; modifiedAt: number }> {
    for await (const key of this.#walkKeys(uploadsKey)) {
      const upload = findStagedUpload(key)
      const found = upload === undefined ? undefined : await this.#find(key)
      if (upload === undefined || found === undefined) continue
      yield { upload, modifiedAt: Math.floor(found.mtimeMs) }
    }
  }

  async probe(): Promise<void> {
    await this.#free.assertRoom()
    const path = this.#path(`probe-${crypto.randomUUID()}`)
    try {
      const file = await open(path, 'wx', 0o600)
      try {
        await file.write(new Uint8Array(4096))
        await file.sync()
      } finally {
        await file.close()
        await unlink(path)
      }
    } catch (error) {
      throw storageError(error, 'write to the blob store')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open[Symbol.asyncDispose]()
  }

  /** The upload's file for writing, with everything beyond `size` cut off. */
  async #openStaged(upload: UploadId, size: number): Promise<FileHandle> {
    const path = this.#path(stagedKey(upload))
    const kept = this.#open.take(upload)
    try {
      if (size === 0) {
        await kept?.close()
        return await this.#createStaged(upload, path)
      }
      const file =
        kept ??
        (await open(path, 'r+').catch((error: unknown) => {
          throw isMissing(error) ? stagedBytesMissing(upload, 0, size) : error
        }))
      try {
        const staged = (await file.stat()).size
        if (staged < size) throw stagedBytesMissing(upload, staged, size)
        if (staged > size) await file.truncate(size)
        return file
      } catch (error) {
        await file.close()
        throw error
      }
    } catch (error) {
      throw storageError(error, 'open staged bytes')
    }
  }

  /** By default an empty file; with `flags` that keep what is there, the file as it is. */
  async #createStaged(upload: UploadId, path: string, flags: string | number = 'w'): Promise<FileHandle> {
    try {
      return await open(path, flags, 0o600)
    } catch (error) {
      if (!isMissing(error)) throw error
      await mkdir(this.#path(folderOf(stagedKey(upload)))).catch((problem: unknown) => {
        if ((problem as NodeJS.ErrnoException).code !== 'EEXIST') throw problem
      })
      return await open(path, flags, 0o600)
    }
  }

  async *#walkKeys(key: string): AsyncGenerator<string> {
    const folder = await opendir(this.#path(key)).catch((error: unknown) => {
      if (isMissing(error)) return undefined
      throw storageError(error, `list ${key}`)
    })
    if (folder === undefined) return
    for await (const entry of folder) {
      const child = `${key}/${entry.name}`
      if (entry.isDirectory()) yield* this.#walkKeys(child)
      else yield child
    }
  }

  async #find(key: string): Promise<Stats | undefined> {
    try {
      return await stat(this.#path(key))
    } catch (error) {
      if (isMissing(error)) return undefined
      throw storageError(error, 'look for a blob')
    }
  }

  /** Returns whether something lay there. */
  async #unlink(key: string): Promise<boolean> {
    try {
      await unlink(this.#path(key))
      return true
    } catch (error) {
      if (isMissing(error)) return false
      throw storageError(error, 'delete a file')
    }
  }

  #path(key: string): string {
    return join(this.#root, key)
  }
}

function stagedBytesMissing(upload: UploadId, staged: number, wanted: number): StagedBytesMissing {
  return new StagedBytesMissing(`upload ${upload} has ${staged} staged bytes of ${wanted}`)
}
