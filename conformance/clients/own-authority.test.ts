import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { X509Certificate } from 'node:crypto'
import { createFreshRoot, type FreshRoot } from '../harness/fresh-root.ts'
import { findFreePort, startRegistry, type RegistryUnderTest } from '../harness/registry.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'

const probe = await createTemporaryFolder()
const canMount = (await createFreshRoot(probe.path)) !== undefined
await probe[Symbol.asyncDispose]()
if (!canMount) console.error('NOT RUN: this user or this kernel cannot mount an overlay, so no client is told to trust')

describe.skipIf(!canMount)('a client that is told to trust the authority of a registry', () => {
  const owned = new AsyncDisposableStack()
  let registry: RegistryUnderTest
  let root: FreshRoot
  let host: string
  let before: readonly string[]

  beforeAll(async () => {
    const port = await findFreePort()
    host = `127.0.0.1:${port}`
    registry = owned.use(
      await startRegistry({
        env: { BERTH_HTTPS_ISSUER: 'authority', BERTH_HTTPS_HOST: '127.0.0.1', BERTH_HTTPS_PORT: String(port) },
      }),
    )
    const folder = owned.use(await createTemporaryFolder())
    root = (await createFreshRoot(folder.path))!
    await root.run(
      'update-ca-certificates; mkdir -p /etc/docker /etc/containerd /etc/rancher/k3s /etc/rancher/rke2; echo "mirrors: {}" > /etc/rancher/rke2/registries.yaml',
    )
    before = root.changes()
  }, 60_000)
  afterAll(() => owned.disposeAsync())

  const install = (flags: string) => root.run(`curl -fsSL ${registry.url}/ca/install | sh -s -- ${flags}`)
  const login = `--username admin --password "${'$'}PASSWORD"`
  const trusts = async (): Promise<Record<string, boolean>> => {
    const as = (command: string) => root.run(`export HOME=/tmp PASSWORD='${registry.password}'; ${command}`)
    const clients = {
      curl: `curl -fsS https://${host}/api/version`,
      skopeo: `skopeo login --authfile /tmp/auth.json ${login} ${host}`,
      podman: `podman --storage-driver vfs --root /tmp/p --runroot /tmp/pr login --authfile /tmp/auth.json ${login} ${host}`,
    }
    const ended: [string, boolean][] = []
    for (const [name, command] of Object.entries(clients)) ended.push([name, (await as(command)).code === 0])
    return Object.fromEntries(ended)
  }

  test('knows it by one line, with nothing else changed, and forgets it by another', async () => {
    expect(await trusts()).toEqual({ curl: false, skopeo: false, podman: false })

    const dry = await install('--dry-run')
    expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining('would write /etc/docker/certs.d/')])
    expect(root.changes()).toEqual(before)

    const { stdout: shown } = await registry.control!.tryBerth(['ca', 'show', '-o', 'json'])
    const { fingerprint } = JSON.parse(shown) as { fingerprint: string }
    const wrong = await install(
      `--fingerprint ${fingerprint.replace(/^../, fingerprint.startsWith('00') ? '11' : '00')}`,
    )
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('nothing was changed')])
    expect(root.changes()).toEqual(before)

    const installed = await install(`--fingerprint ${fingerprint}`)
    expect(installed.code).toBe(0)
    expect(installed.stdout).toContain('left alone: add to /etc/rancher/rke2/registries.yaml')
    expect(await trusts()).toEqual({ curl: true, skopeo: true, podman: true })
    const name = `berth-ca-${fingerprint.replaceAll(':', '').slice(0, 12).toLowerCase()}`
    const changed = root.changes().filter((path) => !before.includes(path))
    const isOurs = (path: string) =>
      path.includes(name) || path.includes(host) || /^\/(etc\/ssl\/certs\/|var\/lib\/berth-ca\/)/.test(path)
    const parents = ['/etc/docker/certs.d/', '/etc/containerd/certs.d/', '/etc/containers/certs.d/']
    const others = changed.filter((path) => !isOurs(path) && !parents.includes(path))
    expect(others.filter((path) => path !== '/etc/rancher/k3s/registries.yaml')).toEqual([])
    expect(changed).toEqual(
      expect.arrayContaining([
        `/etc/docker/certs.d/${host}/${name}.crt`,
        `/etc/containerd/certs.d/${host}/hosts.toml`,
        `/etc/rancher/k3s/${name}.crt`,
        `/etc/rancher/rke2/${name}.crt`,
        '/etc/rancher/k3s/registries.yaml',
      ]),
    )

    const again = await install('')
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining(`Fingerprint`)])
    expect(root.changes().filter((path) => !before.includes(path))).toEqual(changed)

    const removed = await install('--uninstall')
    expect(removed.code).toBe(0)
    expect(root.changes()).toEqual(before)
    expect(await trusts()).toEqual({ curl: false, skopeo: false, podman: false })
    expect((await install('--uninstall')).stderr).toContain('there is nothing to take away')
  }, 120_000)

  test('meets a new certificate of the same authority without being told again', async () => {
    await install('')
    const seen = async () => {
      const { stdout } = await root.run(
        `openssl s_client -connect ${host} -CApath /etc/ssl/certs -verify_return_error </dev/null`,
      )
      return new X509Certificate(/-----BEGIN[^]+?END CERTIFICATE-----/.exec(stdout)![0]).fingerprint256
    }
    const first = await seen()
    expect((await registry.control!.tryBerth(['certificate', 'renew'])).code).toBe(0)
    const deadline = performance.now() + 40_000
    // Workers take it over one after the other, and each connection may meet another one.
    const isStill = async () => {
      for (let tried = 0; tried < 10; tried++) if ((await seen()) === first) return true
      return false
    }
    while ((await isStill()) && performance.now() < deadline) await Bun.sleep(500)
    expect(await isStill()).toBe(false)
    expect((await trusts())['skopeo']).toBe(true)
  }, 90_000)
})
