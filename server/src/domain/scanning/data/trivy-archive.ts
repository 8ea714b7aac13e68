import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createTarDecoder } from 'modern-tar'

const wanted = new Set(['trivy.db', 'metadata.json'])
const maxBytes = 8 * 1024 * 1024 * 1024

/** Writes `trivy.db` and `metadata.json` of the archive into a folder. @throws Error without them, or when they are too large */
export async function extractTrivyDb(bytes: AsyncIterable<Uint8Array>, folder: string): Promise<void> {
  const entries = Readable.toWeb(Readable.from(bytes)).pipeThrough(
    createTarDecoder() as never,
  ) as unknown as AsyncIterable<TarEntry>
  let hasDatabase = false
  for await (const { header, body } of entries) {
    const name = header.name.replace(/^\.\//, '')
    if (header.type !== 'file' || !wanted.has(name)) {
      await body.cancel()
      continue
    }
    if (header.size > maxBytes) throw new Error(`${name} has more than ${maxBytes} bytes`)
    await pipeline(Readable.fromWeb(body as never), createWriteStream(join(folder, name)))
    hasDatabase ||= name === 'trivy.db'
  }
  if (!hasDatabase) throw new Error('the archive has no trivy.db')
}

interface TarEntry {
  readonly header: { readonly name: string; readonly size: number; readonly type: string }
  readonly body: ReadableStream<Uint8Array>
}
