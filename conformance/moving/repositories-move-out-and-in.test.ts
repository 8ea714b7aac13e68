import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../harness/command.ts'
import { fillRegistry, readTags } from '../harness/distribution.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { startRegistry } from '../harness/registry.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { V2Client } from '../harness/v2-client.ts'
import type { ImportReport } from './berth-process.ts'

setDefaultTimeout(120_000)

const repositories = ['library/app', 'team/web', 'team/deep/er/still', 'team/web/api']
const skopeo = findClient('skopeo')
const oras = findClient('oras')
const crane = findClient('crane')

/** Distribution’s names of one component are not ours. */
async function createProjects(client: V2Client): Promise<void> {
  for (const name of ['team', 'many', 'single']) {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ project_name: name })
    await client.request('/api/v2.0/projects', { method: 'POST', headers, body })
  }
}

describe('everything can be had back as OCI image layouts', () => {
  test('and goes into another registry with every tag, digest and referrer as it was', async () => {
    await using folder = await createTemporaryFolder()
    await using from = await startRegistry()
    await using to = await startRegistry()
    const [source, target] = [new V2Client(from), new V2Client(to)]
    await createProjects(source)
    await fillRegistry(source, 30, 4, 'library/single')
    const tags = await readTags(source, repositories)
    const images = join(folder.path, 'images')
    const exported = JSON.parse(await from.control!.berth(['export', '--to', images, '--output', 'json'])) as {
      repositories: number
      manifests: number
    }
    const report = JSON.parse(
      await to.control!.berth(['import', 'oci', '--from', images, '--output', 'json']),
    ) as ImportReport
    expect(report).toMatchObject({ complete: true, repositories: { taken: exported.repositories } })
    expect(report.manifests.taken).toBe(exported.manifests)
    expect(await readTags(target, repositories)).toEqual(tags)
    for (const [repository, byTag] of tags) {
      for (const digest of byTag.values()) {
        const referrers = async (client: V2Client) =>
          (await (await client.request(`/v2/${repository}/referrers/${digest}`)).json()) as object
        expect(await referrers(target)).toEqual(await referrers(source))
      }
    }
    // Again over it: nothing is written twice, and nothing is lost.
    const again = JSON.parse(await from.control!.berth(['export', '--to', images, '--output', 'json'])) as object
    expect(again).toMatchObject({ blobs: 0, manifests: exported.manifests })
  })

  test('a chosen repository becomes one archive', async () => {
    await using folder = await createTemporaryFolder()
    await using registry = await startRegistry()
    const client = new V2Client(registry)
    await createProjects(client)
    await fillRegistry(client, 20, 4, 'library/single')
    const archive = join(folder.path, 'app.tar')
    await registry.control!.berth(['export', '--repository', 'library/app', '--to', archive])
    const unpacked = join(folder.path, 'unpacked')
    await mkdir(unpacked)
    await runCommand(['tar', '-xf', archive, '-C', unpacked])
    await registry.control!.berth(['import', 'oci', '--from', unpacked, '--as', 'library/again'])
    const found = await readTags(client, ['library/app', 'library/again'])
    expect(found.get('library/app')!.size).toBeGreaterThan(0)
    expect(found.get('library/again')).toEqual(found.get('library/app')!)
  })

  if (skopeo === undefined || oras === undefined || crane === undefined) {
    skipLoudly('layouts by skopeo, oras and crane', 'one of them is not on this machine')
  } else {
    test('skopeo, oras and crane read them', async () => {
      await using folder = await createTemporaryFolder()
      await using registry = await startRegistry()
      const client = new V2Client(registry)
      await createProjects(client)
      await fillRegistry(client, 20, 4, 'library/single')
      const images = join(folder.path, 'images')
      await registry.control!.berth(['export', '--to', images])
      const byTag = (await readTags(client, ['library/app'])).get('library/app')!
      const layout = join(images, 'library', 'app')
      for (const [tag, digest] of byTag) {
        const inspected = await runCommand([skopeo, 'inspect', '--raw', `oci:${layout}:${tag}`])
        const hash = new Bun.CryptoHasher('sha256').update(inspected.replace(/\n$/, '')).digest('hex')
        const exact = new Bun.CryptoHasher('sha256').update(inspected).digest('hex')
        expect([`sha256:${hash}`, `sha256:${exact}`]).toContain(digest)
        expect(
          JSON.parse(
            await runCommand([oras, 'resolve', '--oci-layout', `${layout}:${tag}`]).then((text) =>
              JSON.stringify(text.trim()),
            ),
          ),
        ).toBe(digest)
      }
      const [tag, digest] = [...byTag].find(([name]) => name.startsWith('v'))!
      const credentials = ['--dest-creds', `${registry.username}:${registry.password}`, '--dest-tls-verify=false']
      await runCommand([
        ...[skopeo, '--insecure-policy', 'copy', '--all', '--preserve-digests', ...credentials],
        ...[`oci:${layout}:${tag}`, `docker://${registry.host}/library/pushed-back:v1`],
      ])
      expect((await readTags(client, ['library/pushed-back'])).get('library/pushed-back')!.get('v1')).toBe(digest)
      await runCommand([crane, 'validate', '--remote', `${registry.host}/library/pushed-back:v1`, '--insecure'], {
        env: { DOCKER_CONFIG: await loginFile(folder.path, registry.host, registry) },
      })
    })
  }
})

async function loginFile(
  folder: string,
  host: string,
  { username, password }: { username: string; password: string },
): Promise<string> {
  const auths = { [host]: { auth: btoa(`${username}:${password}`) } }
  await Bun.write(join(folder, 'docker', 'config.json'), JSON.stringify({ auths }))
  return join(folder, 'docker')
}
