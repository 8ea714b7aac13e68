import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chunksOf, collect } from '../blob-store.contract.ts'
import type { Archive } from './archive.ts'

export interface ArchiveUnderTest {
  readonly archive: Archive
  dispose(): Promise<void>
}

/** The promises that backups rely on, for every medium. Each adapter's test runs it. */
export function describeArchive(name: string, compose: () => Promise<ArchiveUnderTest>): void {
  describe(`${name} as archive`, () => {
    let subject: ArchiveUnderTest
    let archive: Archive
    beforeEach(async () => {
      subject = await compose()
      archive = subject.archive
    })
    afterEach(async () => {
      await archive[Symbol.asyncDispose]()
      await subject.dispose()
    })
    const read = async (key: string) => {
      const stream = await archive.read(key)
      return stream === undefined ? undefined : Buffer.concat(await collect(stream)).toString()
    }
    const keys = async (below: string) => (await collect(archive.list(below))).map(({ key }) => key).sort()

    test('what was written is read back, and a second time replaces the first', async () => {
      expect(await archive.write('a/b/file', chunksOf('one ', 'and two'))).toBe(11)
      expect(await read('a/b/file')).toBe('one and two')
      expect(await archive.write('a/b/file', chunksOf('three'))).toBe(5)
      expect(await read('a/b/file')).toBe('three')
      expect(await archive.write('empty', chunksOf())).toBe(0)
      expect(await read('empty')).toBe('')
    })

    test('many parts come out as they went in', async () => {
      const text = 'every part has its place, '.repeat(700_000)
      await archive.write('large', chunksOf(text.slice(0, 7_000_001), text.slice(7_000_001)))
      expect((await read('large')) === text).toBe(true)
    })

    test('a source that breaks off leaves what lay there, and nothing else', async () => {
      await archive.write('a/file', chunksOf('old'))
      async function* broken() {
        yield new Uint8Array(12_000_000)
        throw new Error('the digest is another')
      }
      await expect(archive.write('a/file', broken())).rejects.toThrow('the digest is another')
      await expect(archive.write('a/other', broken())).rejects.toThrow('the digest is another')
      expect(await read('a/file')).toBe('old')
      expect(await keys('a/')).toEqual(['a/file'])
    })

    test('a list has what lies below with its size, whatever the depth', async () => {
      for (const key of ['a/1', 'a/b/2', 'a/b/c/3', 'ab/4']) await archive.write(key, chunksOf(key))
      expect(await keys('a/')).toEqual(['a/1', 'a/b/2', 'a/b/c/3'])
      expect((await collect(archive.list('ab/'))).map(({ size }) => size)).toEqual([4])
      expect(await keys('nothing/')).toEqual([])
    })

    test('what was deleted is gone, and where nothing lies there is nothing to complain about', async () => {
      await archive.write('a/1', chunksOf('1'))
      await archive.write('a/2', chunksOf('2'))
      await archive.delete(['a/1', 'a/never'])
      expect(await keys('a/')).toEqual(['a/2'])
      expect(await read('a/1')).toBeUndefined()
      expect(await archive.sizeOf('a/1')).toBeUndefined()
      expect(await archive.sizeOf('a/2')).toBe(1)
    })

    test('a key that leads elsewhere is refused', async () => {
      for (const key of ['', '/etc/passwd', '../x', 'a/../../x', 'a//b', 'a/', './a', 'a\0']) {
        await expect(archive.read(key)).rejects.toThrow('not a key')
        await expect(archive.write(key, chunksOf('x'))).rejects.toThrow('not a key')
        await expect(archive.delete([key])).rejects.toThrow('not a key')
      }
    })
  })
}
