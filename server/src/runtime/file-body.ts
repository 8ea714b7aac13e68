import type { FileHandle } from 'node:fs/promises'

/** Large enough that per-read costs vanish, small enough to have one per transfer. */
const readSizeBytes = 1 << 18

/**
 * A body that the listener sends with `sendfile`: the bytes never enter this process. `range` is
 * inclusive. Nothing is opened here: the caller makes sure that the file exists.
 */
export function fileBody(path: string, range?: { readonly start: number; readonly end: number }): Blob {
  const file = Bun.file(path)
  return range === undefined ? file : file.slice(range.start, range.end + 1)
}

/**
 * The first `size` bytes as a stream that reads only when it is read and closes the file at its end,
 * on error and on cancel. Takes the handle over.
 */
export function readFileHandle(file: FileHandle, size: number): ReadableStream<Uint8Array> {
  let position = 0
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const wanted = Math.min(readSizeBytes, size - position)
          if (wanted > 0) {
            const { bytesRead, buffer } = await file.read(new Uint8Array(wanted), 0, wanted, position)
            if (bytesRead === 0) throw new Error(`the file ended at byte ${position} of ${size}`)
            position += bytesRead
            controller.enqueue(buffer.subarray(0, bytesRead))
          }
          if (position < size) return
          await file.close()
          controller.close()
        } catch (error) {
          await file.close().catch(() => undefined)
          throw error
        }
      },
      async cancel() {
        await file.close()
      },
    },
    { highWaterMark: 0 },
  )
}
