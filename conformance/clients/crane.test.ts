import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { runCommand, tryCommand } from '../harness/command.ts'
import { createIndex, createUniqueImage, writeIndexAsLayout, writeLayout } from '../harness/image.ts'
import { switchOn } from '../harness/project-switch.ts'
import { describeClient } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

const timeoutMs = 120_000

describeClient('crane', ['crane'], (scenario, transport) => {
  const setUp = async () => {
    const { registry, programs } = scenario()
    const folder = await createTemporaryFolder()
    const env = { DOCKER_CONFIG: folder.path, SSL_CERT_FILE: registry.authorityFile }
    const crane = (...args: string[]) => runCommand([programs.crane, ...args], { env })
    const attempt = (...args: string[]) => tryCommand([programs.crane, ...args], { env })
    const login = (password = registry.password) =>
      tryCommand([programs.crane, 'auth', 'login', registry.host, '-u', registry.username, '--password-stdin'], {
        env,
        stdin: password,
      })
    await login()
    return { registry, folder, env, crane, attempt, program: programs.crane }
  }

  test(
    'an image and an index come back as they were pushed',
    async () => {
      const { registry, folder, crane } = await setUp()
      await using _ = folder
      const index = createIndex([createUniqueImage('amd64'), createUniqueImage('arm64')])
      const layout = join(folder.path, 'layout')
      await writeIndexAsLayout(layout, index)
      const there = `${registry.host}/${registry.newRepository()}:v1`

      await crane('push', '--index', layout, there)
      expect((await crane('digest', there)).trim()).toBe(index.descriptor.digest)
      const arm = (await crane('digest', '--platform', 'linux/arm64', there)).trim()
      expect([...index.content.keys()]).toContain(arm)
      await crane('validate', '--remote', there)
      const back = join(folder.path, 'back')
      await crane('pull', '--format', 'oci', there, back)
      for (const [digest, bytes] of index.content) {
        expect(await Bun.file(join(back, 'blobs', digest.replace(':', '/'))).bytes()).toEqual(new Uint8Array(bytes))
      }
    },
    timeoutMs,
  )

  test(
    'an old image whose layers do not say their size and type is copied and checked in a project that takes it',
    async () => {
      const { registry, folder, crane, attempt } = await setUp()
      await using _ = folder
      const client = new V2Client(registry)
      const [first, second] = [registry.newRepository(), registry.newRepository()]
      const image = createUniqueImage()
      const { config, layers } = JSON.parse(
        new TextDecoder().decode(image.content.get(image.descriptor.digest)),
      ) as Record<string, unknown> & { layers: object[] }
      await client.pushImage(first, image, 'new')
      const type = 'application/vnd.docker.distribution.manifest.v2+json'
      const imageWithout = (...fields: string[]) => {
        const unsaid = Object.fromEntries(fields.map((field) => [field, undefined]))
        const old = layers.map((layer) => ({ ...layer, ...unsaid }))
        return JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers: old })
      }
      const old = imageWithout('size', 'mediaType')
      const refused = await client.pushManifest(first, 'old', type, old)
      expect(await refused.text()).toContain('lenient_manifests')
      await switchOn(registry, 'lenient_manifests')
      await expectStatus(await client.pushManifest(first, 'old', type, old), 201)

      await crane('copy', `${registry.host}/${first}:old`, `${registry.host}/${second}:old`)
      expect(await crane('manifest', `${registry.host}/${second}:old`)).toBe(old)
      // A pull compares the size that the manifest says, so crane wants one.
      await expectStatus(await client.pushManifest(first, 'untyped', type, imageWithout('mediaType')), 201)
      await crane('pull', `${registry.host}/${first}:untyped`, join(folder.path, 'untyped.tar'))
      const damaged = old.replace(/"digest":"sha256:(.)/, (_, first) => `"digest":"sha256:${first === '0' ? '1' : '0'}`)
      expect((await client.pushManifest(second, 'damaged', type, damaged)).status).toBe(404)
      expect((await attempt('manifest', `${registry.host}/${second}:damaged`)).code).not.toBe(0)
    },
    timeoutMs,
  )

  test(
    'images are copied, tagged, listed, changed and deleted',
    async () => {
      const { registry, folder, crane, attempt } = await setUp()
      await using _ = folder
      const layout = join(folder.path, 'layout')
      await writeLayout(layout, createUniqueImage(), 'v1')
      const repository = `${registry.host}/${registry.newRepository()}`
      const other = `${registry.host}/${registry.newRepository()}`
      await crane('push', layout, `${repository}:v1`)
      const digest = (await crane('digest', `${repository}:v1`)).trim()

      await crane('tag', `${repository}:v1`, 'latest')
      await crane('copy', `${repository}:v1`, `${other}:copied`)
      expect((await crane('digest', `${other}:copied`)).trim()).toBe(digest)
      await crane('mutate', '--label', 'a=b', '-t', `${repository}:labelled`, `${repository}:v1`)
      expect(JSON.parse(await crane('config', `${repository}:labelled`))).toMatchObject({
        config: { Labels: { a: 'b' } },
      })
      expect((await crane('ls', repository)).trim().split('\n').toSorted()).toEqual(['labelled', 'latest', 'v1'])

      await crane('delete', `${repository}@${digest}`)
      expect((await crane('ls', repository)).trim().split('\n')).toEqual(['labelled'])
      const gone = await attempt('manifest', `${repository}:v1`)
      expect(gone.code).not.toBe(0)
      expect(gone.stderr).toContain('MANIFEST_UNKNOWN')
      expect((await crane('digest', `${other}:copied`)).trim()).toBe(digest)
    },
    timeoutMs,
  )

  test(
    'twenty pushes at once all succeed, two of each image',
    async () => {
      const { registry, folder, crane } = await setUp()
      await using _ = folder
      const images = await Promise.all(
        Array.from({ length: 10 }, async (_, at) => {
          const layout = join(folder.path, `layout-${at}`)
          await writeLayout(layout, createUniqueImage(), 'v1')
          return { layout, repository: `${registry.host}/${registry.newRepository()}` }
        }),
      )
      await Promise.all(
        images.flatMap(({ layout, repository }) => [
          crane('push', layout, `${repository}:first`),
          crane('push', layout, `${repository}:second`),
        ]),
      )
      for (const { repository } of images) {
        expect(await crane('digest', `${repository}:first`)).toBe(await crane('digest', `${repository}:second`))
        await crane('validate', '--remote', `${repository}:first`)
      }
    },
    timeoutMs,
  )

  test(
    'a wrong password is refused when it is used',
    async () => {
      const { registry, folder, attempt, program, env } = await setUp()
      await using _ = folder
      const login = [program, 'auth', 'login', registry.host, '-u', registry.username, '--password-stdin']
      await tryCommand(login, { env, stdin: 'wrong' })
      const layout = join(folder.path, 'layout')
      await writeLayout(layout, createUniqueImage(), 'v1')
      const refused = await attempt('push', layout, `${registry.host}/${registry.newRepository()}:v1`)
      expect(refused.code).not.toBe(0)
      expect(refused.stderr).toMatch(/UNAUTHORIZED|401/)
    },
    timeoutMs,
  )

  if (transport === 'https')
    test(
      'a certificate of an unknown authority is not believed',
      async () => {
        const { registry, folder, env, program } = await setUp()
        await using _ = folder
        const refused = await tryCommand([program, 'ls', `${registry.host}/${registry.newRepository()}`], {
          env: { ...env, SSL_CERT_FILE: undefined },
        })
        expect(refused.code).not.toBe(0)
        expect(refused.stderr).toContain('certificate signed by unknown authority')
      },
      timeoutMs,
    )
})
