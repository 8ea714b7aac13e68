import { expect, test } from 'bun:test'
import { createHasher, createSavableHasher } from '../../runtime/hasher.ts'
import { digestIn, digestStateOf, hasherBehind } from './upload-digest.ts'

const bytes = new Uint8Array(100)
const digest = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')

test('a hasher that cannot be saved leaves the digest: enough to finish with, not to go on with', () => {
  const hasher = createHasher('sha256')
  hasher.update(bytes)
  const row = { algorithm: 'sha256', offset: 100, digest_state: digestStateOf(hasher, 100) } as const
  expect(digestIn(row)).toBe(digest)
  expect(hasherBehind(row)).toBeUndefined()
  expect(digestIn({ ...row, offset: 101 })).toBeUndefined()
})

test('one that can be saved leaves both', () => {
  const hasher = createSavableHasher('sha256', { always: true })
  hasher.update(bytes)
  const row = { algorithm: 'sha256', offset: 100, digest_state: digestStateOf(hasher, 100) } as const
  expect(digestIn(row)).toBe(digest)
  expect(hasherBehind(row)?.digestHex()).toBe(digest)
  expect(digestIn({ ...row, offset: 99 })).toBeUndefined()
})

test('a row without a digest has none', () => {
  expect(digestIn({ algorithm: 'sha256', offset: 1, digest_state: null })).toBeUndefined()
})
