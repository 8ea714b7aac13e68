import { Readable } from 'node:stream'
import { constants, createGunzip, createZstdDecompress } from 'node:zlib'
import type { DetectionLimits } from './limits.ts'
import { damaged, tooLarge, Unreadable } from './verdict.ts'

export type Compression = 'gzip' | 'zstd' | 'none'

/** What the first bytes of a stream say; the media type of a layer may lie, and an archive on a disk has none. */
export function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  const isZstd = head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd
  const isSkippable = (head[0]! & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18
  return isZstd || isSkippable ? 'zstd' : 'none'
}

/**
 * The bytes of a stream that may be compressed, as they come out, within the limits of size and ratio.
 * @throws Unreadable
 */
export async function* decompressed(
  chunks: AsyncIterable<Uint8Array>,
  limits: DetectionLimits,
): AsyncGenerator<Uint8Array, void> {
  const input = new Counted(chunks, limits)
  const head = await input.peek(4)
  const compression = compressionOf(head)
  let out = 0
  try {
    for await (const chunk of compression === 'none' ? input : inflated(input, compression, limits)) {
      out += chunk.length
      if (out > limits.maxUncompressedBytes)
        throw tooLarge(`it has more than ${limits.maxUncompressedBytes} bytes uncompressed`)
      if (out > limits.ratioFreeBytes && out > limits.maxRatio * input.bytes) {
        throw tooLarge(`it grows more than ${limits.maxRatio} times when it is uncompressed`)
      }
      yield chunk
    }
  } finally {
    await input.close()
  }
}

async function* inflated(
  input: Counted,
  compression: 'gzip' | 'zstd',
  limits: DetectionLimits,
): AsyncGenerator<Uint8Array, void> {
  const chunkSize = 256 * 1024
  const stream =
    compression === 'gzip'
      ? createGunzip({ chunkSize })
      : createZstdDecompress({
          chunkSize,
          params: { [constants.ZSTD_d_windowLogMax]: limits.maxZstdWindowLog },
        })
  const source = Readable.from(input, { objectMode: false, highWaterMark: chunkSize })
  let sourceError: unknown
  source.on('error', (error) => {
    sourceError = error
    stream.destroy(error)
  })
  source.pipe(stream)
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) yield chunk
  } catch (error) {
    if (sourceError !== undefined) throw sourceError
    throw error instanceof Unreadable ? error : compressionError(error, compression)
  } finally {
    source.destroy()
    stream.destroy()
  }
}

function compressionError(error: unknown, compression: string): Unreadable {
  const { code = '', message = '' } = error as { code?: string; message?: string }
  const isWindow = code.includes('windowTooLarge') || message.includes('too much memory')
  if (isWindow) return tooLarge('its zstd window is larger than a reader has to have')
  return damaged(`its ${compression} is damaged (${message.slice(0, 100)})`)
}

/** A stream whose bytes are counted, and whose first bytes can be looked at. */
class Counted implements AsyncIterable<Uint8Array> {
  bytes = 0
  readonly #iterator: AsyncIterator<Uint8Array>
  readonly #maxBytes: number
  #peeked: Uint8Array[] = []

  constructor(chunks: AsyncIterable<Uint8Array>, { maxCompressedBytes }: DetectionLimits) {
    this.#iterator = chunks[Symbol.asyncIterator]()
    this.#maxBytes = maxCompressedBytes
  }

  async peek(count: number): Promise<Uint8Array> {
    let known = 0
    while (known < count) {
      const chunk = await this.#pull()
      if (chunk === undefined) break
      this.#peeked.push(chunk)
      known += chunk.length
    }
    return this.#peeked.length === 1 ? this.#peeked[0]! : Buffer.concat(this.#peeked)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    yield* this.#peeked.splice(0)
    for (let chunk = await this.#pull(); chunk !== undefined; chunk = await this.#pull()) yield chunk
  }

  async close(): Promise<void> {
    await this.#iterator.return?.()
  }

  async #pull(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#iterator.next()
    if (done === true) return undefined
    this.bytes += value.length
    if (this.bytes > this.#maxBytes) throw tooLarge(`it has more than ${this.#maxBytes} bytes`)
    return value
  }
}
