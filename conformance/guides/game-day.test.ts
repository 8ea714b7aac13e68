import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand, tryCommand, type CommandResult } from '../harness/command.ts'
import { eventually } from '../harness/eventually.ts'
import { createUniqueImage, type Image } from '../harness/image.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { startRegistry, type RegistryControl, type RegistryUnderTest } from '../harness/registry.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { V2Client } from '../harness/v2-client.ts'

setDefaultTimeout(300_000)

const guide = join(import.meta.dir, '..', '..', 'docs', 'guides', 'game-day.md')
/** Faults of the page that have a test of their own, which is about nothing else. */
const elsewhere: Readonly<Record<string, string>> = {
  'disk-full': 'conformance/crash/full-disk.test.ts',
  'folder-not-mounted': 'conformance/monitoring/places.test.ts',
  'queue-paused': 'conformance/monitoring/work.test.ts',
  'schedules-paused': 'conformance/monitoring/work.test.ts',
  'garbage-stays': 'conformance/monitoring/work.test.ts',
  'backup-old': 'conformance/monitoring/content.test.ts',
  'few-descriptors': 'conformance/monitoring/process.test.ts',
  'database-slow': 'conformance/monitoring/process.test.ts',
  'postgresql-down': 'conformance/replicas/nothing-acknowledged-is-lost.test.ts',
  'bucket-refuses': 'conformance/replicas/nothing-acknowledged-is-lost.test.ts',
  'certificate-expired': 'server/src/compose/certificate-end.test.ts',
}

interface Day {
  readonly registry: RegistryUnderTest
  readonly control: RegistryControl
  readonly client: V2Client
  readonly image: Image
  readonly repository: string
  readonly backups: string
}

/** A registry with an image in it, and a backup of both. */
async function onDay(during: (day: Day) => Promise<void>, env: Readonly<Record<string, string>> = {}): Promise<void> {
  await using folder = await createTemporaryFolder()
  await using registry = await startRegistry({ env })
  const control = registry.control!
  const client = new V2Client(registry)
  const image = createUniqueImage()
  const repository = 'library/app'
  await client.pushImage(repository, image, 'v1')
  const backups = join(folder.path, 'backups')
  await control.berth(['backup', '--to', backups])
  await during({ registry, control, client, image, repository, backups })
}

const all = ({ stdout, stderr }: CommandResult): string => `${stdout}\n${stderr}`

async function ready(url: string): Promise<number> {
  return (await fetch(`${url}/ready`)).status
}

/** The only file of the store that has these bytes. */
async function fileOf({ control }: Day, digest: string): Promise<string> {
  const { stdout } = await tryCommand(
    ['sh', '-c', `sha256sum $(find storage -type f) | grep ^${digest.split(':')[1]}`],
    {
      cwd: control.dataFolder,
    },
  )
  return join(control.dataFolder, stdout.trim().split(/\s+/)[1]!)
}

async function overwrite(file: string, at: number, bytes: Uint8Array): Promise<void> {
  await runCommand(['chmod', 'u+w', file])
  const handle = await open(file, 'r+')
  try {
    await handle.write(bytes, 0, bytes.byteLength, at)
  } finally {
    await handle.close()
  }
}

/** A blob of the image: its content has the manifest, too. */
const layerOf = ({ content, descriptor }: Image): string =>
  [...content.keys()].find((digest) => digest !== descriptor.digest)!

const pullStatus = async ({ client, repository }: Day, digest: string): Promise<number> =>
  (await client.request(`/v2/${repository}/blobs/${digest}`)).status

