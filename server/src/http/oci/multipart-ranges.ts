import { randomBytes } from 'node:crypto'
import type { ByteRange } from '#contract/byte-range.ts'
import type { ReadableBlob } from '../../domain/content/roles.ts'

/**
 * Several parts of a blob in one answer (RFC 9110 §14.6). One part is open at a time, and only while the client reads.
 * Nobody who pushes can know the boundary.
 */
export function multipartRanges(
  blob: Pick<ReadableBlob, 'sizeBytes' | 'open'>,
  parts: readonly ByteRange[],
): { readonly type: string; readonly body: ReadableStream<Uint8Array> } {
  const boundary = randomBytes(18).toString('hex')
  const encoder = new TextEncoder()
  const headOf = ({ start, end }: ByteRange): Uint8Array =>
    encoder.encode(
      `\r\n--${boundary}\r\ncontent-type: application/octet-stream\r\n` +
        `content-range: bytes ${start}-${end}/${blob.sizeBytes}\r\n\r\n`,
    )
  const tail = encoder.encode(`\r\n--${boundary}--\r\n`)
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (const part of parts) {
      yield headOf(part)
      const { body } = new Response((await blob.open({ start: part.start, end: part.end })) as BodyInit)
      if (body !== null) yield* body
    }
    yield tail
  }
  return { type: `multipart/byteranges; boundary=${boundary}`, body: streamFrom(pieces()) }
}

/** Reads only when it is read; a client that goes away closes what is open. */
function streamFrom(pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
      cancel: async () => void (await pieces.return(undefined)),
    },
    { highWaterMark: 0 },
  )
}
