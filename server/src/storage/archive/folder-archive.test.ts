import { expect, test } from 'bun:test'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chunksOf } from '../blob-store.contract.ts'
import { describeArchive } from './archive.contract.ts'
import { openFolderArchive } from './folder-archive.ts'

const makeFolder = () => mkdtemp(join(tmpdir(), 'berth-archive-'))

describeArchive('a folder', async () => {
  const folder = await makeFolder()
  return {
    archive: openFolderArchive(join(folder, 'backups')),
    dispose: async () => await rm(folder, { recursive: true, force: true }),
  }
})

test('nobody but the owner can read an archive', async () => {
  const folder = await makeFolder()
  try {
    await using archive = openFolderArchive(join(folder, 'backups'))
    await archive.write('a/secret', chunksOf('x'))
    for (const [path, mode] of [
      ['', 0o700],
      ['a', 0o700],
      ['a/secret', 0o600],
    ] as const) {
      expect((await stat(join(archive.name, path))).mode & 0o777).toBe(mode)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('a file is copied, and one that does not pass its verification is not kept', async () => {
  const folder = await makeFolder()
  try {
    await using archive = openFolderArchive(join(folder, 'backups'))
    const source = join(folder, 'source')
    await writeFile(source, 'bytes')
    const seen: string[] = []
    const read = async (bytes: AsyncIterable<Uint8Array>) => {
      for await (const chunk of bytes) seen.push(new TextDecoder().decode(chunk))
    }
    expect(await archive.writeFile!('good', source, read)).toBe(5)
    const refuse = async (bytes: AsyncIterable<Uint8Array>) => {
      await read(bytes)
      throw new Error('refused')
    }
    await expect(archive.writeFile!('bad', source, refuse)).rejects.toThrow('refused')
    expect(seen).toEqual(['bytes', 'bytes'])
    // Damage to the file leaves its copy alone.
    await writeFile(source, 'BYTES')
    expect(await readFile(archive.pathOf!('good'), 'utf8')).toBe('bytes')
    expect((await readdir(archive.name, { recursive: true })).sort()).toEqual(['good', 'unfinished'])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
