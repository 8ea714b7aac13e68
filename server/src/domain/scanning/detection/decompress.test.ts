import { describe, expect, test } from 'bun:test'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { decompressed } from './decompress.ts'
import { defaultLimits } from './limits.ts'
import { inChunks } from './tar-for-test.ts'
import { Unreadable } from './verdict.ts'

const limits = { ...defaultLimits, ratioFreeBytes: 1024 * 1024 }

async function all(bytes: Uint8Array, within = limits): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of decompressed(inChunks(bytes, 1000), within)) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

const codeOf = async (reading: Promise<unknown>): Promise<string> => {
  try {
    await reading
  } catch (error) {
    if (error instanceof Unreadable) return error.code
    throw error
  }
  throw new Error('it was read')
}

const random = (bytes: number): Buffer => Buffer.from(crypto.getRandomValues(new Uint8Array(Math.min(bytes, 65_536))))
const text = Buffer.concat([random(60_000), Buffer.from('some text '.repeat(10_000))])

describe('bytes come out as they were', () => {
  test('not compressed', async () => expect((await all(text)).equals(text)).toBe(true))
  test('gzip', async () => expect((await all(gzipSync(text))).equals(text)).toBe(true))
  test('zstd', async () => expect((await all(zstdCompressSync(text))).equals(text)).toBe(true))
  test('several gzip members, as estargz writes them', async () => {
    const members = Buffer.concat([gzipSync(text), gzipSync('end')])
    expect((await all(members)).equals(Buffer.concat([text, Buffer.from('end')]))).toBe(true)
  })
  test('several zstd frames, as zstd:chunked writes them, with one to skip', async () => {
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4])
    const frames = Buffer.concat([zstdCompressSync(text), skippable, zstdCompressSync('end')])
    expect((await all(frames)).equals(Buffer.concat([text, Buffer.from('end')]))).toBe(true)
  })
  test('nothing at all', async () => expect((await all(Buffer.alloc(0))).length).toBe(0))
})

describe('a verdict is given for', () => {
  const zeros = Buffer.alloc(64 * 1024 * 1024)

  test('gzip that grows a thousand times', async () => expect(await codeOf(all(gzipSync(zeros)))).toBe('TOO_LARGE'))
  test('zstd that grows many thousand times', async () =>
    expect(await codeOf(all(zstdCompressSync(zeros)))).toBe('TOO_LARGE'))
  test('more bytes than are allowed', async () => {
    expect(await codeOf(all(gzipSync(text), { ...limits, maxUncompressedBytes: 100_000 }))).toBe('TOO_LARGE')
    expect(await codeOf(all(text, { ...limits, maxCompressedBytes: 100_000 }))).toBe('TOO_LARGE')
  })
  test('gzip that breaks off', async () =>
    expect(await codeOf(all(gzipSync(text).subarray(0, 30_000)))).toBe('DAMAGED'))
  test('gzip with a flipped bit', async () => {
    const bytes = gzipSync(text)
    bytes[40_000]! ^= 0x10
    expect(await codeOf(all(bytes))).toBe('DAMAGED')
  })
  test('gzip of something else behind its header', async () => {
    expect(await codeOf(all(Buffer.concat([gzipSync('').subarray(0, 10), deflateSync(text)])))).toBe('DAMAGED')
  })
  test('a zstd window of two gigabytes', async () => {
    // Magic, a frame without a size and checksum, a window of 2^31 bytes, one raw block of one byte.
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (31 - 10) << 3, 0x09, 0x00, 0x00, 0x61])
    expect(await codeOf(all(frame))).toBe('TOO_LARGE')
  })
})

test('an error of the source stays itself', async () => {
  async function* failing() {
    yield gzipSync(text).subarray(0, 20_000)
    throw new Error('the disk is gone')
  }
  const reading = (async () => {
    for await (const _ of decompressed(failing(), limits)) void _
  })()
  expect(reading).rejects.toThrow('the disk is gone')
})
