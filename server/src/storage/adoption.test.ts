import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, newUploadId } from './blob-store.contract.ts'
import type { Adoption, BlobStore } from './blob-store.ts'
import { composeFilesystemBlobStore } from './filesystem.ts'

const bytes = new TextEncoder().encode('layer of another registry')
const digest = digestOf(bytes)
const blob = { digest, size: bytes.byteLength }

describe('bytes of another store on the same file system', () => {
  let folder: string
  let store: BlobStore
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-adoption-'))
    await mkdir(join(folder, 'theirs'))
    path = join(folder, 'theirs', 'data')
    await writeFile(path, bytes, { mode: 0o640 })
    store = await composeFilesystemBlobStore({ folder: join(folder, 'ours') })
  })
  afterEach(async () => {
    await store[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const prepare = (place = path) => store.prepareAdoption!(newUploadId(), { kind: 'file', path: place }, blob, false)!

  const bytesAt = async ({ location }: Adoption) =>
    new Uint8Array(await new Response((await store.open(location)) as BodyInit).arrayBuffer())

  test('are ours without a copy, and still theirs, unchanged', async () => {
    const before = await stat(path)
    const adoption = prepare()
    expect(await adoption.carryOut()).toBe(true)
    expect(await bytesAt(adoption)).toEqual(bytes)
    const after = await stat(path)
    expect([after.ino, after.mode, after.size]).toEqual([before.ino, before.mode, before.size])
  })

  test('stay with them when we delete ours', async () => {
    const adoption = prepare()
    await adoption.carryOut()
    await store.delete([adoption.location])
    expect(await store.sizeOf(adoption.location)).toBeUndefined()
    expect(new Uint8Array(await readFile(path))).toEqual(bytes)
  })

  test('stay with us when they delete theirs', async () => {
    const adoption = prepare()
    await adoption.carryOut()
    await rm(join(folder, 'theirs'), { recursive: true })
    expect(await bytesAt(adoption)).toEqual(bytes)
  })

  test('behind a symbolic link are never taken by a name that could lead elsewhere tomorrow', async () => {
    const link = join(folder, 'theirs', 'link')
    await symlink(path, link)
    const adoption = prepare(link)
    // A file system that shares blocks may copy what it leads to; a hard link would be one to the link itself.
    if (await adoption.carryOut()) expect((await stat(path)).nlink).toBe(1)
    else expect(await store.sizeOf(adoption.location)).toBeUndefined()
  })

  test('on another medium have to be copied', () => {
    const place = { kind: 'object', endpoint: undefined, bucket: 'images', key: 'data' } as const
    expect(store.prepareAdoption!(newUploadId(), place, blob, true)).toBeUndefined()
  })

  test('can be given out without a copy, by a second name', async () => {
    const adoption = prepare()
    await adoption.carryOut()
    const to = join(folder, 'out')
    expect(await store.giveTo!(adoption.location, to, true)).toBe(true)
    expect((await stat(to)).ino).toBe((await stat(path)).ino)
  })
})
