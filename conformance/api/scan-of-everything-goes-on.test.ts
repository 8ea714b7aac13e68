import { expect, test } from 'bun:test'
import { createImage } from '../harness/image.ts'
import { addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient, basicOf } from './contract-client.ts'

const images = 24

interface Progress {
  readonly total: number
  readonly completed: number
  readonly ongoing: boolean
}

interface Job {
  readonly id: number
  readonly status: string
}

/** The short form of `npm run bench -- scanning`, which does it with a thousand and tells the time. */
describeControlledScenario('a scan of everything', (registry) => {
  const admin = () => new ApiClient(registry())
  const progress = async () => (await admin().call<Progress>('GET /scans/all/metrics')).body
  const scanAll = async (): Promise<Progress> => {
    const begun = await admin().call('POST /system/scanAll/schedule', { body: { schedule: { type: 'Manual' } } })
    expect(begun.status).toBe(201)
    for (;;) {
      const now = await progress()
      if (!now.ongoing) return now
      await Bun.sleep(50)
    }
  }
  const importData = async (names: readonly string[]) => {
    const body = names
      .map((name) => ({
        id: `GHSA-${name}`,
        modified: '2026-01-02T00:00:00Z',
        affected: [
          { package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }] },
        ],
      }))
      .map((each) => JSON.stringify(each))
      .join('\n')
    const answer = await fetch(`${registry().url}/api/v2.0/system/vulnerability-data`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/octet-stream', authorization: basicOf(registry()) },
    })
    const { job_id: id } = (await answer.json()) as { job_id: number }
    for (;;) {
      const { body: job } = await admin().call<Job>('GET /jobs/{job_id}', { params: { job_id: id } })
      if (job.status === 'succeeded') return
      expect(job.status).not.toBe('failed')
      await Bun.sleep(50)
    }
  }
  const logOf = async (id: number) => {
    const { body } = await admin().call<readonly { line: string }[]>('GET /jobs/{job_id}/log', {
      params: { job_id: id },
    })
    return body.map(({ line }) => line).join('\n')
  }

  test('that is stopped is gone on with, does nothing again on the same data, and reads no layer again on newer data', async () => {
    const project = await addProject(registry())
    for (let at = 0; at < images; at += 1) {
      const content = JSON.stringify({ name: `app-${at}`, version: '1.0.0' })
      const image = createImage({ layers: [[{ path: `app/node_modules/app-${at}/package.json`, content }]] })
      await new V2Client(registry()).pushImage(`${project}/app-${at}`, image, 'v1')
    }
    await importData(['app-0'])
    await admin().call('POST /system/scanAll/schedule', { body: { schedule: { type: 'Manual' } } })
    while ((await progress()).completed === 0) await Bun.sleep(20)
    await admin().call('POST /system/scanAll/stop')
    while ((await progress()).ongoing) await Bun.sleep(50)
    const { body: first } = await admin().call<readonly Job[]>('GET /jobs', {
      query: 'kind=scan-artifact&status=succeeded&page_size=100',
    })
    const rest = await scanAll()
    expect(rest.total).toBe(images - first.length)
    expect(rest.completed).toBe(rest.total)
    expect((await scanAll()).total).toBe(0)
    await importData(['app-1'])
    expect(await scanAll()).toMatchObject({ total: images, completed: images })
    const { body: newest } = await admin().call<readonly Job[]>('GET /jobs', {
      query: 'kind=scan-artifact&page_size=1',
    })
    expect(await logOf(newest[0]!.id)).toContain('no layer is read')
  }, 120_000)
})
