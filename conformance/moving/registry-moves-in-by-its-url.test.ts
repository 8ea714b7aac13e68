import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  fillRegistry,
  readRepositories,
  readTags,
  startDistribution,
  whyMissing,
  type Tagged,
} from '../harness/distribution.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { startRegistry, type RegistryUnderTest } from '../harness/registry.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'
import { berthProcess, type ImportReport } from './berth-process.ts'

setDefaultTimeout(180_000)

const images = 60
const nameHere = (name: string): string => (name.includes('/') ? name : `library/${name}`)

interface Outcome {
  readonly exitCode: number
  readonly report: ImportReport | undefined
  readonly stderr: string
}

async function importInto(to: RegistryUnderTest, from: string, flags: string[], stdin = ''): Promise<Outcome> {
  const child = berthProcess(to, ['import', 'registry', '--from', from, '--output', 'json', ...flags], {}, stdin)
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  const exitCode = await child.exited
  return { exitCode, report: stdout === '' ? undefined : (JSON.parse(stdout) as ImportReport), stderr }
}

for (const [title, program] of [
  ['Distribution 2.8', 'docker-registry'],
  ['Distribution 3', 'distribution-registry'],
] as const) {
  const missing = whyMissing(program)
  if (missing !== undefined) skipLoudly(`${title} moves in by its URL`, missing)
  else {
    describe(`${title} moves in by its URL`, () => {
      const owned = new AsyncDisposableStack()
      let folder: { readonly path: string }
      let from: string
      let source: V2Client
      let tags: Tagged
      let repositories: string[]
      let here: RegistryUnderTest

      beforeAll(async () => {
        folder = owned.use(await createTemporaryFolder())
        const storage = { filesystem: { rootdirectory: join(folder.path, 'registry') } }
        const { client, host } = owned.use(await startDistribution(folder.path, storage, program))
        source = client
        from = `http://${host}`
        await fillRegistry(client, images)
        repositories = await readRepositories(client)
        tags = await readTags(client, repositories)
        here = owned.use(await startRegistry())
      })
      afterAll(() => owned.disposeAsync())

      test('with every tag, into the project that was named for names without one', async () => {
        const { exitCode, report } = await importInto(here, from, ['--project', 'library'])
        expect(report).toMatchObject({ complete: true, reasons: {} })
        expect(exitCode).toBe(0)
        expect(await readTags(new V2Client(here), repositories, nameHere)).toEqual(tags)
      })

      test('and takes nothing twice', async () => {
        const { report } = await importInto(here, from, ['--project', 'library'])
        expect(report).toMatchObject({ complete: true, manifests: { taken: 0 }, blobs: { copied: 0 } })
      })

      test('only what was asked for, without asking for a list', async () => {
        await using other = await startRegistry()
        const { report } = await importInto(other, from, ['--repository', 'team/web'])
        expect(report).toMatchObject({ complete: true, repositories: { taken: 1 } })
        expect(await readRepositories(new V2Client(other))).toEqual(['team/web'])
      })

      test('without the blob whose bytes are damaged there, and says which', async () => {
        await using other = await startRegistry()
        const digest = await damageBlobOf(source, join(folder.path, 'registry'), 'team/web')
        const { exitCode, report } = await importInto(other, from, ['--repository', 'team/web'])
        expect(exitCode).toBe(3)
        expect(report!.notTaken).toContainEqual(
          expect.objectContaining({ what: 'blob', name: digest, reason: 'blob-damaged' }),
        )
      })
    })
  }
}

/** Turns one byte of a layer over, as a failing disk does. */
async function damageBlobOf(source: V2Client, root: string, repository: string): Promise<string> {
  const tags = (await (await expectStatus(await source.request(`/v2/${repository}/tags/list`), 200)).json()) as {
    tags: string[]
  }
  const accept = 'application/vnd.oci.image.manifest.v1+json'
  for (const tag of tags.tags.filter((name) => name.startsWith('v'))) {
    const answer = await source.request(`/v2/${repository}/manifests/${tag}`, { headers: { accept } })
    const { layers } = (await answer.json()) as { layers: { digest: string }[] }
    const digest = layers.at(-1)!.digest
    const encoded = digest.slice('sha256:'.length)
    const blob = join(root, 'docker/registry/v2/blobs/sha256', encoded.slice(0, 2), encoded)
    expect(await readdir(blob)).toEqual(['data'])
    const bytes = await readFile(join(blob, 'data'))
    bytes[0]! ^= 1
    await writeFile(join(blob, 'data'), bytes)
    return digest
  }
  throw new Error(`${repository} has no image`)
}

describe('another Berth moves in by its URL', () => {
  const owned = new AsyncDisposableStack()
  let from: RegistryUnderTest
  let to: RegistryUnderTest

  beforeAll(async () => {
    from = owned.use(await startRegistry())
    to = owned.use(await startRegistry())
    const client = new V2Client(from)
    for (const project_name of ['team', 'many']) {
      const body = JSON.stringify({ project_name, metadata: { public: 'false' } })
      const headers = { 'content-type': 'application/json' }
      await expectStatus(await client.request('/api/v2.0/projects', { method: 'POST', headers, body }), 201)
    }
    await fillRegistry(client, images, 4, 'library/single')
  })
  afterAll(() => owned.disposeAsync())

  test('with a token of its service, what is private too, and signatures with what they sign', async () => {
    const flags = ['--username', from.username, '--password-stdin']
    const { exitCode, report, stderr } = await importInto(to, from.url, flags, `${from.password}\n`)
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(report!.complete).toBe(true)
    const source = new V2Client(from)
    const repositories = await readRepositories(source)
    expect(await readTags(new V2Client(to), repositories)).toEqual(await readTags(source, repositories))
    const referrers = async (client: V2Client, subject: string) =>
      await (await client.request(`/v2/library/app/referrers/${subject}`)).json()
    const subjects = new Set((await readTags(source, ['library/app'])).get('library/app')!.values())
    let found = 0
    for (const subject of subjects) {
      const there = (await referrers(source, subject)) as { manifests: unknown[] }
      expect(await referrers(new V2Client(to), subject)).toEqual(there)
      found += there.manifests.length
    }
    expect(found).toBeGreaterThan(0)
  })

  test('not with a wrong password, and the sentence says what to do', async () => {
    const flags = ['--username', from.username, '--password-stdin']
    const { exitCode, stderr } = await importInto(to, from.url, flags, 'wrong\n')
    expect(exitCode).not.toBe(0)
    expect(stderr).toContain('answered 401')
    expect(stderr).toContain('--username')
  })
})
