import { expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { addProject, describeControlledScenario } from '../harness/scenario.ts'
import { tar } from '../harness/tar.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const imageConfig = 'application/vnd.oci.image.config.v1+json'
const chartConfig = 'application/vnd.cncf.helm.config.v1+json'
const chartLayer = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'

const lines = (count: number, write: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => write(at)).join('\n')
const nested = (depth: number, open: string, close: string): string => open.repeat(depth) + close.repeat(depth)

const configs: Readonly<Record<string, string>> = {
  'history, deep': `{"history":${nested(250_000, '[', ']')}}`,
  'labels, deep': `{"config":{"Labels":${'{"a":'.repeat(60_000)}1${'}'.repeat(60_000)}}}`,
  'history, wide': `{"history":[${lines(100_000, () => '{}').replaceAll('\n', ',')}]}`,
  'a key twice': '{"os":"linux","os":"windows"}',
  'no JSON': '{"history":',
}

const charts: Readonly<Record<string, string>> = {
  'ten thousand keys': lines(10_000, (at) => `k${at}: 1`),
  'a list of 240 KB': `dependencies:\n${lines(15_000, (at) => `- {name: a${at}}`)}`,
  'sequences, deep': `dependencies: ${nested(30_000, '[', ']')}`,
  'aliases that multiply': `a: &a [x,x]\n${lines(30, (at) => `b${at}: &b${at} [*a,*a]`)}\ndependencies: [*b1]`,
}

describeControlledScenario('what somebody pushed', (registry) => {
  const push = async (config: readonly [string, string], layer?: readonly [string, Uint8Array]) => {
    const project = await addProject(registry(), [], 'public')
    const client = new V2Client(registry())
    const described = []
    for (const [mediaType, content] of [config, ...(layer === undefined ? [] : [layer])]) {
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
      described.push({ ...(await client.pushBlob(`${project}/app`, bytes)), mediaType })
    }
    const [first, ...layers] = described
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config: first, layers })
    await expectStatus(await client.pushManifest(`${project}/app`, 'v1', manifestType, manifest), 201)
    return `${registry().url}/api/v2.0/projects/${project}/repositories/app/artifacts/v1`
  }
  const pushChart = async (chart: string) =>
    await push(
      [chartConfig, '{}'],
      [
        chartLayer,
        gzipSync(
          tar([
            { path: 'app/Chart.yaml', content: chart },
            { path: 'app/README.md', content: 'hello' },
          ]),
        ),
      ],
    )

  test.each(Object.entries(configs))('is no error of ours as the config of an image: %s', async (_, config) => {
    const artifact = await push([imageConfig, config])
    // The artifact can be looked at whatever its config is.
    const shown = await fetch(artifact)
    expect(shown.status).toBe(200)
    expect(((await shown.json()) as { extra_attrs?: unknown }).extra_attrs).toBeUndefined()
    for (const part of ['additions/build_history', 'layers']) {
      const answer = await fetch(`${artifact}/${part}`)
      expect(answer.status).toBe(400)
      expect(await answer.text()).toContain('the config of this image')
    }
  })

  test.each(Object.entries(charts))(
    'is refused as a Chart.yaml that is too much, and its readme is read: %s',
    async (_, chart) => {
      const artifact = await pushChart(chart)
      const dependencies = await fetch(`${artifact}/additions/dependencies`)
      expect(dependencies.status).toBe(400)
      expect(await dependencies.text()).toContain('this chart cannot be shown: its Chart.yaml')
      const readme = await fetch(`${artifact}/additions/readme.md`)
      expect([readme.status, await readme.text()]).toEqual([200, 'hello'])
    },
  )

  test('keeps nobody waiting while it is read, as large as it may be', async () => {
    const artifact = await pushChart(`${lines(6_500, (at) => `k${at}: 1`)}\ndependencies: [{name: a}]`)
    let isOver = false
    const reading = fetch(`${artifact}/additions/dependencies`).finally(() => (isOver = true))
    let answered = 0
    while (!isOver) {
      await (await fetch(`${registry().url}/health`)).arrayBuffer()
      answered += 1
    }
    expect(await (await reading).json()).toEqual([{ name: 'a', version: '', repository: '' }])
    // One is under way when it begins, and one when it ends: were the others kept waiting, there would be no more.
    expect(answered).toBeGreaterThan(3)
  })
})
