import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { link, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../../../conformance/harness/command.ts'
import { skipLoudly } from '../../../conformance/harness/real-client.ts'
import type { Digest } from '#contract/digest.ts'
import { hashStream } from '../runtime/hasher.ts'
import type { UploadId } from './blob-store.ts'
import { cloneFile, type Cloned } from './clone-file.ts'
import { composeFilesystemBlobStore } from './filesystem.ts'

const bytes = Buffer.alloc(3_000_000, 'a layer that nobody packed ')
const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest

let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'berth-clone-'))))
afterAll(async () => await rm(folder, { recursive: true, force: true }))

async function stageFrom(source: string, root: string): Promise<Cloned> {
  await using store = await composeFilesystemBlobStore({ folder: root })
  const upload = crypto.randomUUID() as UploadId
  const { size, how } = await store.stageFile!(upload, source)
  expect(size).toBe(bytes.byteLength)
  expect(`sha256:${await hashStream(await store.readStaged(upload, size), 'sha256')}`).toBe(digest)
  const location = await store.commit(upload, digest, size)
  expect(await readFile(join(root, location))).toEqual(bytes)
  return how
}

describe('a file gets a second place', () => {
  test('by its bytes, where the file system cannot share them and a second name is not wanted', async () => {
    const source = join(folder, 'source')
    await writeFile(source, bytes, { mode: 0o640 })
    const how = await stageFrom(source, join(folder, 'store'))
    expect(['copied', 'cloned']).toContain(how)
    expect((await stat(source)).nlink).toBe(1)
  })

  test('by a second name, where that is allowed; the first keeps its mode', async () => {
    const source = join(folder, 'immutable')
    await writeFile(source, bytes, { mode: 0o444 })
    const how = await cloneFile(source, join(folder, 'second'), { hardLink: true })
    expect(['linked', 'cloned']).toContain(how)
    expect(await readFile(join(folder, 'second'))).toEqual(bytes)
    expect((await stat(source)).mode & 0o777).toBe(0o444)
  })

  test('and what lay there before is gone, also under a name it had elsewhere', async () => {
    const [from, to, other] = ['new', 'old', 'other'].map((name) => join(folder, name)) as [string, string, string]
    await writeFile(from, 'new')
    await writeFile(other, 'old')
    await cloneFile(other, to, { hardLink: true })
    await cloneFile(from, to, { hardLink: true })
    expect(await readFile(to, 'utf8')).toBe('new')
    expect(await readFile(other, 'utf8')).toBe('old')
  })

  test('a file that is not there is an error, not an empty one', async () => {
    await expect(cloneFile(join(folder, 'nowhere'), join(folder, 'to'), { hardLink: true })).rejects.toThrow('ENOENT')
  })
})

/** Runs `use` in a file system of its own, in a file, and takes it away again; only root may mount it. */
async function inFileSystem(kind: 'btrfs' | 'xfs', use: (mounted: string) => Promise<void>): Promise<void> {
  const made = await mkdtemp(join(tmpdir(), 'berth-clone-'))
  const [image, mounted] = [join(made, 'image'), join(made, 'mounted')]
  try {
    await mkdir(mounted)
    await runCommand(['truncate', '-s', kind === 'xfs' ? '320M' : '128M', image])
    await runCommand([`mkfs.${kind}`, '-q', image])
    await runCommand(['mount', '-o', 'loop', image, mounted])
    try {
      await use(mounted)
    } finally {
      await runCommand(['umount', mounted])
    }
  } finally {
    await rm(made, { recursive: true, force: true })
  }
}

for (const kind of ['btrfs', 'xfs'] as const) {
  const possible = await inFileSystem(kind, async () => undefined).then(
    () => true,
    () => false,
  )
  if (!possible) {
    skipLoudly(`files are cloned on ${kind}`, `mkfs.${kind} or the right to mount is missing`)
    continue
  }
  test(`on ${kind} a blob shares its bytes with the file that it came from`, async () => {
    await inFileSystem(kind, async (mounted) => {
      const source = join(mounted, 'source')
      await writeFile(source, bytes)
      await runCommand(['sync', '-f', mounted])
      const usedKiB = async () =>
        Number((await runCommand(['df', '--output=used', '-k', mounted])).trim().split('\n').at(-1))
      const before = await usedKiB()
      expect(await stageFrom(source, join(mounted, 'store'))).toBe('cloned')
      await runCommand(['sync', '-f', mounted])
      expect((await usedKiB()) - before).toBeLessThan(bytes.byteLength / 1024 / 2)
      expect((await stat(source)).nlink).toBe(1)

      // A clone takes the place of what was there, and does not write into it.
      const [other, name] = [join(mounted, 'other'), join(mounted, 'name')]
      await writeFile(other, 'other')
      await link(other, name)
      expect(await cloneFile(source, name, { hardLink: true })).toBe('cloned')
      expect(await readFile(other, 'utf8')).toBe('other')
      expect(await readFile(name)).toEqual(bytes)
    })
  }, 60_000)
}
