import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { createUniqueImage } from '../harness/image.ts'
import { s3Credentials, s3ServerMissing, startS3Server, type S3Server } from '../harness/s3-server.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { controlMissing, startControlledRegistry, type ControlledRegistry } from '../harness/scenario.ts'
import { flipStoredBit } from '../harness/stored-bytes.ts'
import { errorCodesOf, expectStatus, V2Client } from '../harness/v2-client.ts'

const timeoutMs = 90_000

interface Scene {
  readonly registry: ControlledRegistry
  /** Where its blobs lie, a file each. */
  readonly blobs: string
}

const places = [
  { name: 'on the disk', missing: undefined, start: async (): Promise<Scene> => onDisk() },
  { name: 'in a bucket', missing: s3ServerMissing, start: async (owned: AsyncDisposableStack) => inBucket(owned) },
]

async function onDisk(): Promise<Scene> {
  const registry = await startControlledRegistry()
  return { registry, blobs: join(registry.control.dataFolder, 'storage', 'blobs') }
}

async function inBucket(owned: AsyncDisposableStack): Promise<Scene> {
  const s3: S3Server = await startS3Server()
  owned.defer(() => s3.stop())
  await s3.createBucket('berth')
  const registry = await startControlledRegistry({
    env: {
      BERTH_S3_BUCKET: 'berth',
      BERTH_S3_PREFIX: 'scrubbed',
      BERTH_S3_ENDPOINT: s3.endpoint,
      BERTH_S3_ACCESS_KEY: s3Credentials.accessKeyId,
      BERTH_S3_SECRET_KEY: s3Credentials.secretAccessKey,
    },
  })
  return { registry, blobs: join(s3.bucketFolder('berth'), 'scrubbed', 'blobs') }
}

for (const place of places) {
  const title = `a bit that flips ${place.name}`
  const reason = controlMissing ?? place.missing
  if (reason !== undefined) {
    skipLoudly(title, reason)
    continue
  }
  describe(title, () => describeFlip(place.start))
}

function describeFlip(start: (owned: AsyncDisposableStack) => Promise<Scene>): void {
  const owned = new AsyncDisposableStack()
  let scene: Scene | undefined
  const started = (): Scene => {
    if (scene === undefined) throw new Error('the registry has not started')
    return scene
  }
  const registry = () => started().registry
  beforeAll(async () => {
    scene = await start(owned)
    owned.use(scene.registry)
  }, 30_000)
  afterAll(() => owned.disposeAsync())
  const api = async (method: string, path: string, body?: unknown) => {
    const { url, username, password } = registry()
    return await fetch(`${url}/api/v2.0${path}`, {
      method,
      headers: { authorization: `Basic ${btoa(`${username}:${password}`)}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }
  const state = async () =>
    (await (await expectStatus(await api('GET', '/system/scrub'), 200)).json()) as {
      damaged_blobs: number
      pass?: { finished_at?: string; blobs: number; damaged: number }
      job?: { id: number; status: string }
    }
  const scrub = async () => {
    const parameters = { bytes_per_second: 1_000_000_000 }
    await expectStatus(await api('POST', '/system/scrub/schedule', { schedule: { type: 'Manual' }, parameters }), 201)
    for (;;) {
      const now = await state()
      if (now.job !== undefined && !['pending', 'running', 'delayed'].includes(now.job.status)) return now
      await Bun.sleep(100)
    }
  }
  const flip = async (digest: string) => await flipStoredBit(started().blobs, digest)

  test(
    'is found, its blob is served to nobody, said in the audit log, and healed by a push or from a backup',
    async () => {
      const client = new V2Client(registry())
      const repository = registry().newRepository()
      const image = createUniqueImage()
      await client.pushImage(repository, image, 'v1')
      const manifest = JSON.parse(new TextDecoder().decode(image.content.get(image.descriptor.digest))) as {
        layers: { digest: string }[]
      }
      const { digest } = manifest.layers[0]!
      const path = `/v2/${repository}/blobs/${digest}`
      const { dataFolder, berth } = registry().control
      await berth(['backup', '--to', join(dataFolder, '..', 'backups')])
      expect(await scrub()).toMatchObject({ damaged_blobs: 0, pass: { damaged: 0 }, job: { status: 'succeeded' } })

      await flip(digest)
      expect(String(await berth(['verify', '--digests']).catch((error: unknown) => error))).toContain('wrong bytes')
      expect(await scrub()).toMatchObject({ damaged_blobs: 1, pass: { damaged: 1 } })
      const pulled = await client.request(path)
      expect([pulled.status, await errorCodesOf(pulled)]).toEqual([404, ['BLOB_UNKNOWN']])
      expect((await client.request(path, { method: 'HEAD' })).status).toBe(404)
      const findings = (await (await api('GET', '/system/scrub/findings?healed=false')).json()) as { digest: string }[]
      expect(findings).toMatchObject([{ digest, kind: 'changed', repositories: [repository] }])
      const log = await (await api('GET', '/auditlog-exts?q=operation%3Dquarantine&page_size=100')).text()
      expect(log).toContain(digest)

      // By a client that pushes the image again: it asks first, hears that the layer is not there, and sends it.
      await client.pushImage(repository, image, 'v1')
      await expectStatus(await client.request(path), 200)
      expect((await state()).damaged_blobs).toBe(0)

      await flip(digest)
      await scrub()
      expect((await client.request(path)).status).toBe(404)
      await berth(['restore', '--from', join(dataFolder, '..', 'backups'), '--blob', digest])
      const healed = new Uint8Array(await (await expectStatus(await client.request(path), 200)).arrayBuffer())
      expect(Buffer.from(healed)).toEqual(Buffer.from(image.content.get(digest)!))
      expect(await berth(['verify', '--digests'])).toContain('every row has its bytes')
    },
    timeoutMs,
  )

  test('is looked for every week in a new registry, otherwise when somebody says so; a wish that cannot be is refused', async () => {
    expect(await (await api('GET', '/system/scrub/schedule')).json()).toMatchObject({ schedule: { type: 'Weekly' } })
    const daily = { schedule: { type: 'Daily' }, parameters: { bytes_per_second: 5_000_000 } }
    await expectStatus(await api('POST', '/system/scrub/schedule', daily), 201)
    expect(await (await api('GET', '/system/scrub/schedule')).json()).toMatchObject({
      schedule: { type: 'Daily' },
      parameters: { bytes_per_second: 5_000_000 },
    })
    const slow = { ...daily, parameters: { bytes_per_second: 1 } }
    await expectStatus(await api('PUT', '/system/scrub/schedule', slow), 400)
    await expectStatus(await api('PUT', '/system/scrub/schedule', { schedule: { type: 'None' } }), 200)
    expect(await (await api('GET', '/system/scrub/schedule')).json()).toEqual({})
  })
}
