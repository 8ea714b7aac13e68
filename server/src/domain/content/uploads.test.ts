import { expect, test } from 'bun:test'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { UploadId } from '../../storage/blob-store.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, digestOf, once, readBlob, system } from '#server-test/registry-for-test.ts'

const app = 'library/app' as RepositoryName
const bytes = (text: string) => new TextEncoder().encode(text)
const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => 'done',
    (error: unknown) => (error as { code?: unknown }).code ?? error,
  )

async function compose(open: OpenDatabase) {
  const registry = await composeRegistryForTest(await open())
  const { admit, database, store } = registry
  return {
    ...registry,
    admission: await admit(system, 'push', app),
    sessions: async () => (await database.read.selectFrom('upload').select('id').execute()).length,
    stored: async () => (await Array.fromAsync(store.walk())).length,
  }
}

describeEachDatabase('a blob on its way in', (open) => {
  test('in chunks is readable when its digest is right, and not before', async () => {
    const registry = await compose(open)
    const { uploads, admission } = registry
    const { id } = await uploads.createUpload(admission)
    await uploads.appendToUpload(admission, id, once(bytes('one ')), { start: 0, end: 3 })
    expect(await uploads.getUpload(admission, id)).toEqual({ id, offset: 4 })
    const digest = digestOf(bytes('one two'))
    expect(await readBlob(registry, app, digest)).toBeUndefined()
    await uploads.finishUpload(admission, id, digest, { bytes: once(bytes('two')) })
    expect(await readBlob(registry, app, digest)).toEqual(bytes('one two'))
    expect(await registry.sessions()).toBe(0)
  })

  test('is acknowledged again when its end is asked for again, by the same actor, for the same digest, while it is there', async () => {
    const { uploads, admission, admit, database, clock, sessions } = await compose(open)
    const { id } = await uploads.createUpload(admission)
    const digest = digestOf(bytes('lost'))
    const done = await uploads.finishUpload(admission, id, digest, { bytes: once(bytes('lost')) })
    const lease = async () =>
      (await database.read.selectFrom('repository_blob').select('protected_until').executeTakeFirstOrThrow())
        .protected_until
    const first = await lease()
    clock.advance(60_000)
    const now = await admit(system, 'push', app)
    const again = uploads.finishUpload(now, id, digest, { bytes: once(bytes('lost')) })
    expect(await again).toEqual(done)
    expect(await lease()).toBe(first + 60_000)
    const other = await admit({ kind: 'system', name: 'other' }, 'push', app)
    await uploads.uploadAtOnce(admission, digestOf(bytes('x')), once(bytes('x')))
    const elsewhere = await admit(system, 'push', 'library/else' as RepositoryName)
    for (const refused of [
      () => uploads.finishUpload(other, id, digest),
      () => uploads.finishUpload(elsewhere, id, digest),
      () => uploads.finishUpload(now, id, digestOf(bytes('x'))),
      () => uploads.finishUpload(now, crypto.randomUUID() as UploadId, digest),
      () => uploads.appendToUpload(now, id, once(bytes('x'))),
    ]) {
      expect(await codeOf(refused())).toBe('UPLOAD_UNKNOWN')
    }
    expect(await sessions()).toBe(0)
    await database.write(async (tx) => void (await tx.deleteFrom('repository_blob').execute()))
    expect(await codeOf(uploads.finishUpload(now, id, digest))).toBe('UPLOAD_UNKNOWN')
  })

  test('with another digest than announced ends the session and leaves nothing', async () => {
    const { uploads, admission, sessions, stored } = await compose(open)
    const { id } = await uploads.createUpload(admission)
    const finish = uploads.finishUpload(admission, id, digestOf(bytes('this')), { bytes: once(bytes('that')) })
    expect(await codeOf(finish)).toBe('DIGEST_MISMATCH')
    expect([await sessions(), await stored()]).toEqual([0, 0])
  })

  test('that its project has no room for ends the session, leaves nothing, and is announced', async () => {
    const { uploads, admission, database, clock, sessions, stored } = await compose(open)
    const quota = { project_id: admission.projectId, hard_bytes: 3, updated_at: clock.now() }
    await database.write(async (tx) => void (await tx.insertInto('quota').values(quota).execute()))
    const push = uploads.uploadAtOnce(admission, digestOf(bytes('four')), once(bytes('four')))
    expect(await codeOf(push)).toBe('QUOTA_EXCEEDED')
    expect([await sessions(), await stored()]).toEqual([0, 0])
    expect(await database.read.selectFrom('event').select('type').where('type', 'like', 'quota%').execute()).toEqual([
      { type: 'quota_exceeded' },
    ])
  })

  test('is unknown to another actor and in another repository', async () => {
    const { uploads, admission, admit } = await compose(open)
    const { id } = await uploads.createUpload(admission)
    const other = await admit({ kind: 'system', name: 'other' }, 'push', app)
    const elsewhere = await admit(system, 'push', 'library/else' as RepositoryName)
    for (const stranger of [other, elsewhere]) {
      expect(await codeOf(uploads.appendToUpload(stranger, id, once(bytes('x'))))).toBe('UPLOAD_UNKNOWN')
      expect(await codeOf(uploads.cancelUpload(stranger, id))).toBe('UPLOAD_UNKNOWN')
    }
    expect(await codeOf(uploads.cancelUpload(admission, id))).toBe('done')
    expect(await codeOf(uploads.getUpload(admission, id))).toBe('UPLOAD_UNKNOWN')
  })
})
