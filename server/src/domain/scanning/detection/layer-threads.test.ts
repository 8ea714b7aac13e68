import { afterAll, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { longestTurn } from '#server-test/longest-turn.ts'
import { nodePackage } from './image-for-test.ts'
import type { LayerSource } from './inputs/image-source.ts'
import { LayerThreads } from './layer-threads.ts'
import { inChunks, tarForTest } from './tar-for-test.ts'

/** What a turn of the event loop may take while somebody's layer is read. */
const maxTurnMs = 50

const threads = new LayerThreads({ maxThreads: 1 })
afterAll(() => threads[Symbol.asyncDispose]())

const source = (bytes: Uint8Array, diffId = 'layer'): LayerSource => ({ diffId, open: () => inChunks(bytes) })
const diffIdOf = (tar: Uint8Array) => `sha256:${createHash('sha256').update(tar).digest('hex')}`

test('a layer is read in a thread, with links that ask for a second look', async () => {
  const link = { path: 'app/node_modules/b/package.json', type: '1', target: 'store/b' }
  const store = { ...nodePackage('b', '2.0.0'), path: 'store/b' }
  const tar = tarForTest([nodePackage('a', '1.0.0'), store, link])
  const found = await threads.read(source(gzipSync(tar), diffIdOf(tar)))
  expect(found.unread).toEqual([])
  expect(found.files.map(({ packages = [] }) => packages.map(({ name }) => name))).toEqual([['a'], ['b']])
})

test('a damaged layer has its verdict there too', async () => {
  expect((await threads.read(source(Buffer.from('nothing')))).unread).toMatchObject([
    { code: 'DAMAGED', where: 'layer' },
  ])
})

test('a layer under the name of another one has a verdict, so that it is not kept for all images that have the other', async () => {
  const other = diffIdOf(tarForTest([nodePackage('b', '2.0.0')]))
  const found = await threads.read(source(gzipSync(tarForTest([nodePackage('a', '1.0.0')])), other))
  expect(found.unread).toMatchObject([{ code: 'DAMAGED', where: other }])
})

test('the event loop turns while a layer of many files is read', async () => {
  const bytes = gzipSync(tarForTest(Array.from({ length: 3_000 }, (_, at) => nodePackage(`p${at}`, '1.0.0'))))
  const { ms, result } = await longestTurn(() => threads.read(source(bytes)))
  expect(result.files).toHaveLength(3_000)
  expect(ms).toBeLessThan(maxTurnMs)
})

test('a disk that fails is no verdict', async () => {
  const failing: LayerSource = {
    diffId: 'sha256:0',
    async *open() {
      yield Buffer.alloc(10)
      throw new Error('EIO')
    },
  }
  await expect(threads.read(failing)).rejects.toThrow('EIO')
})
