import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { eventually } from '../harness/eventually.ts'
import { createUniqueImage, type Image } from '../harness/image.ts'
import { describeControlledScenario, startControlledRegistry } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { Rules, siteSettings } from './rules.ts'

setDefaultTimeout(120_000)

const manifestType = 'application/vnd.oci.image.manifest.v1+json'

/** Says something else than an honest registry would; undefined: what that would say. */
type Lie = (request: Request, path: string) => Response | undefined

const running: { stop(now: boolean): unknown }[] = []
afterEach(() => {
  for (const each of running.splice(0)) each.stop(true)
})

/** A registry with one image, `team/app:v1`, and whatever lies. */
function startHostile(lie: Lie = () => undefined, image: Image = createUniqueImage()) {
  const seen: { path: string; authorization: string | null }[] = []
  const manifest = image.content.get(image.descriptor.digest)!
  const honest = (path: string): Response => {
    if (path === '/v2/') return new Response('{}')
    if (path === '/v2/_catalog') return Response.json({ repositories: ['team/app'] })
    if (path === '/v2/team/app/tags/list') return Response.json({ name: 'team/app', tags: ['v1'] })
    const [, kind, reference = ''] = /^\/v2\/team\/app\/(manifests|blobs)\/(.+)$/.exec(path) ?? []
    const digest = reference === 'v1' ? image.descriptor.digest : reference
    const bytes =
      kind === 'manifests' ? (digest === image.descriptor.digest ? manifest : undefined) : image.content.get(digest)
    if (bytes === undefined) return new Response('{"errors":[]}', { status: 404 })
    const headers = {
      'docker-content-digest': digest,
      ...(kind === 'manifests' ? { 'content-type': manifestType } : {}),
    }
    return new Response(bytes as BodyInit, { headers })
  }
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      const path = decodeURI(new URL(request.url).pathname)
      seen.push({ path, authorization: request.headers.get('authorization') })
      return lie(request, path) ?? honest(path)
    },
  })
  running.push(server)
  return { url: `http://127.0.0.1:${server.port}`, image, seen }
}

