import { expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient } from './contract-client.ts'

describeControlledScenario('the security hub', (registry) => {
  const admin = () => new ApiClient(registry())

  test('counts what is there, and shows nothing where nothing was found', async () => {
    const project = await addProject(registry())
    await new V2Client(registry()).pushImage(`${project}/app`, createUniqueImage(), 'v1')
    const query = 'with_dangerous_cve=true&with_dangerous_artifact=true'
    const { body } = await admin().call('GET /security/summary', { query })
    expect(body).toMatchObject({ critical_cnt: 0, total_vuls: 0, fixable_cnt: 0, total_artifact: 1 })
    const q = `q=${encodeURIComponent('repository_name=x,cvss_score_v3=[0~10]')}&tune_count=true&with_tag=true`
    const found = await admin().call('GET /security/vul', { query: q })
    expect([found.status, found.body, found.headers.get('x-total-count')]).toEqual([200, [], '0'])
    const strange = await admin().call<{ errors: { message: string }[] }>('GET /security/vul', {
      query: 'q=strange%3D1',
    })
    expect([strange.status, strange.body.errors[0]?.message]).toEqual([
      400,
      'bad request: keyword: strange is not allowed',
    ])
  })

  test('and scans of everything are at hand on the command line', async () => {
    const { control } = registry()
    const berth = async (...args: string[]) => JSON.parse(await control.berth([...args, '--output', 'json']))
    await berth('scan-all', 'schedule', '0 0 3 * * *', '--time-zone', 'Asia/Shanghai')
    expect(await berth('scan-all', 'schedule')).toMatchObject({ cron: '0 0 3 * * *', time_zone: 'Asia/Shanghai' })
    expect(await berth('scan-all', 'status')).toMatchObject({ total: 0, ongoing: false })
    await berth('scan-all', 'run')
    expect(await berth('scan-all', 'status')).toMatchObject({ trigger: 'Manual' })
    expect(await berth('scan-all', 'failures')).toBeArray()
    expect(await berth('security', 'show')).toMatchObject({ critical_cnt: 0 })
    for (const [verb, ...flags] of [
      ['list', '--exploited', '--severity', 'High', '--cve', '2026'],
      ['findings', '--package', 'musl', '--fixable', '--score', '7.0~10.0', '--tag', 'v1'],
      ['artifacts'],
      ['rebuilds'],
    ] as const)
      expect([verb, await berth('security', verb, ...flags)]).toEqual([verb, []])
  })

  test('is not for everybody', async () => {
    const somebody = new ApiClient(registry(), await addAccount(registry()))
    for (const operation of ['summary', 'vul', 'vulnerabilities', 'artifacts', 'rebuilds'].map(
      (of) => `GET /security/${of}`,
    ))
      expect((await somebody.call(operation)).status).toBe(403)
  })
})
