import type { StoredRange } from '../../storage/blob-store.ts'

/** A blob whose bytes are still coming. */
export interface GrowingBlob {
  readonly sizeBytes: number
  /** Keeps what it reads from open until it is let go. */
  hold(): Promise<GrowingReader>
}

export interface GrowingReader extends AsyncDisposable {
  /**
   * Bytes from `start`, one at least, as soon as there are some. The last ones come when all of them are known to have the
   * digest.
   * @throws what ended the download
   */
  read(start: number, maxBytes: number): Promise<Uint8Array>
}

const pieceBytes = 256 * 1024
/** Kept back until the digest is compared: nobody takes a wrong blob for whole. */
const heldBackBytes = 4 * 1024

/** How much may be read of a blob of which so much is here. */
export function readableBytes(availableBytes: number, sizeBytes: number, isVerified: boolean): number {
  return isVerified ? sizeBytes : Math.min(availableBytes, Math.max(0, sizeBytes - heldBackBytes))
}

/** The rest of a blob, from `start` to before `end`, from elsewhere. @throws `cause` when there is none */
export type Resume = (start: number, end: number, cause: unknown) => Promise<ReadableStream<Uint8Array>>

/** The bytes as a stream that reads no faster than its reader. Breaks off when the download fails and nothing goes on with it. */
export async function streamOf(
  blob: GrowingBlob,
  range: StoredRange | undefined,
  resume: Resume,
): Promise<ReadableStream<Uint8Array>> {
  const reader = await blob.hold()
  const end = range === undefined ? blob.sizeBytes : range.end + 1
  let position = range?.start ?? 0
  let rest: ReadableStreamDefaultReader<Uint8Array> | undefined
  const next = async (): Promise<Uint8Array> => {
    if (rest === undefined) {
      try {
        return await reader.read(position, Math.min(pieceBytes, end - position))
      } catch (error) {
        rest = (await resume(position, end, error)).getReader()
      }
    }
    const { value } = await rest.read()
    if (value === undefined) throw new Error(`a blob ended at byte ${position} of ${end}`)
    return value
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          if (position < end) {
            const bytes = await next()
            position += bytes.byteLength
            controller.enqueue(bytes)
          }
          if (position < end) return
          await reader[Symbol.asyncDispose]()
          controller.close()
        } catch (error) {
          await reader[Symbol.asyncDispose]()
          throw error
        }
      },
      async cancel() {
        await rest?.cancel()
        await reader[Symbol.asyncDispose]()
      },
    },
    { highWaterMark: 0 },
  )
}
