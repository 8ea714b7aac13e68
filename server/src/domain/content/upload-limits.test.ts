import { expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase, type OpenDatabase } from '../../../test/databases.ts'
import { composeRegistryForTest, leaseMs, system } from '../../../test/registry-for-test.ts'
import { StagedBytesMissing, type UploadId } from '../../storage/blob-store.ts'
import { composeMemoryBlobStore } from '../../storage/memory.ts'
import { Uploads } from './uploads.ts'
import { Events } from '../events/events.ts'

const name = 'library/app' as RepositoryName
const expireAfterMs = 10 * leaseMs

async function compose(open: OpenDatabase, maxPerActor: number) {
  const database = await open()
  const store = composeMemoryBlobStore()
  const { clock, admit } = await composeRegistryForTest(database, store)
  const newId = randomUUID
  const uploads = new Uploads({
    database,
    store,
    clock,
    events: new Events({ clock }),
    newId,
    leaseMs,
    expireAfterMs,
    maxPerActor,
    maxBytes: 0,
  })
  const admission = await admit(system, 'push', name)
  const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
    await work.then(
      () => undefined,
      (error: unknown) => (error as { code?: unknown }).code,
    )
  return {
    database,
    store,
    clock,
    uploads,
    begin: () => uploads.createUpload(admission),
    append: (id: UploadId) => uploads.appendToUpload(admission, id, bytes()),
    stateOf: (id: UploadId) => codeOf(uploads.getUpload(admission, id)),
    codeOf,
  }
}

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array([1, 2, 3])
}

describeEachDatabase('upload sessions', (open) => {
  test('begun all at once are no more than an account may have', async () => {
    const { database, begin, codeOf } = await compose(open, 5)
    const codes = await Promise.all(Array.from({ length: 40 }, () => codeOf(begin())))
    expect(codes.filter((code) => code === undefined).length).toBe(5)
    expect(codes.filter((code) => code === 'TOO_MANY_REQUESTS').length).toBe(35)
    const rows = await database.read.selectFrom('upload').select('id').execute()
    expect(rows.length).toBe(5)
  })

  test('without progress expire, a few at a time, with their bytes; those that move stay', async () => {
    const { store, clock, uploads, begin, append, stateOf } = await compose(open, 0)
    const [idle, filled, moving] = [await begin(), await begin(), await begin()]
    await append(filled.id)
    await append(moving.id)
    clock.advance(expireAfterMs - 1)
    await append(moving.id)
    expect(await uploads.expireUploads(10)).toBe(0)
    clock.advance(1)
    expect([await uploads.expireUploads(1), await uploads.expireUploads(1), await uploads.expireUploads(1)]).toEqual([
      1, 1, 0,
    ])
    expect(await Promise.all([idle, filled, moving].map(({ id }) => stateOf(id)))).toEqual([
      'UPLOAD_UNKNOWN',
      'UPLOAD_UNKNOWN',
      undefined,
    ])
    const staged = async (id: UploadId) => await store.readStaged(id, 3).catch((error: unknown) => error)
    expect(await staged(filled.id)).toBeInstanceOf(StagedBytesMissing)
    expect(await staged(moving.id)).not.toBeInstanceOf(Error)
  })
})
