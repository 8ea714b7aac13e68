import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatDigest, type Digest, type DigestAlgorithm } from '#contract/digest.ts'
import { createHasher } from '../runtime/hasher.ts'
import { StagedBytesMissing, type BlobLocation, type BlobStore, type UploadId } from './blob-store.ts'

export interface StoreUnderTest {
  readonly store: BlobStore
  /** Everything that lies in the medium apart from committed blobs and the store's own marker. */
  leftovers(): Promise<readonly string[]>
  dispose(): Promise<void>
}

export const newUploadId = () => crypto.randomUUID() as UploadId

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  const hasher = createHasher(algorithm)
  hasher.update(bytes)
  return formatDigest(algorithm, hasher.digestHex())
}

export async function* chunksOf(...chunks: readonly (Uint8Array | string)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk.slice()
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const ignore = () => {}
const bytesOf = (text: string) => new TextEncoder().encode(text)

/** The promises that the domain relies on, for every medium. Each adapter's test runs it. */
export function describeBlobStore(name: string, compose: () => Promise<StoreUnderTest>): void {
  describe(`${name} as blob store`, () => {
    let subject: StoreUnderTest
    let store: BlobStore

    beforeEach(async () => {
      subject = await compose()
      store = subject.store
    })
    afterEach(async () => {
      await store[Symbol.asyncDispose]()
      await subject.dispose()
    })

    const push = async (text: string | Uint8Array, upload = newUploadId(), algorithm: DigestAlgorithm = 'sha256') => {
      const bytes = typeof text === 'string' ? bytesOf(text) : text
      const size = await store.append(upload, 0, chunksOf(bytes), ignore)
      return await store.commit(upload, digestOf(bytes, algorithm), size)
    }
    const read = async (location: BlobLocation, range?: { start: number; end: number }) => {
      const body = await store.open(location, range)
      return body === undefined ? undefined : await new Response(body).text()
    }
    const readStaged = async (upload: UploadId, size: number) =>
      await new Response(await store.readStaged(upload, size)).text()

    test('a committed blob reads back as it was appended', async () => {
      const location = await push('layer')
      expect(await read(location)).toBe('layer')
      expect(await store.sizeOf(location)).toBe(5)
    })

    test('a sha512 blob reads back as it was appended', async () => {
      expect(await read(await push('layer', newUploadId(), 'sha512'))).toBe('layer')
    })

    test('chunks of any sizes, over any number of appends, come out in order', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(fc.integer({ min: 0, max: 400_000 }), { maxLength: 6 }), { minLength: 1, maxLength: 3 }),
          async (appends) => {
            const upload = newUploadId()
            const hasher = createHasher('sha256')
            const seen = createHasher('sha256')
            let offset = 0
            for (const sizes of appends) {
              const chunks = sizes.map((size, index) => new Uint8Array(size).fill(offset + size + index))
              for (const chunk of chunks) hasher.update(chunk)
              offset = await store.append(upload, offset, chunksOf(...chunks), (chunk) => seen.update(chunk))
            }
            expect(seen.digestHex()).toBe(hasher.digestHex())
            expect(offset).toBe(appends.flat().reduce((sum, size) => sum + size, 0))
            const location = await store.commit(upload, formatDigest('sha256', hasher.digestHex()), offset)
            const stored = new Uint8Array(await new Response(await store.open(location)).arrayBuffer())
            expect(digestOf(stored)).toBe(formatDigest('sha256', hasher.digestHex()))
          },
        ),
        { numRuns: 15 },
      )
    })

    test('an append returns the new offset and the next one goes on from there', async () => {
      const upload = newUploadId()
      expect(await store.append(upload, 0, chunksOf('one ', 'two '), ignore)).toBe(8)
      expect(await store.append(upload, 8, chunksOf('three'), ignore)).toBe(13)
      expect(await readStaged(upload, 13)).toBe('one two three')
    })

    test('bytes beyond the offset, left by an append that nobody acknowledged, are dropped', async () => {
      const upload = newUploadId()
      await store.append(upload, 0, chunksOf('kept, lost'), ignore)
      expect(await store.append(upload, 4, chunksOf('!'), ignore)).toBe(5)
      expect(await readStaged(upload, 5)).toBe('kept!')
    })

    test('an append at 0 starts over', async () => {
      const upload = newUploadId()
      await store.append(upload, 0, chunksOf('first attempt'), ignore)
      await store.append(upload, 0, chunksOf('second'), ignore)
      const location = await store.commit(upload, digestOf(bytesOf('second')), 6)
      expect(await read(location)).toBe('second')
    })

    test('an append beyond the staged bytes is refused: the session cannot go on', async () => {
      const upload = newUploadId()
      await expect(store.append(upload, 3, chunksOf('x'), ignore)).rejects.toBeInstanceOf(StagedBytesMissing)
      await store.append(upload, 0, chunksOf('ab'), ignore)
      await expect(store.append(upload, 3, chunksOf('x'), ignore)).rejects.toBeInstanceOf(StagedBytesMissing)
      await expect(store.readStaged(upload, 3)).rejects.toBeInstanceOf(StagedBytesMissing)
      await expect(store.commit(upload, digestOf(bytesOf('abc')), 3)).rejects.toBeInstanceOf(StagedBytesMissing)
    })

    test('reading staged bytes back ends at the size asked for, whatever lies behind it', async () => {
      const upload = newUploadId()
      await store.append(upload, 0, chunksOf('acknowledged, not acknowledged'), ignore)
      expect(await readStaged(upload, 12)).toBe('acknowledged')
      expect(await readStaged(upload, 0)).toBe('')
    })

    test('what the observer throws ends the append, is rethrown as it is, and the source is released', async () => {
      const upload = newUploadId()
      await store.append(upload, 0, chunksOf('good'), ignore)
      let released = false
      async function* endless() {
        try {
          for (;;) yield new Uint8Array(100_000)
        } finally {
          released = true
        }
      }
      let chunks = 0
      const refusal = new Error('too large')
      const appended = store.append(upload, 4, endless(), () => {
        if (++chunks === 8) throw refusal
      })
      expect(await appended.catch((error: unknown) => error)).toBe(refusal)
      expect(released).toBe(true)
      expect(await store.append(upload, 4, chunksOf(' bytes'), ignore)).toBe(10)
      expect(await readStaged(upload, 10)).toBe('good bytes')
    })

    test('an error of the source ends the append, is rethrown as it is, and the upload can go on', async () => {
      const upload = newUploadId()
      const lost = new Error('connection lost')
      async function* broken() {
        yield bytesOf('half')
        throw lost
      }
      expect(await store.append(upload, 0, broken(), ignore).catch((error: unknown) => error)).toBe(lost)
      expect(await store.append(upload, 0, chunksOf('whole'), ignore)).toBe(5)
      expect(await readStaged(upload, 5)).toBe('whole')
    })

    test('a commit takes exactly the bytes asked for', async () => {
      const upload = newUploadId()
      await store.append(upload, 0, chunksOf('blob and more'), ignore)
      const location = await store.commit(upload, digestOf(bytesOf('blob')), 4)
      expect(await read(location)).toBe('blob')
      expect(await store.sizeOf(location)).toBe(4)
    })

    test('an empty blob needs no append', async () => {
      const location = await store.commit(newUploadId(), digestOf(new Uint8Array()), 0)
      expect(await store.sizeOf(location)).toBe(0)
      expect(await read(location)).toBe('')
    })

    test('after a commit the staged bytes are gone', async () => {
      const upload = newUploadId()
      await push('blob', upload)
      await expect(store.readStaged(upload, 4)).rejects.toBeInstanceOf(StagedBytesMissing)
      expect(await collect(store.walkStaged())).toEqual([])
    })

    test('the same digest committed twice lies in two places; deleting one leaves the other', async () => {
      const first = await push('twin')
      const second = await push('twin')
      expect(second).not.toBe(first)
      await store.delete([first])
      expect(await read(first)).toBeUndefined()
      expect(await read(second)).toBe('twin')
    })

    test('a range gives its bytes, both ends included', async () => {
      const location = await push('0123456789')
      expect(await read(location, { start: 0, end: 0 })).toBe('0')
      expect(await read(location, { start: 3, end: 5 })).toBe('345')
      expect(await read(location, { start: 9, end: 9 })).toBe('9')
      expect(await read(location, { start: 0, end: 9 })).toBe('0123456789')
    })

    test('where nothing lies there is no size, nothing to open, and nothing to complain about in a delete', async () => {
      const location = await push('gone')
      await store.delete([location])
      expect(await store.sizeOf(location)).toBeUndefined()
      expect(await store.open(location)).toBeUndefined()
      await store.delete([location])
      await store.delete([])
    })

    test('bytes set aside are opened by nobody, and are deleted by their new location', async () => {
      const [bad, good] = [await push('twin'), await push('twin')]
      const aside = store.quarantineOf(bad)
      await store.setAside(bad)
      await store.setAside(bad)
      await expect(store.open(aside)).rejects.toThrow('not a location')
      await expect(store.sizeOf(aside)).rejects.toThrow('not a location')
      expect(store.quarantineOf(good)).not.toBe(aside)
      expect(await read(good)).toBe('twin')
      await store.delete([aside])
      await store.delete([aside])
      expect(await store.sizeOf(bad)).toBeUndefined()
      expect(await read(good)).toBe('twin')
      expect(await subject.leftovers()).toEqual([])
    })

    test('one delete takes more locations than any store deletes in one call', async () => {
      const there = await Promise.all(['a', 'b', 'c'].map((text) => push(text)))
      // Of the same form, where nothing lies.
      const absent = Array.from({ length: 1_100 }, () => {
        const upload = newUploadId()
        const location = there[0]!.replace(/uploaded\/../, `uploaded/${upload.slice(0, 2)}`)
        return location.replace(/[0-9a-f-]{36}$/, upload) as BlobLocation
      })
      await store.delete([...absent.slice(0, 1_050), ...there, ...absent.slice(1_050)])
      for (const location of there) expect(await store.sizeOf(location)).toBeUndefined()
      expect(await subject.leftovers()).toEqual([])
    }, 60_000)

    test('a location that this store did not make reaches nothing', async () => {
      const location = await push('safe')
      const strange = [
        '',
        '/etc/passwd',
        '../layout',
        'layout',
        `${location}/../../../../layout`,
        location.replace('blobs', '..'),
        `blobs/sha256/00/${location.slice(-97)}`,
        `${location}\n`,
        `${location}\0`,
        location.toUpperCase(),
      ] as BlobLocation[]
      for (const each of strange) {
        await expect(store.open(each)).rejects.toThrow('not a location')
        await expect(store.sizeOf(each)).rejects.toThrow('not a location')
        await expect(store.delete([each])).rejects.toThrow('not a location')
      }
      for (const each of ['', '..', '../../x', newUploadId().toUpperCase(), `${newUploadId()}/x`] as UploadId[]) {
        await expect(store.append(each, 0, chunksOf('x'), ignore)).rejects.toThrow('not an upload id')
        await expect(store.discard(each)).rejects.toThrow('not an upload id')
      }
      expect(await subject.leftovers()).toEqual([])
    })

    test('a discarded upload is gone; discarding it again, or one that never was, is no error', async () => {
      const upload = newUploadId()
      await store.append(upload, 0, chunksOf('unwanted'), ignore)
      await store.discard(upload)
      await store.discard(upload)
      await store.discard(newUploadId())
      await expect(store.readStaged(upload, 1)).rejects.toBeInstanceOf(StagedBytesMissing)
    })

    test('walking finds every committed blob with its size, and only those', async () => {
      const before = Date.now() - 2_000
      const locations = await Promise.all(['a', 'bb', 'bb', 'dddd'].map((text) => push(text)))
      await store.append(newUploadId(), 0, chunksOf('staged'), ignore)
      const found = await collect(store.walk())
      expect(found.map(({ location }) => location).sort()).toEqual([...locations].sort())
      expect(found.map(({ size }) => size).sort()).toEqual([1, 2, 2, 4])
      for (const { modifiedAt } of found) expect(modifiedAt).toBeGreaterThan(before)
    })

    test('walking the staged uploads finds those that are open, and only those', async () => {
      const open = [newUploadId(), newUploadId()]
      for (const upload of open) await store.append(upload, 0, chunksOf('staged'), ignore)
      await push('committed')
      const found = await collect(store.walkStaged())
      expect(found.map(({ upload }) => upload).sort()).toEqual(open.sort())
    })

    test('uploads at the same time do not touch each other', async () => {
      const texts = Array.from({ length: 20 }, (_, index) => `blob ${index} `.repeat(10_000))
      const locations = await Promise.all(texts.map((text) => push(text)))
      expect(await Promise.all(locations.map((location) => read(location)))).toEqual(texts)
    })

    test('nothing is left behind by pushes, discards, failures and probes', async () => {
      await store.probe()
      await push('committed')
      const failing = newUploadId()
      await store
        .append(failing, 0, chunksOf('x'), () => {
          throw new Error('refused')
        })
        .catch(ignore)
      await store.discard(failing)
      expect(await subject.leftovers()).toEqual([])
    })
  })
}
