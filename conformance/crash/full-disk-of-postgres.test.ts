import { expect, test } from 'bun:test'
import { SQL } from 'bun'
import { randomBytes } from 'node:crypto'
import { chown, mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '../harness/eventually.ts'
import { createUniqueImage } from '../harness/image.ts'
import { ownPostgresMissing, startOwnPostgres } from '../harness/own-postgres.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { startRegistry, type RegistryUnderTest } from '../harness/registry.ts'
import { mountSmallDisk, smallDiskMissing, writeUntilFull } from '../harness/small-disk.ts'
import { V2Client } from '../harness/v2-client.ts'

const title = 'a PostgreSQL server whose disk is full'
const diskBytes = 64 << 20
const missing = smallDiskMissing ?? ownPostgresMissing
/** Room that was found is not looked for again at once. */
const patienceMs = 30_000

if (missing !== undefined) skipLoudly(title, missing)
else {
  test(`${title} makes the registry unready with the reason, and ready again by itself`, async () => {
    await using place = await databaseOnASmallDisk()
    await using registry = await startRegistry({ env: { BERTH_DATABASE_URL: place.url } })
    const client = new V2Client(registry)
    await client.pushImage(registry.newRepository(), createUniqueImage(), 'v1')
    expect(await readiness(registry)).toMatchObject({ code: 200, checks: { database: 'ok' } })

    const ballast = join(place.disk, 'ballast')
    await writeUntilFull(ballast)
    await eventually(async () => {
      const answer = await readiness(registry)
      expect(answer).toMatchObject({ code: 503, checks: { database: 'full' } })
      expect(answer.remedy).toContain('PostgreSQL')
    }, patienceMs)

    await rm(ballast)
    await eventually(async () => expect(await readiness(registry)).toMatchObject({ code: 200 }), patienceMs)
    await client.pushImage(registry.newRepository(), createUniqueImage(), 'v2')
    // However often it was asked: nothing of it stays.
    const [left] = (await place.query('select count(*)::int as rows from write_probe')) as { rows: number }[]
    expect(left).toEqual({ rows: 0 })
  }, 120_000)
}

/**
 * A database in a tablespace of its own, on a disk that is soon full; the log of the server lies elsewhere. The server is its own as
 * well: whoever makes a database flushes all of a server's, and fails while one cannot be written.
 */
async function databaseOnASmallDisk() {
  await using cleanup = new AsyncDisposableStack()
  const disk = cleanup.use(await mountSmallDisk(diskBytes)).path
  const space = join(disk, 'space')
  await mkdir(space)
  const server = cleanup.use(await startOwnPostgres())
  const sql = new SQL(server.url)
  cleanup.defer(() => sql.close())
  const [{ folder: data } = { folder: '' }] = (await sql.unsafe(
    `select current_setting('data_directory') as folder`,
  )) as { folder: string }[]
  const { uid, gid } = await stat(data)
  await chown(space, uid, gid)
  const name = `berth_small_${randomBytes(4).toString('hex')}`
  await sql.unsafe(`create tablespace ${name} location '${space}'`)
  cleanup.defer(() => sql.unsafe(`drop tablespace ${name}`).then(() => undefined))
  await sql.unsafe(`create database ${name} tablespace ${name}`)
  cleanup.defer(() => sql.unsafe(`drop database if exists ${name} with (force)`).then(() => undefined))
  const url = new URL(server.url)
  url.pathname = `/${name}`
  const inside = new SQL(url.href)
  cleanup.defer(() => inside.close())
  const owned = cleanup.move()
  return {
    ...{ url: url.href, disk },
    query: async (statement: string): Promise<unknown> => await inside.unsafe(statement),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

interface Readiness {
  readonly code: number
  readonly checks: { readonly database: string }
  readonly remedy?: string
}

async function readiness({ url }: RegistryUnderTest): Promise<Readiness> {
  const answer = await fetch(`${url}/ready`)
  return { code: answer.status, ...((await answer.json()) as Omit<Readiness, 'code'>) }
}
