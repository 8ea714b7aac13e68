import { describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createUniqueImage, sha256 } from '../harness/image.ts'
import { createPostgresDatabase, postgresMissing } from '../harness/postgres-database.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { runCommand } from '../harness/command.ts'
import type { RegistryUnderTest } from '../harness/registry.ts'
import { s3Credentials, s3ServerMissing, startS3Server } from '../harness/s3-server.ts'
import { controlMissing, startControlledRegistry, type ControlledRegistry } from '../harness/scenario.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

interface Place {
  /** Settings of a registry that keeps its data there. */
  readonly env: Readonly<Record<string, string>>
  /** What of it differs from another place, as flags. */
  readonly flags: readonly string[]
}

/** Where a drill happens: as many empty places as are asked for, and an archive. */
interface Ground extends AsyncDisposable {
  newPlace(): Promise<Place>
  readonly archive: string
}

/** Of all places: what was saved at one is read at the other. */
const secretsKey = randomBytes(32).toString('base64')

async function localGround(): Promise<Ground> {
  const folder = await createTemporaryFolder()
  let places = 0
  return {
    async newPlace() {
      const data = join(folder.path, `data-${++places}`)
      return { env: { BERTH_DATA_FOLDER: data, BERTH_SECRETS_KEY: secretsKey }, flags: ['--data', data] }
    },
    archive: join(folder.path, 'backups'),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

async function sharedGround(): Promise<Ground> {
  await using cleanup = new AsyncDisposableStack()
  const s3 = await startS3Server()
  cleanup.defer(() => s3.stop())
  await s3.createBucket('berth')
  await s3.createBucket('backups')
  const folder = cleanup.use(await createTemporaryFolder())
  let places = 0
  const owned = cleanup.move()
  return {
    async newPlace() {
      const database = owned.use(await createPostgresDatabase())
      const prefix = `place-${++places}`
      return {
        flags: ['--database-url', database.url, '--s3-prefix', prefix],
        env: {
          BERTH_DATA_FOLDER: folder.path,
          BERTH_DATABASE_URL: database.url,
          BERTH_SECRETS_KEY: secretsKey,
          BERTH_S3_BUCKET: 'berth',
          BERTH_S3_PREFIX: prefix,
          BERTH_S3_ENDPOINT: s3.endpoint,
          BERTH_S3_ACCESS_KEY: s3Credentials.accessKeyId,
          BERTH_S3_SECRET_KEY: s3Credentials.secretAccessKey,
        },
      }
    },
    archive: 's3://backups/registry',
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const grounds = [
  { name: 'SQLite and a folder', open: localGround, missing: undefined },
  { name: 'PostgreSQL and S3', open: sharedGround, missing: postgresMissing ?? s3ServerMissing },
]

const start = async ({ env }: Place): Promise<ControlledRegistry> => await startControlledRegistry({ env })

/** Every tag of every repository, and what it names. */
async function tagsOf(registry: RegistryUnderTest): Promise<Map<string, string>> {
  const client = new V2Client(registry)
  const read = async <T>(path: string) => (await (await expectStatus(await client.request(path), 200)).json()) as T
  const tags = new Map<string, string>()
  const { repositories } = await read<{ repositories: string[] }>('/v2/_catalog?n=1000')
  for (const repository of repositories) {
    const { tags: names } = await read<{ tags: string[] | null }>(`/v2/${repository}/tags/list`)
    for (const name of names ?? []) {
      const manifest = await client.request(`/v2/${repository}/manifests/${name}`, { headers: { accept: '*/*' } })
      const bytes = new Uint8Array(await (await expectStatus(manifest, 200)).arrayBuffer())
      expect(sha256(bytes)).toBe(manifest.headers.get('docker-content-digest')!)
      tags.set(`${repository}:${name}`, sha256(bytes))
    }
  }
  return tags
}

/** Pulls every blob of every tag and compares its digest. Returns how many. */
async function pullEverything(registry: RegistryUnderTest, tags: ReadonlyMap<string, string>): Promise<number> {
  const client = new V2Client(registry)
  let blobs = 0
  for (const [tag, digest] of tags) {
    const repository = tag.slice(0, tag.lastIndexOf(':'))
    const manifest = await expectStatus(await client.request(`/v2/${repository}/manifests/${digest}`), 200)
    const { config, layers } = (await manifest.json()) as { config: { digest: string }; layers: { digest: string }[] }
    for (const blob of [config, ...layers]) {
      const answer = await expectStatus(await client.request(`/v2/${repository}/blobs/${blob.digest}`), 200)
      expect(sha256(new Uint8Array(await answer.arrayBuffer()))).toBe(blob.digest)
      blobs++
    }
  }
  return blobs
}

for (const { name, open, missing } of grounds) {
  const title = `a backup made while pushes run, restored into an empty place: ${name}`
  const reason = controlMissing ?? missing
  if (reason !== undefined) {
    skipLoudly(title, reason)
    continue
  }
  describe(title, () => {
    test('is the same registry: every acknowledged tag, every digest, the same accounts', async () => {
      await using ground = await open()
      const place = await ground.newPlace()
      await using source = await start(place)
      const client = new V2Client(source)
      const before = new Map<string, string>()
      const push = async (acknowledged: Map<string, string>) => {
        const image = createUniqueImage()
        const repository = source.newRepository()
        await client.pushImage(repository, image, 'v1')
        acknowledged.set(`${repository}:v1`, image.descriptor.digest)
      }
      for (let count = 0; count < 4; count++) await push(before)
      const large = await client.pushBlob(source.newRepository(), randomBytes(7_000_000))
      await source.control.berth(['project', 'create', 'secret-project'])
      const deleted = [...before.keys()][0]!
      const meanwhile = new Map<string, string>()
      let backing = true
      const pushing = (async () => {
        while (backing) await push(meanwhile)
      })()
      const first = JSON.parse(await source.control.berth(['backup', '--to', ground.archive, '--output', 'json'])) as {
        id: string
        newBlobs: number
      }
      expect(first.newBlobs).toBeGreaterThan(8)
      await client.request(`/v2/${deleted.slice(0, -3)}/manifests/v1`, { method: 'DELETE' })
      before.delete(deleted)
      const second = JSON.parse(
        await source.control.berth(['backup', '--to', ground.archive, '--output', 'json', '--keep', '1']),
      ) as { id: string; newBlobs: number; deleted: string[]; blobs: { count: number } }
      backing = false
      await pushing
      expect(second.deleted).toEqual([first.id])
      expect(second.newBlobs).toBeLessThan(second.blobs.count)

      const listed = await source.control.berth(['backup', 'list', '--from', ground.archive, '--output', 'json'])
      expect((JSON.parse(listed) as { id: string }[]).map(({ id }) => id)).toEqual([second.id])
      await source.control.berth(['backup', 'verify', '--from', ground.archive])
      const refused = source.control.berth(['restore', '--from', ground.archive])
      expect(String(await refused.catch((error: unknown) => error))).toContain('not empty')

      const empty = await ground.newPlace()
      await source.control.berth(['restore', '--from', ground.archive, '--dry-run', ...empty.flags])
      await source.control.berth(['restore', '--from', ground.archive, ...empty.flags])
      await using started = await start(empty)
      const restored = { ...started, password: source.password }
      const tags = await tagsOf(restored)
      for (const [tag, digest] of before) expect([tag, tags.get(tag)]).toEqual([tag, digest])
      expect(tags.has(deleted)).toBe(false)
      // What was pushed while the backup ran is in it or not, but never half.
      for (const [tag, digest] of tags) expect(before.get(tag) ?? meanwhile.get(tag)).toBe(digest)
      expect(await pullEverything(restored, tags)).toBeGreaterThan(8)
      const projects = await started.control.berth(['project', 'list', '--output', 'json'])
      expect(projects).toContain('secret-project')
      // The restored registry goes on: the same bytes once more, and others.
      await new V2Client(restored).pushBlob('library/after', randomBytes(1000))
      expect(large.size).toBe(7_000_000)
      const crane = findClient('crane')
      if (crane !== undefined) await validateWithCrane(crane, restored, [...tags.keys()])
    }, 180_000)
  })
}

/** Pulls and checks as somebody else's client does. */
async function validateWithCrane(crane: string, registry: RegistryUnderTest, tags: readonly string[]): Promise<void> {
  await using folder = await createTemporaryFolder()
  const env = { DOCKER_CONFIG: folder.path }
  await runCommand([crane, 'auth', 'login', registry.host, '-u', registry.username, '-p', registry.password], { env })
  for (const tag of tags.slice(0, 3)) {
    await runCommand([crane, 'validate', '--insecure', '--remote', `${registry.host}/${tag}`], { env })
  }
}
