import { afterAll, beforeAll, expect, test } from 'bun:test'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand, tryCommand } from '../harness/command.ts'
import { startDockerDaemon, type DockerDaemon } from '../harness/docker-daemon.ts'
import { describeClient } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { tar } from '../harness/tar.ts'
import { createIndex, createUniqueImage } from '../harness/image.ts'
import { V2Client } from '../harness/v2-client.ts'

const timeoutMs = 180_000

describeClient(
  'docker',
  ['docker', 'dockerd', 'containerd', 'runc'],
  (scenario, transport) => {
    let daemon: DockerDaemon

    beforeAll(async () => {
      daemon = await startDockerDaemon(scenario().programs.dockerd)
    }, 60_000)
    afterAll(() => daemon?.[Symbol.asyncDispose]())

    const setUp = async () => {
      const { registry, programs } = scenario()
      const folder = await createTemporaryFolder()
      const env = { DOCKER_HOST: daemon.host, DOCKER_BUILDKIT: '0' }
      const command = (args: readonly string[]) => [programs.docker, '--config', folder.path, ...args]
      const docker = (...args: string[]) => runCommand(command(args), { env, cwd: folder.path })
      const attempt = (...args: string[]) => tryCommand(command(args), { env, cwd: folder.path })
      const login = (password = registry.password) =>
        tryCommand(command(['login', '-u', registry.username, '--password-stdin', registry.host]), {
          env,
          stdin: password,
        })
      /** An image of one layer that nobody has. */
      const importImage = async (name: string) => {
        const archive = join(folder.path, 'root.tar')
        await writeFile(archive, tar([{ path: 'hello', content: crypto.randomUUID() }]))
        return (await docker('import', '--change', 'CMD ["/hello"]', archive, name)).trim()
      }
      return { registry, folder, docker, attempt, login, importImage }
    }

    test(
      'an image is pushed, removed here and pulled back the same, by tag and by digest',
      async () => {
        const { registry, folder, docker, login, importImage } = await setUp()
        await using _ = folder
        expect(await login()).toMatchObject({ code: 0 })
        const repository = `${registry.host}/${registry.newRepository()}`
        const id = await importImage(`${repository}:v1`)

        const digest = /digest: (sha256:[0-9a-f]{64})/.exec(await docker('push', `${repository}:v1`))?.[1]
        for (const name of [`${repository}:v1`, `${repository}@${digest}`]) {
          await docker('rmi', '--force', id)
          await docker('pull', name)
          expect((await docker('images', '--no-trunc', '--quiet')).split('\n')).toContain(id)
        }
      },
      timeoutMs,
    )

    test(
      'an image is built on another, and its push sends the new layer only',
      async () => {
        const { registry, folder, docker, login, importImage } = await setUp()
        await using _ = folder
        await login()
        const base = `${registry.host}/${registry.newRepository()}:base`
        await importImage(base)
        await docker('push', base)
        await writeFile(join(folder.path, 'added'), crypto.randomUUID())
        await writeFile(join(folder.path, 'Dockerfile'), `FROM ${base}\nCOPY added /added\n`)
        const built = `${registry.host}/${registry.newRepository()}:v1`
        await docker('build', '-t', built, '.')
        const said = await docker('push', built)
        expect(said).toMatch(/Mounted from|Layer already exists/)
        expect(said).toContain('Pushed')
      },
      timeoutMs,
    )

    test(
      'every tag of an image is pushed with --all-tags and pulled with it',
      async () => {
        const { registry, folder, docker, login, importImage } = await setUp()
        await using _ = folder
        await login()
        const repository = `${registry.host}/${registry.newRepository()}`
        const id = await importImage(`${repository}:v1`)
        await docker('tag', id, `${repository}:v2`)
        await docker('push', '--all-tags', repository)
        await docker('rmi', '--force', id)
        await docker('pull', '--all-tags', repository)
        expect((await docker('images', '--format', '{{.Tag}}', repository)).trim().split('\n').toSorted()).toEqual([
          'v1',
          'v2',
        ])
      },
      timeoutMs,
    )

    test(
      'twenty images are pushed at once',
      async () => {
        const { registry, folder, docker, login, importImage } = await setUp()
        await using _ = folder
        await login()
        const names: string[] = []
        for (let at = 0; at < 20; at += 1) {
          names.push(`${registry.host}/${registry.newRepository()}:v1`)
          await importImage(names[at] ?? '')
        }
        await Promise.all(names.map((name) => docker('push', name)))
        for (const name of names) {
          const repository = name.slice(registry.host.length + 1, -':v1'.length)
          const headers = { accept: 'application/vnd.docker.distribution.manifest.v2+json' }
          const there = await new V2Client(registry).request(`/v2/${repository}/manifests/v1`, { headers })
          expect(there.status).toBe(200)
        }
      },
      timeoutMs,
    )

    test(
      'of an index the image for the asked platform is pulled',
      async () => {
        const { registry, folder, docker, login } = await setUp()
        await using _ = folder
        await login()
        const repository = registry.newRepository()
        const index = createIndex([createUniqueImage('amd64'), createUniqueImage('arm64')])
        await new V2Client(registry).pushImage(repository, index, 'v1')
        const name = `${registry.host}/${repository}:v1`
        for (const architecture of ['amd64', 'arm64']) {
          await docker('pull', '--platform', `linux/${architecture}`, name)
          expect((await docker('image', 'inspect', '--format', '{{.Architecture}}', name)).trim()).toBe(architecture)
        }
      },
      timeoutMs,
    )

    // The command line speaks plain HTTP to loopback here, whatever it is told: over TLS see docker-trust.test.ts.
    if (transport === 'http')
      test(
        'a manifest list is made of pushed images and pushed',
        async () => {
          const { registry, folder, docker, login, importImage } = await setUp()
          await using _ = folder
          await login()
          const repository = `${registry.host}/${registry.newRepository()}`
          await importImage(`${repository}:one`)
          await docker('push', `${repository}:one`)
          await docker('manifest', 'create', '--insecure', `${repository}:list`, `${repository}:one`)
          await docker('manifest', 'push', '--insecure', `${repository}:list`)
          expect(await docker('manifest', 'inspect', '--insecure', `${repository}:list`)).toContain(
            'manifest.list.v2+json',
          )
        },
        timeoutMs,
      )

    test(
      'a wrong password is refused at login, and without login nothing is pushed',
      async () => {
        const { registry, folder, attempt, login, importImage } = await setUp()
        await using _ = folder
        const refused = await login('wrong')
        expect(refused.code).not.toBe(0)
        expect(refused.stderr).toMatch(/unauthorized|incorrect username or password/i)
        const name = `${registry.host}/${registry.newRepository()}:v1`
        await importImage(name)
        const push = await attempt('push', name)
        expect(push.code).not.toBe(0)
        expect(push.stderr).toMatch(/unauthorized|denied|no basic auth/i)
      },
      timeoutMs,
    )
  },
  { needsRoot: true },
)
