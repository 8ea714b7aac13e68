import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand, tryCommand } from '../harness/command.ts'
import { startContainerd, type Containerd } from '../harness/containerd-daemon.ts'
import { startDockerDaemon } from '../harness/docker-daemon.ts'
import { startHubStandIn, type HubStandIn } from '../harness/hub-stand-in.ts'
import { createUniqueImage, type Image } from '../harness/image.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { startRegistry, type RegistryUnderTest } from '../harness/registry.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { V2Client } from '../harness/v2-client.ts'

setDefaultTimeout(120_000)

const containerd = findClient('containerd')
const ctr = findClient('ctr')
const podman = findClient('podman')
const skopeo = findClient('skopeo')
const docker = findClient('docker')
const dockerd = findClient('dockerd')
const headers = { 'content-type': 'application/json' }

describe('clients that name another registry', () => {
  let hub: HubStandIn
  let berth: RegistryUnderTest
  let client: V2Client
  let image: Image
  const owned = new AsyncDisposableStack()
  /** The registry by another name, which stands for Docker Hub. */
  const mirrorHost = () => `localhost:${new URL(berth.url).port}`

  beforeAll(async () => {
    hub = owned.use(await startHubStandIn())
    berth = owned.use(await startRegistry({ env: { BERTH_OUTBOUND_ALLOW_LOCAL: 'true' } }))
    client = new V2Client(berth)
    image = createUniqueImage()
    hub.has('library/app', 'v1', image)
    const send = async (path: string, body: object) => {
      const answer = await client.request(`/api/v2.0${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
      expect([answer.status, await answer.text()]).toEqual([201, ''])
      return Number(answer.headers.get('location')!.split('/').at(-1))
    }
    const id = await send('/registries', { name: 'hub', type: 'docker-registry', url: hub.url })
    const metadata = { proxy_mirror_of: `docker.io, ${mirrorHost()}` }
    await send('/projects', { project_name: 'hub', registry_id: id, public: true, metadata })
    // An image of the same name that is ours, and is not what Docker Hub has.
    await client.pushImage('library/app', createUniqueImage(), 'v1')
  })
  afterAll(() => owned.disposeAsync())

  /** The digest that a question is answered with. */
  const digestOf = async (path: string, host?: string) => {
    const answer = await client.request(path, { method: 'HEAD', ...(host === undefined ? {} : { headers: { host } }) })
    return [answer.status, answer.headers.get('docker-content-digest')]
  }

  test('ns names the registry, and only those that somebody set up are there', async () => {
    const ours = await digestOf('/v2/library/app/manifests/v1')
    expect(ours[1]).not.toBe(image.descriptor.digest)
    for (const ns of ['docker.io', 'registry-1.docker.io', 'index.docker.io'])
      expect(await digestOf(`/v2/library/app/manifests/v1?ns=${ns}`)).toEqual([200, image.descriptor.digest])
    expect(await digestOf('/v2/hub/library/app/manifests/v1?ns=docker.io')).toEqual([200, image.descriptor.digest])
    expect(await digestOf(`/v2/library/app/manifests/v1?ns=${berth.host}`)).toEqual(ours)
    const unknown = await client.request('/v2/library/app/manifests/v1?ns=quay.io')
    expect([unknown.status, await unknown.text()]).toEqual([
      404,
      expect.stringContaining('no project here answers for'),
    ])
  })

  test('a host of ours that stands for a registry answers with what that has', async () => {
    expect(await digestOf('/v2/library/app/manifests/v1', mirrorHost())).toEqual([200, image.descriptor.digest])
    const push = await client.request('/v2/library/app/blobs/uploads/', {
      method: 'POST',
      headers: { host: mirrorHost() },
    })
    expect(push.status).toBe(403)
  })

  test('project administrators do not say whose names they answer for, and a host has one project', async () => {
    const ada = { username: `ada-${Date.now()}`, password: 'Harbor12345' }
    const body = JSON.stringify({ ...ada, email: `${ada.username}@example.com`, realname: 'Ada' })
    expect((await client.request('/api/v2.0/users', { method: 'POST', headers, body })).status).toBe(201)
    const member = JSON.stringify({ role_id: 1, member_user: { username: ada.username } })
    const added = await client.request('/api/v2.0/projects/hub/members', { method: 'POST', headers, body: member })
    expect(added.status).toBe(201)
    const authorization = `Basic ${btoa(`${ada.username}:${ada.password}`)}`
    const change = async (project: string, metadata: object, more = {}) => {
      const sent = { method: 'PUT', headers: { ...headers, ...more }, body: JSON.stringify({ metadata }) }
      return (await client.request(`/api/v2.0/projects/${project}`, sent)).status
    }
    expect(await change('hub', { proxy_mirror_of: 'ghcr.io' }, { authorization })).toBe(403)
    expect(await change('hub', { proxy_cache_freshness: '30' }, { authorization })).toBe(200)
    const id = Number(((await (await client.request('/api/v2.0/registries')).json()) as { id: number }[])[0]!.id)
    const other = JSON.stringify({ project_name: 'other', registry_id: id })
    expect((await client.request('/api/v2.0/projects', { method: 'POST', headers, body: other })).status).toBe(201)
    expect(await change('other', { proxy_mirror_of: 'quay.io, docker.io' })).toBe(409)
  })

  const missing = containerd === undefined || ctr === undefined
  if (missing) skipLoudly('containerd with Berth as its mirror', 'containerd and ctr are not on this machine')
  describe.skipIf(missing)('containerd', () => {
    let daemon: Containerd
    beforeAll(async () => {
      daemon = owned.use(await startContainerd(containerd!, ctr!))
    })

    const hostsToml = async (registry: string, host: string, more = '') => {
      const folder = join(daemon.folder, 'certs.d', registry)
      await mkdir(folder, { recursive: true })
      // Nothing goes to the registry itself: what Berth does not answer fails.
      const lines = [`server = "${berth.url}"`, `[host."${host}"]`, '  capabilities = ["pull", "resolve"]', more]
      await writeFile(join(folder, 'hosts.toml'), `${lines.join('\n')}\n`)
    }
    const fetchImage = (name: string) =>
      tryCommand([
        ...[ctr!, '--address', daemon.socket, 'content', 'fetch', '--hosts-dir', join(daemon.folder, 'certs.d')],
        name,
      ])

    test('pulls of docker.io come through one address for all registries', async () => {
      await hostsToml('docker.io', berth.url)
      const pulled = await fetchImage('docker.io/library/app:v1')
      expect([pulled.code, pulled.stderr]).toEqual([0, expect.anything()])
      const listed = await runCommand([ctr!, '--address', daemon.socket, 'images', 'ls'])
      expect(listed).toContain(image.descriptor.digest)
    })

    test('pulls come by a path for each registry', async () => {
      await hostsToml('docker.io', `${berth.url}/v2/hub`, '  override_path = true')
      const asked = hub.asked.length
      const pulled = await fetchImage('docker.io/library/app:v1')
      expect([pulled.code, pulled.stderr]).toEqual([0, expect.anything()])
      expect(hub.asked.slice(asked).filter((line) => line.startsWith('GET'))).toEqual([])
    })

    test('a registry that nobody set up is not mistaken for ours', async () => {
      await hostsToml('quay.io', berth.url)
      expect((await fetchImage('quay.io/library/app:v1')).code).not.toBe(0)
    })
  })

  if (podman === undefined || skopeo === undefined) skipLoudly('podman with Berth as its mirror', 'it is not here')
  test.skipIf(podman === undefined || skopeo === undefined)(
    'podman and skopeo pull through a mirror of registries.conf',
    async () => {
      await using folder = await createTemporaryFolder()
      const file = join(folder.path, 'registries.conf')
      const mirror = `location = "${berth.host}/hub"\ninsecure = true`
      await writeFile(file, `[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\n${mirror}\n`)
      const policy = join(folder.path, 'policy.json')
      await writeFile(policy, '{"default":[{"type":"insecureAcceptAnything"}]}')
      await writeFile(join(folder.path, 'auth.json'), '{}')
      const env = {
        ...{ CONTAINERS_REGISTRIES_CONF: file, REGISTRY_AUTH_FILE: join(folder.path, 'auth.json') },
        ...{ TMPDIR: folder.path, XDG_RUNTIME_DIR: folder.path },
      }
      const inspected = await runCommand(
        [skopeo!, '--registries-conf', file, 'inspect', '--raw', 'docker://docker.io/library/app:v1'],
        { env },
      )
      expect(inspected).toContain(image.descriptor.mediaType)
      const store = [`--root=${folder.path}/root`, `--runroot=${folder.path}/run`, '--storage-driver=vfs']
      const own = [...store, '--cgroup-manager=cgroupfs', '--events-backend=none']
      await runCommand([podman!, ...own, 'pull', `--signature-policy=${policy}`, 'docker.io/library/app:v1'], { env })
      const digests = await runCommand([podman!, ...own, 'images', '--digests'], { env })
      expect(digests).toContain(image.descriptor.digest)
    },
  )

  if (docker === undefined || dockerd === undefined)
    skipLoudly('docker with Berth as its mirror', 'dockerd is not here')
  test.skipIf(docker === undefined || dockerd === undefined)('docker pulls through registry-mirrors', async () => {
    const more = ['--registry-mirror', `http://${mirrorHost()}`]
    await using daemon = await startDockerDaemon(dockerd!, [], more)
    const pulled = await tryCommand([docker!, '--host', daemon.host, 'pull', 'library/app:v1'])
    expect(pulled.stdout + pulled.stderr).toContain(image.descriptor.digest)
  })
})