describeControlledScenario(
  'a rule that pulls from a hostile registry',
  (registry) => {
    const credential = { username: 'ada', password: 'a-secret' }

    /** A pull of everything; how it ended, and what its tasks said. */
    const pull = async (url: string, rule: object = {}) => {
      const rules = new Rules(registry())
      const src_registry = { id: await rules.addRegistry('docker-registry', url, credential) }
      const namespace = `n${crypto.randomUUID().slice(0, 8)}`
      const id = await rules.start(
        await rules.add({ src_registry, dest_namespace: namespace, dest_namespace_replace_count: 0, ...rule }),
      )
      const run = await rules.ended(id, 100_000)
      const tasks = await rules.tasks(id)
      return { namespace, run, says: `${run.status_text} ${tasks.map(({ error }) => error ?? '').join(' ')}` }
    }
    const statusOf = async (path: string) => (await new V2Client(registry()).request(path)).status

    test('has nothing of a manifest whose bytes are not those of its digest', async () => {
      const other = new TextEncoder().encode('{"schemaVersion":2}')
      const { url } = startHostile((request, path) =>
        request.method === 'GET' && path.includes('/manifests/sha256:')
          ? new Response(other, { headers: { 'content-type': manifestType } })
          : undefined,
      )
      const { namespace, run } = await pull(url)
      expect(run.status).toBe('Failed')
      expect(await statusOf(`/v2/${namespace}/team/app/tags/list`)).toBe(404)
    })

    test('has nothing of an image when the bytes of a layer are not those of its digest', async () => {
      const { url, image } = startHostile((request, path) =>
        request.method === 'GET' && path.includes('/blobs/') ? new Response('something else') : undefined,
      )
      const { namespace, run } = await pull(url)
      expect(run.status).toBe('Failed')
      expect(await statusOf(`/v2/${namespace}/team/app/manifests/v1`)).toBe(404)
      for (const digest of image.content.keys()) {
        if (digest !== image.descriptor.digest)
          expect(await statusOf(`/v2/${namespace}/team/app/blobs/${digest}`)).toBe(404)
      }
    })

    test('cannot have a digest of another project by naming it in a manifest', async () => {
      const secret = createUniqueImage()
      await new V2Client(registry()).pushImage('library/private', secret, 'v1')
      const { url } = startHostile(
        (_, path) => (path.includes('/blobs/') ? new Response('', { status: 404 }) : undefined),
        secret,
      )
      const { namespace, run } = await pull(url)
      expect(run.status).toBe('Failed')
      for (const digest of secret.content.keys())
        expect(await statusOf(`/v2/${namespace}/team/app/blobs/${digest}`)).toBe(404)
    })

    test('ends when a list does not', async () => {
      let page = 0
      const { url } = startHostile((_, path) =>
        path === '/v2/_catalog'
          ? Response.json(
              { repositories: [`team/r${(page += 1)}`] },
              { headers: { link: `</v2/_catalog?last=team/r${page}&n=1>; rel="next"` } },
            )
          : undefined,
      )
      const { run } = await pull(url)
      expect(run.status).toBe('Failed')
    })

    test('ends when a manifest does not', async () => {
      const megabyte = new Uint8Array(1024 * 1024).fill(32)
      let given = 0
      const endless = () =>
        new ReadableStream({
          pull(controller) {
            given += 1
            controller.enqueue(megabyte)
          },
        })
      const { url } = startHostile((request, path) =>
        request.method === 'GET' && path.includes('/manifests/')
          ? new Response(endless(), { headers: { 'content-type': manifestType } })
          : undefined,
      )
      const { run } = await pull(url)
      expect(run.status).toBe('Failed')
      expect(given).toBeLessThan(200)
    })

    test('makes nothing of names that lead elsewhere, and brings the others', async () => {
      const { url } = startHostile((_, path) =>
        path === '/v2/_catalog'
          ? Response.json({ repositories: ['../library/app', 'team/../../x', '/team/app', 'Team/App', 'team/app'] })
          : undefined,
      )
      const { namespace, run, says } = await pull(url)
      expect(run.status).toBe('Succeed')
      expect(says).toContain('left out')
      expect(await statusOf(`/v2/${namespace}/team/app/manifests/v1`)).toBe(200)
      const catalog = await (await new V2Client(registry()).request('/v2/_catalog?n=1000')).json()
      const names = (catalog as { repositories: string[] }).repositories
      expect(names.filter((name) => name.startsWith(namespace))).toEqual([`${namespace}/team/app`])
    })

    test('tells its password to no other host, by a realm or a redirect', async () => {
      const thief = startHostile()
      const byRealm = startHostile((request, path) =>
        path !== '/v2/' && request.headers.get('authorization')?.startsWith('Bearer') !== true
          ? new Response('', {
              status: 401,
              headers: {
                'www-authenticate': `Bearer realm="${thief.url.replace('127.0.0.1', 'localhost')}/token",service="s"`,
              },
            })
          : undefined,
      )
      expect((await pull(byRealm.url)).run.status).toBe('Failed')
      const byRedirect = startHostile((_, path) =>
        path.includes('/blobs/')
          ? Response.redirect(`${thief.url.replace('127.0.0.1', 'localhost')}/stolen`, 307)
          : undefined,
      )
      expect((await pull(byRedirect.url)).run.status).toBe('Failed')
      expect(thief.seen.filter(({ authorization }) => authorization !== null)).toEqual([])
    })
  },
  { env: siteSettings },
)

describeControlledScenario(
  'two sites that follow each other',
  (registry) => {
    test('come to rest, with the same on both sides', async () => {
      await using there = await startControlledRegistry({ env: siteSettings })
      const here = registry()
      const name = 'library/both'
      const follow = async (from: typeof here, to: typeof here) => {
        const rules = new Rules(from)
        const dest_registry = { id: await rules.addRegistry('harbor', to.url, to) }
        return await rules.add({
          dest_registry,
          trigger: { type: 'event_based' },
          filters: [{ type: 'name', value: name }],
        })
      }
      const out = await follow(here, there)
      const back = await follow(there, here)
      const digestAt = async (site: typeof here) => {
        const answer = await new V2Client(site).request(`/v2/${name}/manifests/v1`, {
          method: 'HEAD',
          headers: { accept: manifestType },
        })
        return answer.headers.get('docker-content-digest')
      }
      // Both at once, under the same name.
      await Promise.all(
        [here, there].map(async (site) => new V2Client(site).pushImage(name, createUniqueImage(), 'v1')),
      )
      const runs = async () =>
        [...(await new Rules(here).executions(out)), ...(await new Rules(there).executions(back))].map(
          ({ id, status }) => `${id} ${status}`,
        )
      let before: string[] = []
      await eventually(async () => {
        const now = await runs()
        const rested = now.length > 1 && String(now) === String(before) && now.every((run) => run.endsWith('Succeed'))
        before = now
        // Longer than changes are gathered.
        await Bun.sleep(2_000)
        expect([rested, await digestAt(here)]).toEqual([true, await digestAt(there)])
      }, 60_000)
      expect(await digestAt(here)).toStartWith('sha256:')
    })
  },
  { env: siteSettings },
)
