import { afterAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, digestOf, leaseMs, once, readBlob, system } from '#server-test/registry-for-test.ts'
import { composeFilesystemBlobStore } from '../../storage/filesystem.ts'
import type { BlobStore } from '../../storage/blob-store.ts'
import { Uploads } from './uploads.ts'

const name = 'library/app' as RepositoryName
const folder = mkdtempSync(join(tmpdir(), 'berth-uploads-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Two processes as far as uploads know: each with its own memory, and its own handles on one folder. */
async function compose(open: OpenDatabase) {
  const database = await open()
  const storeFolder = join(folder, randomUUID())
  let reads = 0
  const openStore = async (): Promise<BlobStore> => {
    const store = await composeFilesystemBlobStore({ folder: storeFolder, shared: true })
    const readStaged = store.readStaged.bind(store)
    store.readStaged = (...given) => {
      reads += 1
      return readStaged(...given)
    }
    return store
  }
  const registry = await composeRegistryForTest(database, await openStore())
  const limits = { leaseMs, expireAfterMs: 10 * leaseMs, maxPerActor: 0, maxBytes: 0, shared: true }
  const newProcess = async () =>
    new Uploads({
      database,
      store: await openStore(),
      clock: registry.clock,
      newId: randomUUID,
      events: registry.events,
      ...limits,
    })
  return {
    registry,
    processes: [await newProcess(), await newProcess()] as const,
    admission: await registry.admit(system, 'push', name),
    readsOfStaged: () => reads,
    staged: () =>
      readdirSync(join(storeFolder, 'uploads'), { recursive: true, withFileTypes: true }).filter((entry) =>
        entry.isFile(),
      ),
  }
}

const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => undefined,
    (error: unknown) => (error as { code?: unknown }).code,
  )

/** A body that has come half, and goes on when it is told to. */
function heldBody(bytes: Uint8Array) {
  const begun = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const half = Math.floor(bytes.byteLength / 2)
  const body = async function* () {
    yield bytes.slice(0, half)
    begun.resolve()
    await released.promise
    yield bytes.slice(half)
  }
  return { body: body(), begun: begun.promise, release: released.resolve }
}

const bytesOf = (length: number, seed = 0) => Uint8Array.from({ length }, (_, index) => index * 7 + seed)

describeEachDatabase('an upload whose requests meet different processes', (open) => {
  test('is finished without reading a byte twice, however its chunks were spread', async () => {
    const { registry, processes, admission, readsOfStaged } = await compose(open)
    const turn = fc.record({ at: fc.nat({ max: 1 }), size: fc.nat({ max: 500 }), ranged: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(
        fc.array(turn, { minLength: 1, maxLength: 8 }),
        fc.nat({ max: 1 }),
        fc.boolean(),
        async (turns, last, withBody) => {
          const whole = bytesOf(
            turns.reduce((sum, { size }) => sum + size, 0),
            turns.length,
          )
          const digest = digestOf(whole)
          const { id } = await processes[0].createUpload(admission)
          let offset = 0
          for (const [index, { at, size, ranged }] of turns.entries()) {
            const piece = whole.slice(offset, offset + size)
            // A Content-Range has one byte at least.
            const chunk = ranged && size > 0 ? { start: offset, end: offset + size - 1 } : undefined
            if (withBody && index === turns.length - 1) {
              await processes[last]!.finishUpload(admission, id, digest, {
                bytes: once(piece),
                ...(chunk && { chunk }),
              })
            } else {
              await processes[at]!.appendToUpload(admission, id, once(piece), chunk)
            }
            offset += size
          }
          if (!withBody) await processes[last]!.finishUpload(admission, id, digest)
          expect(await readBlob(registry, name, digest)).toEqual(whole)
        },
      ),
      { numRuns: 40 },
    )
    expect(readsOfStaged()).toBe(0)
  })

  test('takes the bytes of one request at a time; the other hears that it must wait', async () => {
    const { registry, processes, admission } = await compose(open)
    const [here, there] = processes
    const whole = bytesOf(1000)
    const digest = digestOf(whole)
    const { id } = await here.createUpload(admission)
    const held = heldBody(whole)
    const appended = here.appendToUpload(admission, id, held.body)
    await held.begun
    expect(await codeOf(there.appendToUpload(admission, id, once(bytesOf(1000, 1))))).toBe('TOO_MANY_REQUESTS')
    expect(await codeOf(there.finishUpload(admission, id, digest))).toBe('TOO_MANY_REQUESTS')
    expect(await codeOf(there.cancelUpload(admission, id))).toBe('TOO_MANY_REQUESTS')
    held.release()
    await appended
    await there.finishUpload(admission, id, digest)
    expect(await readBlob(registry, name, digest)).toEqual(whole)
  })

  test('does not expire while another process takes its bytes', async () => {
    const { registry, processes, admission } = await compose(open)
    const [here, there] = processes
    const { id } = await here.createUpload(admission)
    const held = heldBody(bytesOf(100))
    const appended = here.appendToUpload(admission, id, held.body)
    await held.begun
    registry.clock.advance(10 * leaseMs)
    expect(await there.expireUploads(10)).toBe(0)
    held.release()
    await appended
    registry.clock.advance(10 * leaseMs)
    expect(await there.expireUploads(10)).toBe(1)
  })

  test('that another process has ended is unknown, and leaves nothing behind', async () => {
    const { processes, admission, staged } = await compose(open)
    const [here, there] = processes
    const whole = bytesOf(10)
    const { id } = await here.createUpload(admission)
    await here.appendToUpload(admission, id, once(whole))
    await there.finishUpload(admission, id, digestOf(whole))
    expect(await codeOf(here.appendToUpload(admission, id, once(whole)))).toBe('UPLOAD_UNKNOWN')
    expect(staged()).toEqual([])
  })

  test('whose digest an older version did not save is read once more, and finished', async () => {
    const { registry, processes, admission, readsOfStaged } = await compose(open)
    const [here, there] = processes
    const whole = bytesOf(300)
    const { id } = await here.createUpload(admission)
    await here.appendToUpload(admission, id, once(whole.slice(0, 100)))
    const { digest_state: stale } = await registry.database.read
      .selectFrom('upload')
      .select('digest_state')
      .executeTakeFirstOrThrow()
    await here.appendToUpload(admission, id, once(whole.slice(100)))
    await registry.database.write((tx) => tx.updateTable('upload').set({ digest_state: stale }).execute())
    await there.finishUpload(admission, id, digestOf(whole))
    expect(readsOfStaged()).toBe(1)
    expect(await readBlob(registry, name, digestOf(whole))).toEqual(whole)
  })
})