/** By the name of its row in the guide. */
const faults: Readonly<Record<string, () => Promise<void>>> = {
  'blob-missing': () =>
    onDay(async (day) => {
      const digest = layerOf(day.image)
      await rm(await fileOf(day, digest))
      const seen = await day.control.tryBerth(['verify'])
      expect([seen.code, all(seen)]).toEqual([1, expect.stringContaining(digest)])
      await day.control.berth(['restore', '--blob', digest, '--from', day.backups])
      expect(await pullStatus(day, digest)).toBe(200)
      expect((await day.control.tryBerth(['verify'])).code).toBe(0)
    }),
  'blob-changed': () =>
    onDay(async (day) => {
      const digest = layerOf(day.image)
      await overwrite(await fileOf(day, digest), 0, new Uint8Array([255, 254, 253]))
      const seen = await day.control.tryBerth(['verify', '--digests'])
      expect([seen.code, all(seen)]).toEqual([1, expect.stringContaining(digest)])
      await day.control.berth(['restore', '--blob', digest, '--from', day.backups])
      expect((await day.control.tryBerth(['verify', '--digests'])).code).toBe(0)
    }),
  'page-zeroed': () =>
    onDay(async (day) => {
      const { control } = day
      process.kill(control.pid(), 'SIGTERM')
      await control.death()
      const file = join(control.dataFolder, 'berth.db')
      const pages = Math.floor((await readFile(file)).byteLength / 4096)
      for (let page = 4; page < pages; page += 2) await overwrite(file, page * 4096, new Uint8Array(4096))
      const doctor = await control.tryBerth(['doctor'])
      expect([doctor.code, all(doctor)]).toEqual([1, expect.stringMatching(/damaged/)])
      await mended(day)
    }),
  'database-gone': () =>
    onDay(async (day) => {
      const { control } = day
      process.kill(control.pid(), 'SIGTERM')
      await control.death()
      for (const name of ['berth.db', 'berth.db-wal', 'berth.db-shm'])
        await rm(join(control.dataFolder, name), { force: true })
      const start = await control.tryBerth(['serve'])
      expect(start.code).not.toBe(0)
      expect(all(start)).toMatch(/restore/)
      expect((await control.tryBerth(['doctor'])).code).toBe(1)
      await mended(day)
    }),
  'worker-dead': () =>
    onDay(
      async ({ registry, control }) => {
        const children = await runCommand(['pgrep', '-P', String(control.pid())])
        process.kill(Number(children.trim().split('\n')[0]), 'SIGKILL')
        await eventually(async () => expect(await control.said()).toContain('a worker has ended and is started again'))
        expect(await ready(registry.url)).toBe(200)
      },
      { BERTH_WORKERS: '2' },
    ),
  'worker-hangs': () =>
    onDay(
      async ({ registry, control }) => {
        const children = await runCommand(['pgrep', '-P', String(control.pid())])
        process.kill(Number(children.trim().split('\n')[1]), 'SIGSTOP')
        await eventually(async () => {
          const said = await control.said()
          expect(said).toContain('a worker hangs: it is cut off')
          expect(said).toContain('a worker has ended and is started again')
        }, 120_000)
        await eventually(async () => expect(await ready(registry.url)).toBe(200))
        const living = await runCommand(['pgrep', '-P', String(control.pid())])
        expect(living.trim().split('\n').length).toBe(2)
      },
      { BERTH_WORKERS: '2' },
    ),
  'flood-of-logins': () =>
    onDay(async ({ registry, control }) => {
      const guess = async () =>
        await fetch(`${registry.url}/api/v2.0/users/current`, { headers: { authorization: `Basic ${btoa('mei:no')}` } })
      let answer = await guess()
      for (let tries = 0; tries < 30 && answer.status !== 429; tries++) answer = await guess()
      expect([answer.status, answer.headers.get('link')]).toEqual([
        429,
        '</docs/troubleshooting#too_many_requests>; rel="help"',
      ])
      await eventually(async () => expect(await control.said()).toContain('login refused by the brake'))
      // The brake is for the account and the address: the administrator signs in meanwhile.
      expect((await control.tryBerth(['status'])).code).toBe(0)
    }),
  'quota-reached': () =>
    onDay(async ({ registry, control, client }) => {
      await control.berth(['quota', 'set', 'library', '1KB'])
      const refused = await client.pushImage('library/more', createUniqueImage(), 'v1').then(
        () => 'pushed',
        (error: unknown) => String(error),
      )
      expect(refused).toContain('403')
      await control.berth(['quota', 'set', 'library', 'unlimited'])
      await new V2Client(registry).pushImage('library/more', createUniqueImage(), 'v1')
    }),
  'read-only': () =>
    onDay(async ({ control, client }) => {
      await control.berth(['settings', 'set', 'read_only=true'])
      await expect(client.pushImage('library/more', createUniqueImage(), 'v1')).rejects.toThrow()
      await control.berth(['settings', 'set', 'read_only=false'])
      await client.pushImage('library/more', createUniqueImage(), 'v1')
    }),
  'image-deleted': () =>
    onDay(async ({ control, client, repository }) => {
      await control.berth(['artifact', 'delete', `${repository}:v1`, '--yes'])
      expect((await client.request(`/v2/${repository}/manifests/v1`)).status).toBe(404)
      await control.berth(['trash', 'restore', 'library', '--repository', repository])
      expect((await client.request(`/v2/${repository}/manifests/v1`)).status).toBe(200)
    }),
  'password-lost': () =>
    onDay(async ({ registry, control }) => {
      await control.berth(['user', 'set-password', 'admin', '--password-stdin'], 'Another12345\n')
      const answer = await fetch(`${registry.url}/api/v2.0/users/current`, {
        headers: { authorization: `Basic ${btoa('admin:Another12345')}` },
      })
      expect(answer.status).toBe(200)
    }),
  'configuration-wrong': () =>
    onDay(async ({ control }) => {
      const start = await control.tryBerth(['serve'], { BERTH_LOG_LEVEL: 'loud' })
      expect([start.code, all(start)]).toEqual([78, expect.stringContaining('docs reference/configuration')])
    }),
  'second-registry': () =>
    onDay(async ({ control }) => {
      const start = await control.tryBerth(['serve'], { BERTH_HTTP_PORT: '0' })
      expect(start.code).not.toBe(0)
      expect(all(start)).toMatch(/another Berth serves|BERTH_HTTP_PORT/)
    }),
}

/** The newest backup in an empty place: what the guide says, and that it serves. */
async function mended(day: Day): Promise<void> {
  const { control, backups, image, client, repository } = day
  await rename(control.dataFolder, `${control.dataFolder}-kept`)
  await control.berth(['restore', '--from', backups])
  expect((await control.tryBerth(['verify', '--digests'])).code).toBe(0)
  await control.restart('SIGKILL')
  expect((await client.request(`/v2/${repository}/manifests/v1`)).status).toBe(200)
  expect(await pullStatus(day, layerOf(image))).toBe(200)
}

if (process.env['BERTH_TEST_LONG'] !== '1') skipLoudly('game day', 'it is part of the long form: npm test -- --long')
else if (findClient('pgrep') === undefined) skipLoudly('game day', 'not on this machine: pgrep')
else
  describe('game day', () => {
    test('every fault of the guide is tried, here or in a test of its own', async () => {
      const rows = [...(await readFile(guide, 'utf8')).matchAll(/<a id="([\w-]+)">/g)].map(([, id]) => id!)
      expect(rows.toSorted()).toEqual([...Object.keys(faults), ...Object.keys(elsewhere)].toSorted())
      for (const file of Object.values(elsewhere))
        expect(existsSync(join(import.meta.dir, '..', '..', file))).toBe(true)
    })
    for (const [name, tried] of Object.entries(faults)) test(name, tried)
  })
