import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)
/** What a column of ours holds at the most, unpacked: a row that claims more is damaged. */
const maxBytes = 512 * 1024 * 1024

/** A value as a column keeps it. Packing happens off the event loop. */
export async function packJson(value: unknown): Promise<Uint8Array> {
  return await compress(JSON.stringify(value))
}

/** The value that `packJson` was given. The columns are ours alone. */
export async function unpackJson<T>(bytes: Uint8Array): Promise<T> {
  const text = await decompress(bytes, { maxOutputLength: maxBytes })
  return JSON.parse(text.toString('utf8')) as T
}
