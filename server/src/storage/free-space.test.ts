import { expect, test } from 'bun:test'
import { StorageFull } from './blob-store.ts'
import { FreeSpace } from './free-space.ts'

const gibibyte = 1 << 30
const mebibyte = 1 << 20

function diskOf(totalBytes: number, freeBytes: number) {
  const disk = { totalBytes, freeBytes, looks: 0 }
  const look = async () => {
    disk.looks++
    return { totalBytes: disk.totalBytes, freeBytes: disk.freeBytes }
  }
  return { disk, space: new FreeSpace('/nowhere', look) }
}

test('the last 64 MiB of a disk are not for blobs', async () => {
  await diskOf(100 * gibibyte, 65 * mebibyte).space.assertRoom()
  await expect(diskOf(100 * gibibyte, 64 * mebibyte).space.assertRoom()).rejects.toBeInstanceOf(StorageFull)
})

test('of a small disk a twentieth is kept free', async () => {
  await diskOf(100 * mebibyte, 6 * mebibyte).space.assertRoom()
  await expect(diskOf(100 * mebibyte, 5 * mebibyte).space.assertRoom()).rejects.toBeInstanceOf(StorageFull)
})

test('what was written since the disk was looked at counts, and after some of it the disk is looked at again', async () => {
  const { disk, space } = diskOf(100 * gibibyte, 70 * mebibyte)
  await space.assertRoom()
  space.take(6 * mebibyte)
  await expect(space.assertRoom()).rejects.toBeInstanceOf(StorageFull)
  expect(disk.looks).toBe(1)
  space.take(11 * mebibyte)
  await space.assertRoom()
  expect(disk.looks).toBe(2)
})

test('requests that come together look once', async () => {
  const { disk, space } = diskOf(100 * gibibyte, 50 * gibibyte)
  await Promise.all(Array.from({ length: 20 }, () => space.assertRoom()))
  expect(disk.looks).toBe(1)
})
