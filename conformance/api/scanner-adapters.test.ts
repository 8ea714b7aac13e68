import { afterEach, expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { startScannerAdapter, type AdapterOptions, type ScannerAdapterForTest } from '../harness/scanner-adapter.ts'
import { addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient, basicOf } from './contract-client.ts'

const artifact = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'
const newer = 'application/vnd.security.vulnerability.report; version=1.1'

const started: ScannerAdapterForTest[] = []
afterEach(async () => {
  for (const adapter of started.splice(0)) await adapter[Symbol.asyncDispose]()
})

async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await Bun.sleep(100)
  }
}

interface Overview {
  readonly report_id: string
  readonly scan_status: string
  readonly summary?: { readonly total: number }
  readonly scanner?: { readonly name: string }
  readonly error?: { readonly message: string }
}

describeControlledScenario(
  'adapters of the Pluggable Scanner API',
  (registry) => {
    const admin = () => new ApiClient(registry())
    const start = (options: AdapterOptions = {}) => {
      const adapter = startScannerAdapter(options)
      started.push(adapter)
      return adapter
    }
    const register = async (adapter: ScannerAdapterForTest, more: object = {}) => {
      const name = `adapter-${crypto.randomUUID().slice(0, 8)}`
      const { status, headers } = await admin().call('POST /scanners', { body: { name, url: adapter.url, ...more } })
      expect(status).toBe(201)
      return headers.get('location')!.split('/').at(-1)!
    }
    const projectWith = async (uuid: string) => {
      const project = await addProject(registry())
      const params = { project_name_or_id: project }
      await admin().call('PUT /projects/{project_name_or_id}/scanner', { params, body: { uuid } })
      return project
    }
    const push = async (project: string) => {
      await new V2Client(registry()).pushImage(`${project}/app`, createUniqueImage(), 'v1')
      return { project_name: project, repository_name: 'app', reference: 'v1' }
    }
    const overview = async (params: Readonly<Record<string, string>>) => {
      const query = 'with_scan_overview=true'
      const { body } = await admin().call<{ scan_overview?: Record<string, Overview> }>(`GET ${artifact}`, {
        params,
        query,
      })
      return body.scan_overview?.[newer]
    }
    const scan = async (params: Readonly<Record<string, string>>) => {
      expect((await admin().call(`POST ${artifact}/scan`, { params })).status).toBe(202)
      return await until(async () => {
        const now = await overview(params)
        return ['Error', 'Success', 'Stopped'].includes(now?.scan_status ?? '') ? now : undefined
      })
    }
    const logOf = async (params: Readonly<Record<string, string>>, { report_id: id }: Overview) => {
      const place = `/api/v2.0/projects/${params['project_name']}/repositories/app/artifacts/v1/scan/${id}/log`
      const answer = await fetch(registry().url + place, { headers: { authorization: basicOf(registry()) } })
      return await answer.text()
    }

    test.each([
      ['v1.2, which signs in as a robot', {}],
      ['v1.2, which is given a token', { registryAuthorization: 'Bearer' }],
      ['v1.1, whose capabilities have no type', { isOld: true }],
    ] as [string, AdapterOptions][])(
      'an adapter of %s pulls the image, and its report is that of the artifact',
      async (_, options) => {
        const adapter = start(options)
        const project = await projectWith(await register(adapter))
        // Nothing of it leaves before it was scanned, except to its scanner.
        await admin().call('PUT /projects/{project_name_or_id}', {
          params: { project_name_or_id: project },
          body: { metadata: { prevent_vul: 'true', severity: 'low' } },
        })
        const params = await push(project)
        const found = await scan(params)
        expect(found).toMatchObject({
          scan_status: 'Success',
          summary: { total: 1, fixable: 1, summary: { High: 1 } },
          scanner: { name: 'Scripted', vendor: 'Tests', version: '1.2.3' },
        })
        const { body } = await admin().call<Record<string, { vulnerabilities: object[] }>>(
          `GET ${artifact}/additions/vulnerabilities`,
          { params },
        )
        expect(body[newer]).toMatchObject({
          scanner: { name: 'Scripted' },
          severity: 'High',
          vulnerabilities: [
            {
              ...{ id: 'CVE-2026-0001', package: 'openssl', version: '3.0.1', fix_version: '3.0.2', severity: 'High' },
              cwe_ids: ['CWE-120'],
              links: ['https://example.org/advisory'],
              preferred_cvss: { score_v3: 7.5 },
            },
          ],
        })
        const [request] = adapter.scans
        expect(request?.enabled_capabilities?.[0]?.type).toBe(options.isOld === true ? undefined : 'vulnerability')
        // The credential ended with the scan, and the log never had it.
        const manifest = `${registry().url}/v2/${request!.artifact.repository}/manifests/${request!.artifact.digest}`
        const { authorization } = request!.registry
        expect((await fetch(manifest, { headers: { authorization } })).status).toBe(401)
        const log = await logOf(params, found)
        expect(log).toContain(`+scanner-adapter-`)
        expect(log).not.toContain(authorization.split(' ')[1]!)
      },
    )

    test('while it scans, the credential of an adapter pulls that repository and does nothing else', async () => {
      const adapter = start()
      const project = await projectWith(await register(adapter))
      const params = await push(project)
      const other = createUniqueImage()
      await new V2Client(registry()).pushImage(`${project}/other`, other, 'v1')
      const setPublic = (value: string) =>
        admin().call('PUT /projects/{project_name_or_id}', {
          params: { project_name_or_id: project },
          body: { metadata: { public: value } },
        })
      const tried = Promise.withResolvers<number[]>()
      adapter.behave({
        report: async ({ request, polls }) => {
          if (polls === 1) {
            const { authorization } = request.registry
            const ask = async (path: string, method = 'GET') =>
              (await fetch(registry().url + path, { method, headers: { authorization } })).status
            tried.resolve([
              await ask(`/v2/${project}/app/manifests/v1`),
              await ask(`/v2/${project}/other/manifests/v1`),
              await ask(`/v2/${project}/app/blobs/uploads/`, 'POST'),
              await ask(`/v2/${project}/app/manifests/${request.artifact.digest}`, 'DELETE'),
              await ask('/v2/_catalog'),
              await ask(`/api/v2.0/projects/${project}/repositories`),
              await ask('/api/v2.0/robots'),
              await setPublic('true').then(() => ask(`/v2/${project}/other/manifests/v1`)),
            ])
          }
          return new Response(null, { status: 302 })
        },
      })
      expect((await admin().call(`POST ${artifact}/scan`, { params })).status).toBe(202)
      const [own, ...others] = await tried.promise
      expect(own).toBe(200)
      expect(others.filter((status) => status !== 401 && status !== 403)).toEqual([])
      const { body } = await admin().call<{ name: string }[]>('GET /robots', {
        query: `q=Level=project,ProjectID=${(await admin().call<{ project_id: number }>('GET /projects/{project_name_or_id}', { params: { project_name_or_id: project } })).body.project_id}`,
      })
      expect(body).toEqual([])
      // Stopped by a person: the last report would stay, and the robot ends.
      expect((await admin().call(`POST ${artifact}/scan/stop`, { params, body: {} })).status).toBe(202)
      await until(async () => ((await overview(params))?.scan_status === 'Stopped' ? true : undefined))
      await setPublic('false')
      const { authorization } = adapter.scans[0]!.registry
      const after = await fetch(`${registry().url}/v2/${project}/app/manifests/v1`, { headers: { authorization } })
      expect(after.status).toBe(401)
    }, 60_000)

    test.each([
      ['Basic', 'ada:secret', ['authorization', `Basic ${btoa('ada:secret')}`]],
      ['Bearer', 'token-1', ['authorization', 'Bearer token-1']],
      ['APIKey', 'key-1', ['x-scanneradapter-api-key', 'key-1']],
    ] as [string, string, [string, string]][])('an adapter is signed in to by %s', async (auth, credential, header) => {
      const adapter = start({ credential: header })
      const name = `adapter-${auth}`
      const wrong = { name, url: adapter.url, auth, access_credential: 'wrong:wrong' }
      expect((await admin().call('POST /scanners/ping', { body: wrong })).status).toBe(500)
      const right = { ...wrong, access_credential: credential }
      expect((await admin().call('POST /scanners/ping', { body: right })).status).toBe(200)
      const uuid = await register(adapter, { auth, access_credential: credential })
      const { body } = await admin().call<{ access_credential: string; auth: string; health: string }>(
        'GET /scanners/{registration_id}',
        { params: { registration_id: uuid } },
      )
      expect(body).toMatchObject({ auth, access_credential: '', health: 'healthy' })
      // Without the credential in the body, the known one is used; at another address it is not.
      const kept = { name, auth, uuid }
      expect((await admin().call('POST /scanners/ping', { body: { ...kept, url: adapter.url } })).status).toBe(200)
      const thief = start()
      const moved = await admin().call('POST /scanners/ping', { body: { ...kept, url: thief.url } })
      expect([moved.status, thief.asked.length]).toEqual([400, 0])
    })

    test('a scan that fails says why, and the last good report stays', async () => {
      const adapter = start()
      const params = await push(await projectWith(await register(adapter)))
      await scan(params)
      adapter.behave({
        report: () => Response.json({ error: { message: 'no space left on device' } }, { status: 400 }),
      })
      const failed = await scan(params)
      expect(failed).toMatchObject({ scan_status: 'Error', summary: { total: 1 } })
      expect(failed.error?.message).toContain('no space left on device: it answered 400, not 200')
      const { body } = await admin().call<Record<string, { vulnerabilities: object[] }>>(
        `GET ${artifact}/additions/vulnerabilities`,
        { params },
      )
      expect(body[newer]?.vulnerabilities).toHaveLength(1)
    })

    test('each project is scanned by its own scanner, and a scan of everything is too', async () => {
      const [one, other] = [start({ name: 'One' }), start({ name: 'Other' })]
      const ofOne = await push(await projectWith(await register(one)))
      const ofOther = await push(await projectWith(await register(other)))
      const run = { schedule: { type: 'Manual' } }
      expect((await admin().call('POST /system/scanAll/schedule', { body: run })).status).toBe(201)
      const scannerOf = async (params: Readonly<Record<string, string>>) =>
        await until(async () => (await overview(params))?.scanner?.name)
      expect([await scannerOf(ofOne), await scannerOf(ofOther)]).toEqual(['One', 'Other'])
    })

    test('an adapter that cannot scan such an image is not asked to, and one that is away is no reason to refuse', async () => {
      const adapter = start()
      const docker = 'application/vnd.docker.distribution.manifest.v2+json'
      adapter.behave({
        metadata: () =>
          Response.json({
            scanner: { name: 'Docker only', vendor: 'Tests', version: '1' },
            capabilities: [{ type: 'vulnerability', consumes_mime_types: [docker], produces_mime_types: [newer] }],
          }),
      })
      const uuid = await register(adapter)
      const params = await push(await projectWith(uuid))
      const refused = await admin().call<{ errors: { message: string }[] }>(`POST ${artifact}/scan`, { params })
      expect(refused.status).toBe(400)
      expect(refused.body.errors[0]?.message).toContain('does not support scanning artifact with mime type')
      const disabled = { name: 'off', url: adapter.url, disabled: true }
      await admin().call('PUT /scanners/{registration_id}', { params: { registration_id: uuid }, body: disabled })
      expect((await admin().call(`POST ${artifact}/scan`, { params })).status).toBe(412)
    })

    test('registrations are checked in the words of Harbor', async () => {
      const adapter = start()
      const body = { name: 'checked', url: adapter.url }
      const refusal = async (change: object) => {
        const answer = await admin().call<{ errors: { message: string }[] }>('POST /scanners', {
          body: { ...body, ...change },
        })
        return [answer.status, answer.body.errors[0]?.message]
      }
      expect(await refusal({ name: '' })).toEqual([400, 'missing registration name'])
      expect(await refusal({ url: ' / ' })).toEqual([400, 'scanner registration validate: empty string'])
      expect(await refusal({ url: 'ftp://x' })).toEqual([
        400,
        'scanner registration validate: invalid HTTP scheme: ftp',
      ])
      expect(await refusal({ auth: 'Digest' })).toEqual([400, 'auth type Digest is not supported'])
      expect(await refusal({ auth: 'Basic' })).toEqual([400, 'access_credential is required for auth type Basic'])
      expect(await refusal({ name: 'Berth' })).toEqual([400, 'name "Berth" is reserved, please try a different name'])
      expect((await refusal({ url: 'http://127.0.0.1:1' }))[0]).toBe(500)
      expect((await admin().call('POST /scanners', { body })).status).toBe(201)
      expect(await refusal({})).toEqual([409, 'registration name or url already exists'])
      const params = { registration_id: crypto.randomUUID() }
      const unknown = [404, `scanner ${params.registration_id} not found`]
      for (const call of ['GET', 'PUT', 'DELETE'] as const) {
        const answer = await admin().call<{ errors: { message: string }[] }>(`${call} /scanners/{registration_id}`, {
          params,
          ...(call === 'PUT' ? { body } : {}),
        })
        expect([answer.status, answer.body.errors[0]?.message]).toEqual(unknown)
      }
    })

    test('the engine of the registry cannot be changed, and is the default again when the default goes', async () => {
      const { body: all } = await admin().call<{ uuid: string; name: string; built_in?: boolean }[]>('GET /scanners')
      const own = all.find(({ built_in: builtIn }) => builtIn)!
      const params = { registration_id: own.uuid }
      const body = { name: 'mine', url: 'http://example.org' }
      const changed = await admin().call<{ errors: { message: string }[] }>('PUT /scanners/{registration_id}', {
        params,
        body,
      })
      expect([changed.status, changed.body.errors[0]?.message]).toEqual([
        403,
        'registration Berth is not allowed to update as it is immutable: scanner API: update',
      ])
      expect((await admin().call('DELETE /scanners/{registration_id}', { params })).status).toBe(403)
      const uuid = await register(start())
      const other = { registration_id: uuid }
      await admin().call('PATCH /scanners/{registration_id}', { params: other, body: { is_default: true } })
      const { body: known } = await admin().call<{ name: string; url: string }>('GET /scanners/{registration_id}', {
        params: other,
      })
      const disabled = await admin().call('PUT /scanners/{registration_id}', {
        params: other,
        body: { name: known.name, url: known.url, disabled: true },
      })
      expect(disabled.status).toBe(412)
      const deleted = await admin().call('DELETE /scanners/{registration_id}', { params: other })
      expect([deleted.status, deleted.body]).toMatchObject([200, { uuid, is_default: true }])
      const { body: now } = await admin().call('GET /scanners/{registration_id}', { params })
      expect(now).toMatchObject({ is_default: true })
    })

    test('an adapter that hangs hides nothing of the list', async () => {
      const adapter = start()
      const uuid = await register(adapter)
      adapter.behave({ metadata: () => new Promise<Response>(() => {}) })
      // Changed, so that nobody believes what was known.
      const body = { name: `hangs-${uuid}`, url: adapter.url }
      await admin().call('PUT /scanners/{registration_id}', { params: { registration_id: uuid }, body })
      const { body: all } = await admin().call<{ uuid: string; health: string; health_reason?: string }[]>(
        'GET /scanners',
        {
          query: 'page_size=100',
        },
      )
      expect(all.find((each) => each.uuid === uuid)).toMatchObject({ health: 'unhealthy' })
      expect(all.some(({ health }) => health === 'healthy')).toBe(true)
    })
  },
  { env: { BERTH_OUTBOUND_ALLOW_LOCAL: 'true', BERTH_HOSTNAME: '127.0.0.1' } },
)
