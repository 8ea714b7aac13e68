import { describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { deflateSync, zstdCompressSync } from 'node:zlib'
import { elfForTest } from './formats/executable-for-test.ts'
import { namesOf, nodePackage, readLayerForTest } from './image-for-test.ts'
import { defaultLimits } from './limits.ts'
import { mergeLayers } from './merge-layers.ts'
import { readLayer } from './read-layer.ts'
import { inChunks, tarForTest } from './tar-for-test.ts'

const packagesOf = async (...parameters: Parameters<typeof readLayerForTest>) =>
  namesOf(mergeLayers([{ inventory: await readLayerForTest(...parameters) }]))

describe('one layer is read', () => {
  test('as plain JSON, the same for every image', async () => {
    const layer = await readLayerForTest([nodePackage('left-pad', '1.0.0'), { path: 'etc/.wh.motd', content: '' }])
    expect(JSON.parse(JSON.stringify(layer))).toEqual(layer)
    expect(layer).toMatchObject({ files: [{ analyser: 'node-package' }], whiteouts: ['etc/motd'], unread: [] })
  })

  test('whatever stands before its paths', async () => {
    const file = nodePackage('left-pad', '1.0.0')
    for (const before of ['./', '/', '../../', './/']) {
      expect((await readLayerForTest([{ ...file, path: before + file.path }])).files[0]!.path).toBe(file.path)
    }
  })

  test('with the last of two files of one path', async () => {
    expect(await packagesOf([nodePackage('a', '1.0.0'), nodePackage('a', '2.0.0')])).toEqual(['npm a 2.0.0'])
  })

  test('with files that are links to others of the layer, in whatever order they come', async () => {
    const store = { ...nodePackage('a', '1.0.0'), path: 'store/v3/00/ab' }
    const link = { path: 'app/node_modules/a/package.json', type: '1', target: 'store/v3/00/ab' }
    expect(await packagesOf([store, link])).toEqual(['npm a 1.0.0'])
    const other = { path: 'srv/node_modules/a/package.json', type: '1', target: './app/node_modules/a/package.json' }
    const layer = await readLayerForTest([{ ...store, path: 'app/node_modules/a/package.json' }, other])
    expect(layer.files.map(({ path }) => path)).toEqual([
      'app/node_modules/a/package.json',
      'srv/node_modules/a/package.json',
    ])
  })

  test('and a link out of the tree is a link to nothing', async () => {
    const layer = await readLayerForTest([
      { path: 'app/node_modules/a/package.json', type: '1', target: '../../../../etc/passwd' },
      { path: 'etc/os-release', type: '2', target: '/proc/self/environ' },
    ])
    expect(layer).toMatchObject({ files: [], unread: [], replaced: ['etc/os-release'] })
  })
})

test('a file too large for memory is read from the disk, and nothing of it stays there', async () => {
  const limits = { ...defaultLimits, maxFileBytesInMemory: 10 }
  const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith('berth-scan-'))
  const before = leftovers()
  const program = elfForTest([
    { name: '.dep-v0', content: deflateSync('{"packages":[{"name":"a","version":"1.0.0"}]}') },
  ])
  const entries = [{ path: 'bin/app', content: program, mode: 0o755 }, nodePackage('b', '2.0.0')]
  expect(await packagesOf(entries, { limits })).toEqual(['cargo a 1.0.0', 'npm b 2.0.0'])
  const cut = tarForTest(entries).subarray(0, 700)
  expect((await readLayer(() => inChunks(cut), { limits })).unread).toHaveLength(1)
  expect(leftovers()).toEqual(before)
})

describe('what cannot be read has a verdict, and the rest is read', () => {
  test('a damaged file', async () => {
    const layer = await readLayerForTest([
      { path: 'app/node_modules/bad/package.json', content: '{"name": "bad", ' },
      nodePackage('good', '1.0.0'),
    ])
    expect(layer.unread).toEqual([
      { code: 'DAMAGED', where: 'app/node_modules/bad/package.json', reason: expect.any(String) },
    ])
    expect(layer.files.flatMap(({ packages = [] }) => packages.map(({ name }) => name))).toEqual(['good'])
  })

  test('a file that is too large for what it is', async () => {
    const layer = await readLayerForTest([
      {
        path: 'app/node_modules/a/package.json',
        content: `{"name": "a", "version": "1", "x": "${'x'.repeat(5_000_000)}"}`,
      },
    ])
    expect(layer.unread).toMatchObject([{ code: 'TOO_LARGE', where: 'app/node_modules/a/package.json' }])
  })

  test('JSON that is nested too deep', async () => {
    const content = `{"name": "a", "version": "1", "x": ${'['.repeat(500_000)}`
    const layer = await readLayerForTest([{ path: 'app/node_modules/a/package.json', content }])
    expect(layer.unread).toHaveLength(1)
  })

  test('a layer that breaks off keeps what was found until there', async () => {
    const bytes = tarForTest([nodePackage('a', '1.0.0'), { path: 'big', content: Buffer.alloc(300_000, 'abcdefg') }])
    const layer = await readLayer(() => inChunks(zstdCompressSync(bytes.subarray(0, 200_000))), { where: 'sha256:abc' })
    expect(layer.files).toHaveLength(1)
    expect(layer.unread).toMatchObject([{ code: 'DAMAGED', where: 'sha256:abc' }])
  })

  test('a layer in a compression that nobody knows', async () => {
    const layer = await readLayer(() => inChunks(Buffer.from(`BZh9${'x'.repeat(2000)}`)), { where: 'layer' })
    expect(layer.unread).toMatchObject([{ code: 'DAMAGED', where: 'layer' }])
  })

  test('a flood of whiteouts', async () => {
    const limits = { ...defaultLimits, maxKeptPaths: 1000 }
    const whiteouts = Array.from({ length: 2000 }, (_, at) => ({ path: `etc/.wh.f${at}` }))
    const layer = await readLayerForTest(whiteouts, { limits })
    expect(layer.unread).toMatchObject([{ code: 'TOO_LARGE' }])
    expect(layer.whiteouts).toHaveLength(1000)
  })

  test('an error of the disk is no verdict on the layer', async () => {
    async function* failing() {
      yield tarForTest([nodePackage('a', '1.0.0')]).subarray(0, 600)
      throw new Error('EIO')
    }
    expect(readLayer(failing)).rejects.toThrow('EIO')
  })

  test('and a scan that is stopped stops', async () => {
    const stop = new AbortController()
    stop.abort(new Error('stopped'))
    expect(readLayerForTest([nodePackage('a', '1.0.0')], { signal: stop.signal })).rejects.toThrow('stopped')
  })
})
