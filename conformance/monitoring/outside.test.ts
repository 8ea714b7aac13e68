import { expect, setDefaultTimeout, test } from 'bun:test'
import { SQL } from 'bun'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { alertsMissing, runCommandOf, Watch } from '../harness/alerts.ts'
import { createUniqueImage } from '../harness/image.ts'
import { createPostgresDatabase, postgresMissing } from '../harness/postgres-database.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { startS3FaultProxy } from '../harness/s3-fault-proxy.ts'
import { s3Credentials, s3ServerMissing, startS3Server } from '../harness/s3-server.ts'
import { startControlledRegistry } from '../harness/scenario.ts'
import { mountSmallDisk, smallDiskMissing, writeUntilFull } from '../harness/small-disk.ts'
import { V2Client } from '../harness/v2-client.ts'

setDefaultTimeout(120_000)

const title = 'alerts about disks, buckets and PostgreSQL'
const missing =
  process.env['BERTH_TEST_LONG'] === '1' ? alertsMissing : 'they are part of the long form: npm test -- --long'

if (missing !== undefined) skipLoudly(title, missing)
else {
  if (s3ServerMissing !== undefined) skipLoudly(`${title}, a bucket`, s3ServerMissing)
  else
    test('a bucket that refuses is told of, until it takes calls again', async () => {
      const s3 = await startS3Server()
      await using _stopped = { [Symbol.asyncDispose]: () => s3.stop() }
      await s3.createBucket('berth')
      await using proxy = await startS3FaultProxy(s3.endpoint)
      await using registry = await startControlledRegistry({
        env: {
          BERTH_S3_BUCKET: 'berth',
          BERTH_S3_ENDPOINT: proxy.endpoint,
          BERTH_S3_ACCESS_KEY: s3Credentials.accessKeyId,
          BERTH_S3_SECRET_KEY: s3Credentials.secretAccessKey,
        },
      })
      await new V2Client(registry).pushImage('library/app', createUniqueImage(), 'v1')
      const watch = new Watch(registry)
      // Calls that went well are counted by their operation, and timed.
      await watch.sees('berth_s3_request_duration_seconds_count', (calls) => calls > 0, 'operation="PutObject"')
      await watch.stands(15)
      await watch.expectFiring()
      proxy.decide = () => ({ kind: 'refuse', status: 500 })
      await watch.sees('berth_ready', 0)
      await watch.stands(1)
      await watch.sees('berth_s3_errors_total', (failed) => failed > 5, 'operation="PutObject"')
      await watch.sees('berth_s3_retries_total', (retries) => retries > 0)
      await watch.stands(5)
      await watch.expectFiring('BerthBucketErrors', 'BerthNotReady')
      expect(await runCommandOf('BerthBucketErrors', registry.control)).toMatch(/✗ bucket/)
      proxy.decide = () => undefined
      await watch.sees('berth_ready', 1)
      await watch.stands(15)
      await watch.expectFiring()
    })

  if (postgresMissing !== undefined) skipLoudly(`${title}, PostgreSQL`, postgresMissing)
  else
    test('a PostgreSQL that is away is told of, until it is back', async () => {
      await using database = await createPostgresDatabase()
      await using registry = await startControlledRegistry({ env: { BERTH_DATABASE_URL: database.url } })
      const watch = new Watch(registry)
      await watch.sees('berth_ready', 1)
      await watch.stands(10)
      await watch.expectFiring()
      await using door = await closeDatabase(database.url)
      await watch.sees('berth_ready', 0)
      await watch.sees('berth_database_errors_total', (failed) => failed > 5, 'kind="unavailable"')
      await watch.stands(5)
      await watch.expectFiring('BerthDatabaseErrors', 'BerthNotReady')
      expect(await runCommandOf('BerthDatabaseErrors', registry.control)).toMatch(/✗ database/)
      await door.open()
      await watch.sees('berth_ready', 1)
      await watch.stands(15)
      await watch.expectFiring()
    })

  if (smallDiskMissing !== undefined) skipLoudly(`${title}, a full disk`, smallDiskMissing)
  else
    test('a disk that fills up is told of twice: when little is left, and when nothing is', async () => {
      await using disk = await mountSmallDisk(100 << 20)
      await using registry = await startControlledRegistry({ env: { BERTH_DATA_FOLDER: join(disk.path, 'data') } })
      const { control } = registry
      const watch = new Watch(registry)
      await watch.stands(20)
      await watch.expectFiring()
      const [some, rest] = [join(disk.path, 'some'), join(disk.path, 'rest')]
      await writeFile(some, new Uint8Array(90 << 20))
      await watch.sees('berth_disk_free_bytes', (bytes) => bytes < 10 << 20, 'place="storage"')
      await watch.stands(20)
      await watch.expectFiring('BerthDiskAlmostFull')
      expect(await runCommandOf('BerthDiskAlmostFull', control)).toMatch(/[✗!] disk/)
      await writeUntilFull(rest)
      await watch.sees('berth_storage_full', 1)
      await watch.stands(2)
      await watch.expectFiring('BerthDiskAlmostFull', 'BerthDiskFull')
      expect(await runCommandOf('BerthDiskFull', control)).toMatch(/✗ disk/)
      await rm(some)
      await rm(rest)
      await watch.sees('berth_storage_full', 0)
      await watch.sees('berth_disk_free_bytes', (bytes) => bytes > 50 << 20, 'place="storage"')
      await watch.stands(2)
      await watch.expectFiring()
    })
}

/** Nobody is let in any more; those who are in are put out. */
async function closeDatabase(url: string): Promise<AsyncDisposable & { open(): Promise<void> }> {
  const { pathname } = new URL(url)
  const name = pathname.slice(1)
  const administrator = new URL(url)
  administrator.pathname = '/postgres'
  const sql = new SQL(administrator.href)
  const open = async () => void (await sql.unsafe(`alter database ${name} allow_connections true`))
  await sql.unsafe(`alter database ${name} allow_connections false`)
  await sql.unsafe(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
  return {
    open,
    async [Symbol.asyncDispose]() {
      await open()
      await sql.close()
    },
  }
}
