import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { ApiClient } from '../api/contract-client.ts'
import { createUniqueImage } from '../harness/image.ts'
import { createPostgresDatabase, postgresMissing } from '../harness/postgres-database.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { controlMissing, startControlledRegistry, type ControlledRegistry } from '../harness/scenario.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

const killed = 137
const backupSteps = ['backup-after-tables', 'backup-after-blob', 'backup-before-manifest']
const restoreSteps = ['restore-after-blob', 'restore-after-blobs', 'restore-after-rows']
const images = 4
/** Config and two layers each. */
const blobs = 3 * images
const timeoutMs = 180_000

/** Images that are pushed before anything is killed, by `repository:tag`. */
async function pushSome(registry: ControlledRegistry): Promise<ReadonlyMap<string, string>> {
  const client = new V2Client(registry)
  const pushed = new Map<string, string>()
  for (let count = 0; count < images; count++) {
    const image = createUniqueImage()
    const repository = registry.newRepository()
    await client.pushImage(repository, image, 'v1')
    pushed.set(repository, image.descriptor.digest)
  }
  return pushed
}

async function expectPulled(registry: ControlledRegistry, pushed: ReadonlyMap<string, string>): Promise<void> {
  const client = new V2Client(registry)
  for (const [repository, digest] of pushed) {
    const answer = await expectStatus(await client.request(`/v2/${repository}/manifests/v1`), 200)
    expect(answer.headers.get('docker-content-digest')).toBe(digest)
    const { layers } = (await answer.json()) as { layers: { digest: string }[] }
    for (const layer of layers) {
      const blob = await expectStatus(await client.request(`/v2/${repository}/blobs/${layer.digest}`), 200)
      const hash = new Bun.CryptoHasher('sha256').update(await blob.arrayBuffer()).digest('hex')
      expect(`sha256:${hash}`).toBe(layer.digest)
    }
  }
}

const start = async (env: Readonly<Record<string, string>>): Promise<ControlledRegistry> =>
  await startControlledRegistry({ env: { BERTH_JOBS_LEASE: '1s', ...env } })

/** Places to be filled, each with flags for the command and settings for the registry. */
async function newPlace(dialect: string, owned: AsyncDisposableStack) {
  const folder = owned.use(await createTemporaryFolder())
  const data = join(folder.path, 'data')
  const database = dialect === 'SQLite' ? undefined : owned.use(await createPostgresDatabase())
  return {
    flags: ['--data', data, ...(database === undefined ? [] : ['--database-url', database.url])],
    // A backup is of no use without the outer key, which is kept apart.
    env: {
      BERTH_DATA_FOLDER: data,
      BERTH_SECRETS_KEY: Buffer.alloc(32, 9).toString('base64'),
      ...(database === undefined ? {} : { BERTH_DATABASE_URL: database.url }),
    },
  }
}

for (const dialect of ['SQLite', 'PostgreSQL'] as const) {
  const title = `killed in the middle (${dialect})`
  const reason = controlMissing ?? (dialect === 'PostgreSQL' ? postgresMissing : undefined)
  if (reason !== undefined) {
    skipLoudly(title, reason)
    continue
  }
  describe(title, () => {
    test(
      'a backup does not exist, keeps none waiting, and a restore goes on where it was',
      async () => {
        await using owned = new AsyncDisposableStack()
        const source = owned.use(await start((await newPlace(dialect, owned)).env))
        const { berth, tryBerth } = source.control
        const pushed = await pushSome(source)
        const archive = join(owned.use(await createTemporaryFolder()).path, 'backups')
        for (const step of backupSteps) {
          const died = await tryBerth(['backup', '--to', archive], { BERTH_TEST_FAULT_POINT: step })
          expect([step, died.code]).toEqual([step, killed])
          expect(await berth(['backup', 'list', '--from', archive]).catch(() => '')).not.toMatch(/\d{8}T/)
        }
        // The killed ones were the last to begin: nothing is waited for.
        const made = JSON.parse(await berth(['backup', '--to', archive, '--output', 'json'])) as { newBlobs: number }
        expect(made.newBlobs).toBeLessThan(blobs)
        await berth(['backup', 'verify', '--from', archive])

        const place = await newPlace(dialect, owned)
        for (const step of restoreSteps) {
          const died = await tryBerth(['restore', '--from', archive, ...place.flags], { BERTH_TEST_FAULT_POINT: step })
          expect([step, died.code]).toEqual([step, killed])
          const early = await tryBerth(['verify', ...place.flags])
          expect([step, early.code === 0]).toEqual([step, false])
        }
        await berth(['restore', '--from', archive, ...place.flags])
        const restored = owned.use(await start(place.env))
        await expectPulled({ ...restored, password: source.password }, pushed)
        expect(await restored.control.berth(['verify', '--digests'])).toContain('every row has its bytes')
      },
      timeoutMs,
    )

    test(
      'a scrub goes on with the next process, and looks at every blob',
      async () => {
        await using owned = new AsyncDisposableStack()
        const registry = owned.use(await start((await newPlace(dialect, owned)).env))
        const { control } = registry
        const pushed = await pushSome(registry)
        const admin = new ApiClient(registry)
        for (const step of ['job-after-take@scrub', 'scrub-before-save', 'job-before-result@scrub']) {
          await control.restart('SIGTERM', { BERTH_TEST_FAULT_POINT: step })
          const body = { schedule: { type: 'Manual' }, parameters: { bytes_per_second: 1_000_000_000 } }
          // The process may die before it has answered. A connection from before the restart fails as well, but then
          // nobody has died.
          let death: Bun.Subprocess['signalCode'] | undefined
          while (death === undefined) {
            await admin.call('POST /system/scrub/schedule', { body }).catch(() => undefined)
            death = await Promise.race([control.death(), Bun.sleep(2_000).then(() => undefined)])
          }
          expect([step, death]).toEqual([step, 'SIGKILL'])
          await control.restart('SIGKILL')
          const { pass } = await endedScrub(admin)
          expect([step, pass]).toMatchObject([step, { blobs: blobs, damaged: 0 }])
        }
        await expectPulled(registry, pushed)
      },
      timeoutMs,
    )
  })
}

interface ScrubState {
  readonly pass?: { readonly finished_at?: string; readonly blobs: number; readonly damaged: number }
  readonly job?: { readonly status: string; readonly attempts?: number }
}

async function endedScrub(admin: ApiClient): Promise<ScrubState> {
  for (;;) {
    const { body } = await admin.call<ScrubState>('GET /system/scrub')
    if (body.job !== undefined && !['pending', 'running', 'delayed'].includes(body.job.status)) {
      expect(body.job.status).toBe('succeeded')
      return body
    }
    await Bun.sleep(100)
  }
}
