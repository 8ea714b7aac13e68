import { statfs } from 'node:fs/promises'

export interface Volume {
  readonly totalBytes: number
  /** What we may still write; what is reserved for root is not in it. */
  readonly freeBytes: number
}

/** The file system that the folder is on. @throws when the folder cannot be looked at */
export async function volumeOf(folder: string): Promise<Volume> {
  const { bsize, blocks, bavail } = await statfs(folder)
  return { totalBytes: bsize * blocks, freeBytes: bsize * bavail }
}
