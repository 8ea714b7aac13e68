import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand, tryCommand } from '../harness/command.ts'
import { createIndex, createUniqueImage } from '../harness/image.ts'
import { describeClient } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { copyAuthority } from '../harness/trust.ts'
import { V2Client } from '../harness/v2-client.ts'

const timeoutMs = 120_000

describeClient(
  'containerd',
  ['containerd', 'ctr'],
  (scenario, transport) => {
    let folder: Awaited<ReturnType<typeof createTemporaryFolder>>
    let daemon: Bun.Subprocess | undefined
    const socket = () => join(folder.path, 'containerd.sock')

    beforeAll(async () => {
      const { programs } = scenario()
      folder = await createTemporaryFolder()
      const config = join(folder.path, 'config.toml')
      // Without its plug-ins for Kubernetes and snapshots on disks of their own it needs nothing of the machine.
      await writeFile(
        config,
        `version = 2
root = "${folder.path}/root"
state = "${folder.path}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.internal.v1.opt"]
[grpc]
  address = "${socket()}"
`,
      )
      daemon = Bun.spawn([programs.containerd, '--config', config], {
        stdin: 'ignore',
        stdout: Bun.file(join(folder.path, 'stdout.log')),
        stderr: Bun.file(join(folder.path, 'stderr.log')),
      })
      for (let attempt = 0; attempt < 100; attempt += 1) {
        if ((await tryCommand([programs.ctr, '--address', socket(), 'version'])).code === 0) return
        await Bun.sleep(100)
      }
      throw new Error(`containerd did not start\n${await Bun.file(join(folder.path, 'stderr.log')).text()}`)
    }, 30_000)

    afterAll(async () => {
      daemon?.kill('SIGTERM')
      await daemon?.exited
      await folder?.[Symbol.asyncDispose]()
    })

    const ctr = async (...args: string[]) => runCommand([scenario().programs.ctr, '--address', socket(), ...args])

    /** How ctr is told to reach the registry and believe it. */
    const reach = async (): Promise<string[]> => {
      const { registry } = scenario()
      const user = ['--user', `${registry.username}:${registry.password}`]
      if (registry.authorityFile === undefined) return [...user, '--plain-http']
      const hosts = join(folder.path, 'certs.d', registry.host)
      await copyAuthority(registry, hosts)
      await writeFile(
        join(hosts, 'hosts.toml'),
        `server = "${registry.url}"\n[host."${registry.url}"]\n  ca = "ca.crt"\n`,
      )
      return [...user, '--hosts-dir', join(folder.path, 'certs.d')]
    }

    test(
      'an image is pulled, pushed under another name and pulled again',
      async () => {
        const { registry } = scenario()
        const image = createUniqueImage()
        const repository = registry.newRepository()
        await new V2Client(registry).pushImage(repository, image, 'v1')
        const first = `${registry.host}/${repository}:v1`
        const second = `${registry.host}/${registry.newRepository()}:v2`

        await ctr('images', 'pull', '--snapshotter', 'native', ...(await reach()), first)
        await ctr('images', 'tag', first, second)
        await ctr('images', 'push', ...(await reach()), second)
        await ctr('images', 'rm', '--sync', first, second)
        await ctr('images', 'pull', '--snapshotter', 'native', ...(await reach()), second)
        expect(await ctr('images', 'ls', `name==${second}`)).toContain(image.descriptor.digest)
      },
      timeoutMs,
    )

    test(
      'every platform of an index is pulled and pushed',
      async () => {
        const { registry } = scenario()
        const index = createIndex([createUniqueImage('amd64'), createUniqueImage('arm64')])
        const repository = registry.newRepository()
        await new V2Client(registry).pushImage(repository, index, 'v1')
        const first = `${registry.host}/${repository}:v1`
        const second = `${registry.host}/${registry.newRepository()}:v2`

        await ctr('content', 'fetch', '--all-platforms', ...(await reach()), first)
        await ctr('images', 'tag', first, second)
        await ctr('images', 'push', ...(await reach()), second)
        const path = `/v2/${second.slice(registry.host.length + 1).replace(/:v2$/, '')}/manifests/v2`
        const accept = index.descriptor.mediaType
        const pushed = await new V2Client(registry).request(path, { method: 'HEAD', headers: { accept } })
        expect(pushed.headers.get('docker-content-digest')).toBe(index.descriptor.digest)
      },
      timeoutMs,
    )

    test(
      'without an account nothing is pushed',
      async () => {
        const { registry, programs } = scenario()
        const repository = registry.newRepository()
        await new V2Client(registry).pushImage(repository, createUniqueImage(), 'v1')
        const first = `${registry.host}/${repository}:v1`
        const second = `${registry.host}/${registry.newRepository()}:refused`
        await ctr('content', 'fetch', ...(await reach()), first)
        await ctr('images', 'tag', first, second)
        const anonymous = (await reach()).slice(2)
        const refused = await tryCommand([programs.ctr, '--address', socket(), 'images', 'push', ...anonymous, second])
        expect(refused.code).not.toBe(0)
        expect(refused.stderr).toMatch(/401|authorization failed|insufficient_scope|denied/i)
      },
      timeoutMs,
    )

    if (transport === 'https')
      test(
        'a certificate of an unknown authority is not believed',
        async () => {
          const { registry, programs } = scenario()
          const hosts = join(folder.path, 'no-certs', registry.host)
          await mkdir(hosts, { recursive: true })
          await writeFile(join(hosts, 'hosts.toml'), `server = "${registry.url}"\n[host."${registry.url}"]\n`)
          const name = `${registry.host}/${registry.newRepository()}:v1`
          const fetchAnonymously = ['content', 'fetch', '--hosts-dir', join(folder.path, 'no-certs'), name]
          const refused = await tryCommand([programs.ctr, '--address', socket(), ...fetchAnonymously])
          expect(refused.code).not.toBe(0)
          expect(refused.stderr).toContain('certificate signed by unknown authority')
        },
        timeoutMs,
      )
  },
  { needsRoot: true },
)
