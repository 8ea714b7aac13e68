import { statfs } from 'node:fs/promises'

export interface Volume {
  readonly totalBytes: number
  /** Bytes that we may still write, without those reserved for root. */
  readonly freeBytes: number
}

/** The file system that the folder is on. @throws when the folder cannot be looked at */
export async function volumeOf(folder: string): Promise<Volume> {
  const { bsize, blocks, bavail } = await statfs(folder)
  return { totalBytes: bsize * blocks, freeBytes: bsize * bavail }
}
