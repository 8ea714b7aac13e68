import type { FileHandle } from 'node:fs/promises'
import type { StagedView } from './blob-store.ts'

/** Reads a file that another writes. Takes the handle over. */
export function viewFile(file: FileHandle): StagedView {
  return {
    size: async () => (await file.stat()).size,
    async read(start, maxBytes) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(maxBytes), 0, maxBytes, start)
      return buffer.subarray(0, bytesRead)
    },
    [Symbol.asyncDispose]: async () => await file.close(),
  }
}
