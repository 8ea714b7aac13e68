import { expect, test } from 'bun:test'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand, tryCommand } from '../harness/command.ts'
import { createIndex, createUniqueImage, writeLayout } from '../harness/image.ts'
import { switchOn } from '../harness/project-switch.ts'
import { describeClient } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { copyAuthority } from '../harness/trust.ts'

const timeoutMs = 120_000

describeClient('skopeo', ['skopeo'], (scenario, transport) => {
  const setUp = async () => {
    const { registry, programs } = scenario()
    const folder = await createTemporaryFolder()
    const trust = await copyAuthority(registry, join(folder.path, 'trust'))
    const verify = trust === undefined ? ['tls-verify=false'] : ['tls-verify=true', `cert-dir=${trust}`]
    const flags = (side: '' | 'src-' | 'dest-') => verify.map((flag) => `--${side}${flag}`)
    const env = { REGISTRY_AUTH_FILE: join(folder.path, 'auth.json'), TMPDIR: folder.path }
    const skopeo = (...args: string[]) => runCommand([programs.skopeo, '--insecure-policy', ...args], { env })
    const login = () =>
      runCommand([programs.skopeo, 'login', ...flags(''), '-u', registry.username, '--password-stdin', registry.host], {
        env,
        stdin: registry.password,
      })
    return { registry, folder, env, flags, skopeo, login, program: programs.skopeo }
  }
  const target = (host: string, repository: string, tag = 'v1') => `docker://${host}/${repository}:${tag}`

  test(
    'an image comes back as it was pushed',
    async () => {
      const { registry, folder, flags, skopeo, login } = await setUp()
      await using _ = folder
      await login()
      const image = createUniqueImage()
      const layout = join(folder.path, 'layout')
      await writeLayout(layout, image, 'v1')
      const there = target(registry.host, registry.newRepository())

      await skopeo('copy', ...flags('dest-'), `oci:${layout}:v1`, there)
      const inspected = JSON.parse(await skopeo('inspect', ...flags(''), there)) as {
        Digest: string
        RepoTags: string[]
      }
      expect(inspected.Digest).toBe(image.descriptor.digest)
      expect(inspected.RepoTags).toEqual(['v1'])

      const back = join(folder.path, 'back')
      await skopeo('copy', ...flags('src-'), there, `oci:${back}:v1`)
      for (const [digest, bytes] of image.content) {
        expect(await readBlob(back, digest)).toEqual(bytes)
      }
    },
    timeoutMs,
  )

  test(
    'an index with several architectures is copied whole, and each of its images can be had alone',
    async () => {
      const { registry, folder, flags, skopeo, login } = await setUp()
      await using _ = folder
      await login()
      const index = createIndex([createUniqueImage('amd64'), createUniqueImage('arm64')])
      const layout = join(folder.path, 'layout')
      await writeLayout(layout, index, 'v1')
      const there = target(registry.host, registry.newRepository())

      await skopeo('copy', '--all', ...flags('dest-'), `oci:${layout}:v1`, there)
      expect(JSON.parse(await skopeo('inspect', '--raw', ...flags(''), there))).toEqual(
        JSON.parse(new TextDecoder().decode(index.content.get(index.descriptor.digest))),
      )
      const arm = await skopeo('--override-arch', 'arm64', 'inspect', '--config', ...flags(''), there)
      expect(JSON.parse(arm)).toMatchObject({ architecture: 'arm64' })
    },
    timeoutMs,
  )

  test(
    'an index is pushed without its images into a project that takes sparse indexes, and they are filled in later',
    async () => {
      const { registry, folder, flags, skopeo, login, env, program } = await setUp()
      await using _ = folder
      await login()
      const index = createIndex([createUniqueImage('amd64'), createUniqueImage('arm64')])
      const layout = join(folder.path, 'layout')
      await writeLayout(layout, index, 'v1')
      const source = target(registry.host, registry.newRepository())
      const there = target(registry.host, registry.newRepository())
      await skopeo('copy', '--all', ...flags('dest-'), `oci:${layout}:v1`, source)
      const copy = ['copy', '--multi-arch', 'index-only', ...flags('src-'), ...flags('dest-'), source, there]

      const refused = await tryCommand([program, '--insecure-policy', ...copy], { env })
      expect(refused.code).not.toBe(0)
      expect(refused.stderr).toContain('sparse_indexes')
      await switchOn(registry, 'sparse_indexes')
      await skopeo(...copy)
      expect(await skopeo('inspect', '--raw', ...flags(''), there)).toBe(
        await skopeo('inspect', '--raw', ...flags(''), source),
      )
      const pull = ['--override-arch', 'arm64', 'inspect', '--config', ...flags(''), there]
      const absent = await tryCommand([program, '--insecure-policy', ...pull], { env })
      expect(absent.stderr).toContain('manifest unknown')
      await skopeo('copy', '--all', ...flags('src-'), ...flags('dest-'), source, there)
      expect(JSON.parse(await skopeo(...pull))).toMatchObject({ architecture: 'arm64' })
    },
    timeoutMs,
  )

  test(
    'an image is converted to Docker schema 2 and copied to another repository by mounting its layers',
    async () => {
      const { registry, folder, flags, skopeo, login } = await setUp()
      await using _ = folder
      await login()
      const image = createUniqueImage()
      const layout = join(folder.path, 'layout')
      await writeLayout(layout, image, 'v1')
      const first = target(registry.host, registry.newRepository())
      const second = target(registry.host, registry.newRepository())

      await skopeo('copy', '--format', 'v2s2', ...flags('dest-'), `oci:${layout}:v1`, first)
      await skopeo('copy', '--preserve-digests', ...flags('src-'), ...flags('dest-'), first, second)
      const raw = await skopeo('inspect', '--raw', ...flags(''), second)
      expect(JSON.parse(raw)).toMatchObject({ mediaType: 'application/vnd.docker.distribution.manifest.v2+json' })
      expect(raw).toBe(await skopeo('inspect', '--raw', ...flags(''), first))
    },
    timeoutMs,
  )

  test(
    'tags are listed, and a deleted image is gone',
    async () => {
      const { registry, folder, flags, skopeo, login, env, program } = await setUp()
      await using _ = folder
      await login()
      const layout = join(folder.path, 'layout')
      await writeLayout(layout, createUniqueImage(), 'v1')
      const repository = registry.newRepository()
      for (const tag of ['v1', 'v2', 'latest']) {
        await skopeo('copy', ...flags('dest-'), `oci:${layout}:v1`, target(registry.host, repository, tag))
      }
      const listed = await skopeo('list-tags', ...flags(''), `docker://${registry.host}/${repository}`)
      expect((JSON.parse(listed) as { Tags: string[] }).Tags.toSorted()).toEqual(['latest', 'v1', 'v2'])

      await skopeo('delete', ...flags(''), target(registry.host, repository, 'v1'))
      const gone = await tryCommand([program, 'inspect', ...flags(''), target(registry.host, repository, 'v1')], {
        env,
      })
      expect(gone.code).not.toBe(0)
      expect(gone.stderr).toContain('manifest unknown')
    },
    timeoutMs,
  )

  test(
    'a wrong password is refused at login',
    async () => {
      const { registry, folder, flags, env, program } = await setUp()
      await using _ = folder
      const refused = await tryCommand(
        [program, 'login', ...flags(''), '-u', registry.username, '--password-stdin', registry.host],
        {
          env,
          stdin: 'wrong',
        },
      )
      expect(refused.code).not.toBe(0)
      expect(refused.stderr).toMatch(/unauthorized|invalid username\/password/)
    },
    timeoutMs,
  )

  if (transport === 'https')
    test(
      'a certificate of an unknown authority is not believed',
      async () => {
        const { registry, folder, env, program } = await setUp()
        await using _ = folder
        const empty = join(folder.path, 'nothing')
        await mkdir(empty)
        const there = target(registry.host, registry.newRepository())
        const refused = await tryCommand([program, 'inspect', `--cert-dir=${empty}`, there], { env })
        expect(refused.code).not.toBe(0)
        expect(refused.stderr).toContain('certificate signed by unknown authority')
      },
      timeoutMs,
    )
})

async function readBlob(layout: string, digest: string): Promise<Uint8Array> {
  return await Bun.file(join(layout, 'blobs', digest.replace(':', '/'))).bytes()
}
