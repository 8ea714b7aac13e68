import { describe, expect, test } from 'bun:test'
import { packTar } from 'modern-tar'
import { longestTurn } from '#server-test/longest-turn.ts'
import { readTarFiles, TarInvalid } from './tar-files.ts'

/** In chunks of an odd size, so that headers are cut anywhere. */
async function* inChunks(bytes: Uint8Array, size = 16_384): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const readmes = (bytes: Uint8Array, size?: number) =>
  readTarFiles(inChunks(bytes, size), ({ name }) => name.endsWith('README.md'))

const read = async (bytes: Uint8Array, size?: number) =>
  Object.fromEntries([...(await readmes(bytes, size))].map(([name, body]) => [name, new TextDecoder().decode(body)]))

function header(name: string, size: number, type: string): Buffer {
  const block = Buffer.alloc(512)
  block.write(name, 0)
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  block.write(`        ${type}`, 148)
  block.write('ustar\x0000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

const entry = (name: string, body: string | Buffer, type = '0'): Buffer =>
  Buffer.concat([
    header(name, Buffer.byteLength(body), type),
    Buffer.from(body),
    Buffer.alloc(-Buffer.byteLength(body) & 511),
  ])

const archive = (...entries: readonly Buffer[]): Uint8Array => Buffer.concat([...entries, Buffer.alloc(1_024)])

const long = `${'folder/'.repeat(30)}README.md`

describe('files of a tar archive', () => {
  test('are found by their names, wherever chunks end', async () => {
    const packed = await packTar([
      { header: { name: 'app/Chart.yaml', size: 3 }, body: 'abc' },
      { header: { name: 'app/README.md', size: 600 }, body: 'x'.repeat(600) },
      { header: { name: 'app/sub/README.md', size: 2 }, body: 'ok' },
      { header: { name: long, size: 4 }, body: 'long' },
    ])
    const wanted = { 'app/README.md': 'x'.repeat(600), 'app/sub/README.md': 'ok', [long]: 'long' }
    for (const size of [1, 7, 511, 512, 513, 100_000]) expect(await read(packed, size)).toEqual(wanted)
  })

  test('with long names as pax and GNU write them, which are of the next file alone', async () => {
    const record = `path=${long}\n`
    const pax = `${record.length + 4} ${record}`
    const next = entry('README.md', '2')
    expect(await read(archive(entry('p', pax, 'x'), entry('cut', '1'), next))).toEqual({
      [long]: '1',
      'README.md': '2',
    })
    expect(await read(archive(entry('L', `${long}\0`, 'L'), entry('K', 'link', 'K'), entry('cut', '1'), next))).toEqual(
      {
        [long]: '1',
        'README.md': '2',
      },
    )
  })

  test('are no links, folders or devices', async () => {
    for (const type of ['1', '2', '3', '4', '5', '6', 'g', 'S'])
      expect(await read(archive(entry('README.md', '', type)))).toEqual({})
  })

  test.each([
    ['bytes that are no header', Buffer.alloc(512, 'x')],
    ['a wrong checksum', Buffer.concat([header('README.md', 0, '0').fill('y', 0, 1), Buffer.alloc(1_024)])],
    ['an end within a file', entry('README.md', 'x'.repeat(600)).subarray(0, 700)],
    ['an end within a header', entry('README.md', 'x').subarray(0, 300)],
    ['a record of pax without a length', archive(entry('p', 'path=x\n', 'x'))],
    ['a record of pax that is shorter than itself', archive(entry('p', '1 path=x\n', 'x'))],
    ['a record of pax that is longer than all', archive(entry('p', '999 path=x\n', 'x'))],
    ['another size in pax', archive(entry('p', '10 size=9\n', 'x'))],
  ])('%s is refused', async (_, bytes) => {
    await expect(read(bytes)).rejects.toBeInstanceOf(TarInvalid)
  })

  test.each([
    [
      'records of pax by the hundred thousand',
      Array.from({ length: 700_000 }, (_, at) => `10 a${at % 1e5}=\n`).join(''),
    ],
    ['records of pax within each other', '1x'.repeat(1 << 20)],
    ['a name of megabytes', 'a/'.repeat(1 << 20)],
  ])('%s cost nothing', async (_, body) => {
    for (const type of ['x', 'L', 'g']) {
      const { ms } = await longestTurn(() => readmes(archive(entry('p', body, type))).catch(() => undefined))
      expect(ms).toBeLessThan(50)
    }
  })
})
