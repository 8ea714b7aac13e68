import { afterAll, expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import {
  reportOf,
  startScannerAdapter,
  vulnerabilityOf,
  type ScannerAdapterForTest,
} from '../harness/scanner-adapter.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient, basicOf } from './contract-client.ts'

const artifact = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'
const newer = 'application/vnd.security.vulnerability.report; version=1.1'
const header =
  'Repository,Artifact Digest,CVE,Package,Current Version,Fixed in version,Severity,CWE Ids,Additional Data,Scanner'

let adapter: ScannerAdapterForTest | undefined
afterAll(() => adapter?.[Symbol.asyncDispose]())

async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await Bun.sleep(100)
  }
}

interface Execution {
  readonly id: number
  readonly status: string
  readonly status_text: string
  readonly user_name: string
  readonly file_present: boolean
}

describeControlledScenario(
  'exports of scan data',
  (registry) => {
    const admin = () => new ApiClient(registry())
    const post = async (body: object, { type = newer, as = basicOf(registry()) } = {}) => {
      const answer = await fetch(`${registry().url}/api/v2.0/export/cve`, {
        method: 'POST',
        headers: {
          authorization: as,
          'content-type': 'application/json',
          ...(type === '' ? {} : { 'x-scan-data-type': type }),
        },
        body: JSON.stringify(body),
      })
      return { status: answer.status, body: (await answer.json()) as { id: number; errors?: { message: string }[] } }
    }
    const finished = async (id: number) =>
      await until(async () => {
        const { body } = await admin().call<Execution>('GET /export/cve/execution/{execution_id}', {
          params: { execution_id: id },
        })
        return body.status === 'Running' ? undefined : body
      })
    const download = async (id: number, as = basicOf(registry())) =>
      await fetch(`${registry().url}/api/v2.0/export/cve/download/${id}`, { headers: { authorization: as } })
    const exported = async (criteria: object) => {
      const { status, body } = await post(criteria)
      expect(status).toBe(200)
      const execution = await finished(body.id)
      if (!execution.file_present) return { execution, lines: [] }
      const answer = await download(body.id)
      expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="scandata_export_${body.id}.csv"`)
      const [first, ...lines] = (await answer.text()).trimEnd().split('\n')
      expect(first).toBe(header)
      return { execution, lines }
    }
    const scanned = async () => {
      adapter ??= startScannerAdapter()
      const odd = { package: '=HYPERLINK("http://evil.example")' }
      const all = [
        vulnerabilityOf('CVE-2026-0001'),
        vulnerabilityOf('CVE-2026-0002', { package: '@angular/core' }),
        vulnerabilityOf('GHSA-aaaa', odd),
      ]
      adapter.behave({ report: ({ request }) => Response.json(reportOf(request, { vulnerabilities: all })) })
      const name = `adapter-${crypto.randomUUID().slice(0, 8)}`
      await admin().call('POST /scanners', { body: { name, url: adapter.url } })
      const { body: scanners } = await admin().call<{ uuid: string }[]>('GET /scanners', { query: `name=${name}` })
      const { uuid } = scanners[0] ?? {
        uuid: (await admin().call<{ uuid: string; url: string }[]>('GET /scanners')).body.find(
          ({ url }) => url === adapter!.url,
        )!.uuid,
      }
      const project = await addProject(registry())
      const params = { project_name_or_id: project }
      await admin().call('PUT /projects/{project_name_or_id}/scanner', { params, body: { uuid } })
      const { body } = await admin().call<{ project_id: number }>('GET /projects/{project_name_or_id}', { params })
      for (const [repository, tag] of [
        ['app', 'v1'],
        ['tools/base', 'nightly'],
      ] as const) {
        await new V2Client(registry()).pushImage(`${project}/${repository}`, createUniqueImage(), tag)
        const place = { project_name: project, repository_name: encodeURIComponent(repository), reference: tag }
        await admin().call(`POST ${artifact}/scan`, { params: place })
        await until(async () => {
          const { body: found } = await admin().call<{ scan_overview?: Record<string, { scan_status: string }> }>(
            `GET ${artifact}`,
            { params: place, query: 'with_scan_overview=true' },
          )
          return found.scan_overview?.[newer]?.scan_status === 'Success' ? true : undefined
        })
      }
      return { project, projectId: body.project_id }
    }

    test('an export has every vulnerability once, chosen by the criteria, and nothing in it is computed', async () => {
      const { project, projectId } = await scanned()
      const { execution, lines } = await exported({ projects: [projectId] })
      expect(execution).toMatchObject({ status: 'Success', user_name: 'admin', status_text: '' })
      expect(lines).toHaveLength(6)
      expect(lines.some((line) => line.startsWith(`${project}/app,sha256:`))).toBe(true)
      expect(lines.some((line) => line.includes(',CVE-2026-0002,@angular/core,3.0.1,3.0.2,High,CWE-120,'))).toBe(true)
      expect(lines.filter((line) => line.includes(`"'=HYPERLINK(""http://evil.example"")"`))).toHaveLength(2)
      const count = async (criteria: object) => (await exported({ projects: [projectId], ...criteria })).lines.length
      expect(await count({ repositories: '{app,nothing}' })).toBe(3)
      expect(await count({ repositories: 'tools/**', cveIds: 'CVE-*' })).toBe(2)
      expect(await count({ tags: 'night*' })).toBe(3)
      expect(await count({ labels: [999_999] })).toBe(0)
      const none = await exported({ projects: [projectId], cveIds: 'CVE-1999-*' })
      expect(none.execution).toMatchObject({
        ...{ status: 'Success', file_present: false, status_text: 'No vulnerabilities found or matched' },
      })
      expect((await download(none.execution.id)).status).toBe(404)
    }, 60_000)

    test('only the one who asked for a file gets it, while they may', async () => {
      const { projectId, project } = await scanned()
      const developer = await addAccount(registry())
      await registry().control.berth(['project', 'member', 'add', project, developer.username, 'developer'])
      const stranger = await addAccount(registry())
      expect((await post({ projects: [projectId] }, { as: basicOf(stranger) })).status).toBe(403)
      const { body } = await post({ projects: [projectId] }, { as: basicOf(developer) })
      await until(async () => {
        const answer = await download(body.id, basicOf(developer))
        return answer.status === 200 ? true : undefined
      })
      expect([(await download(body.id)).status, (await download(body.id, basicOf(stranger))).status]).toEqual([
        403, 403,
      ])
      const read = await admin().call('GET /export/cve/execution/{execution_id}', { params: { execution_id: body.id } })
      expect(read.status).toBe(403)
      const { body: own } = await new ApiClient(registry(), developer).call<{ items: Execution[] }>(
        'GET /export/cve/executions',
      )
      expect(own.items.map(({ id }) => id)).toEqual([body.id])
      await registry().control.berth(['project', 'member', 'remove', project, developer.username])
      expect((await download(body.id, basicOf(developer))).status).toBe(403)
    }, 60_000)

    test('what cannot be exported is refused in the words of Harbor', async () => {
      const refusal = async (body: object, type = newer) => {
        const answer = await post(body, { type })
        return [answer.status, answer.body.errors?.[0]?.message]
      }
      expect(await refusal({ projects: [1] }, '')).toEqual([422, 'X-Scan-Data-Type in header is required'])
      expect(await refusal({ projects: [1] }, 'text/html')).toEqual([
        400,
        'bad request: Unsupported MIME type : text/html',
      ])
      const several = 'bad request: only support export single project, invalid value: [1 5]'
      expect(await refusal({ projects: [1, 5] })).toEqual([400, several])
      expect((await refusal({}))[0]).toBe(400)
      expect(await refusal({ projects: [999_999] })).toEqual([404, 'resource not found: project 999999 not found'])
      const blank = 'bad request: invalid criteria value, please remove additional spaces for input: a b'
      expect(await refusal({ projects: [1], tags: 'a b' })).toEqual([400, blank])
      expect((await refusal({ projects: [1], tags: '[' }))[0]).toBe(400)
      expect((await download(999_999)).status).toBe(404)
    })
  },
  { env: { BERTH_OUTBOUND_ALLOW_LOCAL: 'true', BERTH_HOSTNAME: '127.0.0.1' } },
)
