import { expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient, basicOf } from './contract-client.ts'

const artifact = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'
const newer = 'application/vnd.security.vulnerability.report; version=1.1'

/** Asked again until there is an answer; the limit of the test is the one that counts. */
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
}

describeControlledScenario('scans of artifacts', (registry) => {
  const admin = () => new ApiClient(registry())
  const pushed = async () => {
    const project = await addProject(registry())
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

  test('the curl of the manual: 202, and the artifact tells how it went', async () => {
    const params = await pushed()
    expect(await overview(params)).toBeUndefined()
    expect((await admin().call(`POST ${artifact}/scan`, { params })).status).toBe(202)
    const found = await until(async () => {
      const now = await overview(params)
      return now?.scan_status === 'Error' || now?.scan_status === 'Success' ? now : undefined
    })
    // This registry was given no vulnerability data, and that is no clean image.
    expect(found.scan_status).toBe('Error')
    const { project_name: project } = params
    const place = `${registry().url}/api/v2.0/projects/${project}/repositories/app/artifacts/v1/scan/${found.report_id}/log`
    const log = await fetch(place, { headers: { authorization: basicOf(registry()) } })
    expect(await log.text()).toContain('berth db import')
    expect((await admin().call(`GET ${artifact}/additions/vulnerabilities`, { params })).body).toEqual({})
  })

  test('a project with auto_scan has what is pushed into it scanned, and is told nothing of what cannot be', async () => {
    const project = await addProject(registry())
    const params = { project_name_or_id: project }
    const changed = await admin().call('PUT /projects/{project_name_or_id}', {
      params,
      body: { metadata: { auto_scan: 'true' } },
    })
    expect([changed.status, changed.headers.get('warning')]).toEqual([200, null])
    await new V2Client(registry()).pushImage(`${project}/app`, createUniqueImage(), 'v1')
    const found = await until(() => overview({ project_name: project, repository_name: 'app', reference: 'v1' }))
    expect(['Pending', 'Running', 'Error']).toContain(found.scan_status)
  })

  test('many are scanned and stopped by one request, and the list tells what was not', async () => {
    const project = await addProject(registry())
    const v2 = new V2Client(registry())
    const digests: string[] = []
    for (const tag of ['one', 'two']) {
      const image = createUniqueImage()
      await v2.pushImage(`${project}/app`, image, tag)
      digests.push(image.descriptor.digest)
    }
    const params = { project_name: project, repository_name: 'app' }
    const listed = async (q: string) =>
      (
        await admin().call<{ digest: string }[]>(
          'GET /projects/{project_name}/repositories/{repository_name}/artifacts',
          {
            params,
            query: `q=${encodeURIComponent(q)}`,
          },
        )
      ).body.map(({ digest }) => digest)
    expect((await listed('scan=none')).toSorted()).toEqual(digests.toSorted())
    const batch = async (verb: string, items: readonly string[]) =>
      await admin().call<{ results: { item: string; status: number; reason?: string }[] }>(
        `POST /projects/{project_name}/repositories/{repository_name}/batch/${verb}`,
        { params, body: { items } },
      )
    const { body } = await batch('scan-artifacts', ['one', digests[1]!, 'absent'])
    expect(body.results.map(({ item, status }) => [item, status])).toEqual([
      ['one', 200],
      [digests[1]!, 200],
      ['absent', 404],
    ])
    const stopped = await batch('stop-scans', ['one', 'absent'])
    expect(stopped.body.results.map(({ status }) => status)).toEqual([200, 404])
    await until(async () => ((await listed('scan=failed')).includes(digests[1]!) ? true : undefined))
    expect(await listed('severity=high')).toEqual([])
    const strange = await admin().call(`GET /projects/{project_name}/repositories/{repository_name}/artifacts`, {
      params,
      query: 'q=severity%3Dterrible',
    })
    expect(strange.status).toBe(400)
  })

  interface SbomOverview {
    readonly scan_status: string
    readonly sbom_digest?: string
    readonly report_id?: string
  }
  const sbomOverview = async (params: Readonly<Record<string, string>>) => {
    const query = 'with_sbom_overview=true'
    const { body } = await admin().call<{ sbom_overview?: SbomOverview }>(`GET ${artifact}`, { params, query })
    return body.sbom_overview
  }
  const madeSbom = async (params: Readonly<Record<string, string>>) =>
    await until(async () => {
      const now = await sbomOverview(params)
      return now?.scan_status === 'Success' ? now : undefined
    })

  test('an SBOM: 202, an overview at once, and in the end an accessory whose document everybody finds', async () => {
    const params = await pushed()
    const sbom = { params, body: { scan_type: 'sbom' } }
    expect(await sbomOverview(params)).toBeUndefined()
    expect((await admin().call(`POST ${artifact}/scan`, sbom)).status).toBe(202)
    expect(['Pending', 'Running', 'Success']).toContain((await sbomOverview(params))?.scan_status ?? '')
    const { sbom_digest: digest, report_id: reportId } = await madeSbom(params)
    // As Harbor: of a success the digest is told, and no report.
    expect(reportId).toBeUndefined()
    const { body: accessories } = await admin().call<{ type: string; digest: string }[]>(
      `GET ${artifact}/accessories`,
      { params },
    )
    expect(accessories).toMatchObject([{ type: 'sbom.harbor', digest }])
    const { body: own } = await admin().call<{ type: string; addition_links: Record<string, { href: string }> }>(
      `GET ${artifact}`,
      { params: { ...params, reference: digest! } },
    )
    expect(own.type).toBe('SBOM')
    const at = (reference: string, rest = '') =>
      `${registry().url}/api/v2.0/projects/${params.project_name}/repositories/app/artifacts/${reference}/additions/sbom${rest}`
    const headers = { authorization: basicOf(registry()) }
    const document = await fetch(at(digest!), { headers })
    expect(document.headers.get('content-type')).toBe('application/vnd.goharbor.harbor.sbom.v1')
    expect(await document.json()).toMatchObject({ spdxVersion: 'SPDX-2.3' })
    const { body: image } = await admin().call<{ digest: string }>(`GET ${artifact}`, { params })
    const ofImage = await fetch(at('v1'), { headers })
    expect(await ofImage.json()).toMatchObject({ spdxVersion: 'SPDX-2.3' })
    expect(await (await fetch(at('v1', '?format=cyclonedx'), { headers })).json()).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
    })
    // What oras, Trivy and others ask for.
    const referrers = await fetch(
      `${registry().url}/v2/${params.project_name}/app/referrers/${image.digest}?artifactType=application/spdx%2Bjson`,
      { headers },
    )
    expect(await referrers.json()).toMatchObject({ manifests: [{ digest, artifactType: 'application/spdx+json' }] })
    const { body: packages } = await admin().call(`GET ${artifact}/packages`, { params })
    expect(packages).toMatchObject({ known: true, total: 0, packages: [], licences: [] })
  })

  test('an SBOM is deleted like any accessory, and the overview goes with it', async () => {
    const params = await pushed()
    await admin().call(`POST ${artifact}/scan`, { params, body: { scan_type: 'sbom' } })
    const { sbom_digest: digest } = await madeSbom(params)
    expect((await admin().call(`POST ${artifact}/scan/stop`, { params, body: { scan_type: 'sbom' } })).status).toBe(202)
    const deleted = await admin().call(`DELETE ${artifact}`, { params: { ...params, reference: digest! } })
    expect(deleted.status).toBe(200)
    expect(await sbomOverview(params)).toBeUndefined()
    const none = await admin().call<{ errors: { message: string }[] }>(`GET ${artifact}/additions/{addition}`, {
      params: { ...params, addition: 'sbom' },
    })
    expect([none.status, none.body.errors[0]?.message]).toEqual([404, 'The sbom is not found'])
  })

  test('a project with auto_sbom_generation has an SBOM made of what is pushed into it', async () => {
    const project = await addProject(registry())
    const changed = await admin().call('PUT /projects/{project_name_or_id}', {
      params: { project_name_or_id: project },
      body: { metadata: { auto_sbom_generation: 'true' } },
    })
    expect([changed.status, changed.headers.get('warning')]).toEqual([200, null])
    await new V2Client(registry()).pushImage(`${project}/app`, createUniqueImage(), 'v1')
    expect(await madeSbom({ project_name: project, repository_name: 'app', reference: 'v1' })).toBeDefined()
  })

  test('rights come before anything else, and what is not there is said', async () => {
    const params = await pushed()
    const stranger = await addAccount(registry())
    const call = (as: ApiClient) => as.call(`POST ${artifact}/scan`, { params })
    expect((await call(new ApiClient(registry(), stranger))).status).toBe(403)
    const unknown = { ...params, reference: 'nothing' }
    expect((await admin().call(`POST ${artifact}/scan`, { params: unknown })).status).toBe(404)
    const reportId = crypto.randomUUID()
    const log = await admin().call<{ errors: { message: string }[] }>(`GET ${artifact}/scan/{report_id}/log`, {
      params: { ...params, report_id: reportId },
    })
    expect([log.status, log.body.errors[0]?.message]).toEqual([404, `report with uuid ${reportId} does not exist`])
    const never = await admin().call(`POST ${artifact}/scan/stop`, { params, body: {} })
    expect(never.status).toBe(400)
  })

  test('the report of another artifact has no log here', async () => {
    const [one, other] = [await pushed(), await pushed()]
    await admin().call(`POST ${artifact}/scan`, { params: one })
    const found = await until(() => overview(one))
    const asked = { ...other, report_id: found.report_id }
    expect((await admin().call(`GET ${artifact}/scan/{report_id}/log`, { params: asked })).status).toBe(404)
  })

  test('of a scan that another project asked for there is no log here, though the image is the same', async () => {
    const [secret, other] = [await addProject(registry()), await addProject(registry())]
    const image = createUniqueImage()
    for (const project of [secret, other]) await new V2Client(registry()).pushImage(`${project}/app`, image, 'v1')
    const placeIn = (project: string) => ({ project_name: project, repository_name: 'app', reference: 'v1' })
    await admin().call(`POST ${artifact}/scan`, { params: placeIn(secret) })
    const found = await until(async () => {
      const now = await overview(placeIn(other))
      return now?.scan_status === 'Error' ? now : undefined
    })
    const logIn = async (project: string) => {
      const place = `${registry().url}/api/v2.0/projects/${project}/repositories/app/artifacts/v1/scan/${found.report_id}/log`
      return await (await fetch(place, { headers: { authorization: basicOf(registry()) } })).text()
    }
    expect(await logIn(secret)).toContain(`${secret}/app`)
    expect(await logIn(other)).toContain('another project asked for this scan')
    expect((JSON.stringify(found) + (await logIn(other))).includes(secret)).toBe(false)
  })

  test('the engine of the registry is a scanner: the default, and that of every project', async () => {
    const { project_name: project } = await pushed()
    const { body } = await admin().call<{ uuid: string; name: string; is_default: boolean }[]>('GET /scanners')
    expect(body).toMatchObject([{ name: 'Berth', is_default: true }])
    const own = await admin().call('GET /projects/{project_name_or_id}/scanner', {
      params: { project_name_or_id: project },
    })
    expect(own.body).toMatchObject({
      uuid: body[0]?.uuid,
      health: 'healthy',
      capabilities: { support_vulnerability: true, support_sbom: true },
    })
    const chosen = await admin().call('PUT /projects/{project_name_or_id}/scanner', {
      params: { project_name_or_id: project },
      body: { uuid: 'faked_uuid' },
    })
    expect(chosen.status).toBe(200)
    const again = await admin().call('GET /projects/{project_name_or_id}/scanner', {
      params: { project_name_or_id: project },
    })
    expect(again.body).toMatchObject({ uuid: body[0]?.uuid })
  })
  test('everything is scanned now and by a schedule, and told how far that is', async () => {
    const path = '/system/scanAll/schedule'
    expect((await admin().call(`GET ${path}`)).body).toEqual({})
    expect((await admin().call('GET /scans/schedule/metrics')).body).toEqual({ total: 0, completed: 0, ongoing: false })
    const params = await pushed()
    const type = (word: string, cron = '') => ({ body: { schedule: { type: word, cron } } })
    expect((await admin().call(`POST ${path}`, type('Manual'))).status).toBe(201)
    const metrics = await until(async () => {
      const { body } = await admin().call<{ ongoing: boolean; total: number }>('GET /scans/all/metrics')
      return body.ongoing ? undefined : body
    })
    expect(metrics).toMatchObject({ trigger: 'Manual', ongoing: false })
    expect(metrics.total).toBeGreaterThan(0)
    expect((await overview(params))?.scan_status).toBe('Error')
    expect((await admin().call('POST /system/scanAll/stop')).status).toBe(202)
    expect((await admin().call(`PUT ${path}`, type('Manual'))).status).toBe(400)
    expect((await admin().call(`POST ${path}`, type('Custom', '1 2'))).status).toBe(400)
    expect((await admin().call(`POST ${path}`, type('Daily', '0 0 0 * * *'))).status).toBe(201)
    expect((await admin().call(`POST ${path}`, type('Weekly', '0 0 0 * * 0'))).status).toBe(412)
    expect((await admin().call(`PUT ${path}`, type('Weekly', '0 0 0 * * 0'))).status).toBe(200)
    expect((await admin().call(`GET ${path}`)).body).toMatchObject({
      schedule: { type: 'Weekly', cron: '0 0 0 * * 0' },
    })
    for (const _ of [1, 2]) expect((await admin().call(`PUT ${path}`, type('None'))).status).toBe(200)
    expect((await admin().call(`GET ${path}`)).body).toEqual({})
    const robotless = new ApiClient(registry(), await addAccount(registry()))
    expect((await robotless.call(`POST ${path}`, type('Manual'))).status).toBe(403)
  })
})
