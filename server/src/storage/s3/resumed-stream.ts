import type { Readable } from 'node:stream'
import { StorageUnavailable } from '../blob-store.ts'

/** One answer to a GET, and which object it was about. */
export interface ObjectBody {
  readonly body: Readable
  /** Bytes that the answer announces. */
  readonly size: number
  readonly etag: string | undefined
}

/** Answers that broke off one after another without a byte in between. */
const maxFruitless = 4
const firstPauseMs = 50

/**
 * The bytes of an object as one stream, however many answers it takes: one that breaks off or falls silent is gone on
 * with, from the byte it had come to. `reopen` asks for the rest of the same object, from so many bytes on.
 */
export function resumedStream(
  first: ObjectBody,
  options: {
    readonly silenceMs: number
    reopen(position: number, etag: string | undefined): Promise<ObjectBody | undefined>
  },
): ReadableStream<Uint8Array> {
  const { silenceMs, reopen } = options
  const { size, etag } = first
  let body = first.body
  let chunks = chunksOf(body)
  let position = 0
  let fruitless = 0

  const goOn = async (cause: unknown): Promise<void> => {
    body.destroy()
    for (;;) {
      if (fruitless >= maxFruitless) {
        throw new StorageUnavailable(`cannot read a blob: the answer broke off after ${position} of ${size} bytes`, {
          cause,
        })
      }
      await new Promise((resolve) => setTimeout(resolve, firstPauseMs * 2 ** fruitless * (0.5 + Math.random())))
      fruitless++
      const rest = await reopen(position, etag)
      if (rest === undefined || rest.size !== size - position || rest.etag !== etag) {
        rest?.body.destroy()
        throw new StorageUnavailable('cannot read a blob: it changed while it was read', { cause })
      }
      body = rest.body
      chunks = chunksOf(body)
      return
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          let failure: unknown
          try {
            const next = await within(silenceMs, chunks.next())
            if (next.done !== true) {
              position += next.value.byteLength
              fruitless = 0
              controller.enqueue(next.value)
              return
            }
          } catch (error) {
            failure = error
          }
          // The last bytes have come, and the SDK found that they are not what was stored.
          if (position >= size && failure !== undefined) {
            throw new StorageUnavailable('cannot read a blob: its bytes are damaged', { cause: failure })
          }
          if (position >= size) {
            controller.close()
            return
          }
          await goOn(failure)
        }
      },
      cancel() {
        body.destroy()
      },
    },
    // Reads from the store begin with the first read of the stream.
    { highWaterMark: 0 },
  )
}

const chunksOf = (body: Readable) => body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>

async function within<T>(milliseconds: number, wanted: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not a byte for ${milliseconds} ms`)), milliseconds)
  })
  try {
    return await Promise.race([wanted, silence])
  } finally {
    clearTimeout(timer)
  }
}
