import { expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { createUniqueImage, describeBytes } from '../harness/image.ts'
import { addProject, describeControlledScenario } from '../harness/scenario.ts'
import { tar } from '../harness/tar.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient, basicOf } from './contract-client.ts'

const artifact = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'

describeControlledScenario('what an artifact tells, and where its tags have been', (registry) => {
  const admin = () => new ApiClient(registry())
  const client = () => new V2Client(registry())

  test('a tag’s history says what it named, who moved it and when, also when it is gone', async () => {
    const project = await addProject(registry())
    const [one, two] = [await createUniqueImage(), await createUniqueImage()]
    for (const image of [one, one, two]) await client().pushImage(`${project}/app`, image, 'latest')
    const params = { project_name: project, repository_name: 'app', tag_name: 'latest' }
    await admin().call(`DELETE ${artifact}/tags/{tag_name}`, { params: { ...params, reference: 'latest' } })
    const { body, headers } = await admin().call<{ digest?: string; username: string }[]>(
      'GET /projects/{project_name}/repositories/{repository_name}/tags/{tag_name}/history',
      { params },
    )
    const by = { username: registry().username, moved_at: expect.any(String) }
    // Pushed again without a change, it did not move.
    expect(body).toEqual([
      { ...by },
      { ...by, digest: two.descriptor.digest },
      { ...by, digest: one.descriptor.digest },
    ])
    expect(headers.get('x-total-count')).toBe('3')
  })

  const pushChart = async (repository: string, files: readonly { name: string; content: string }[]) => {
    const config = new TextEncoder().encode(JSON.stringify({ name: 'app', version: '1.0.0', description: 'a chart' }))
    const packed = gzipSync(tar(files.map(({ name, content }) => ({ path: name, content }))))
    const blobs = [
      { ...(await client().pushBlob(repository, config)), mediaType: 'application/vnd.cncf.helm.config.v1+json' },
      {
        ...(await client().pushBlob(repository, packed)),
        mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
      },
    ]
    const mediaType = 'application/vnd.oci.image.manifest.v1+json'
    const manifest = new TextEncoder().encode(
      JSON.stringify({ schemaVersion: 2, mediaType, config: blobs[0], layers: [blobs[1]] }),
    )
    const pushed = await client().pushManifest(repository, '1.0.0', mediaType, manifest)
    expect(pushed.status).toBe(201)
    return describeBytes(mediaType, manifest).digest
  }
  const readAddition = async (project: string, addition: string) =>
    await fetch(
      `${registry().url}/api/v2.0/projects/${project}/repositories/app/artifacts/1.0.0/additions/${addition}`,
      {
        headers: { authorization: basicOf(registry()) },
      },
    )

  test('a Helm chart shows its readme, values and dependencies, as text that runs nowhere', async () => {
    const project = await addProject(registry())
    await pushChart(`${project}/app`, [
      {
        name: 'app/Chart.yaml',
        content: 'name: app\ndependencies:\n- {name: redis, version: ~1, repository: "https://x"}\n',
      },
      { name: 'app/README.md', content: '# App\n<script>alert(1)</script>\n' },
      { name: 'app/values.yaml', content: 'replicas: 2\n' },
      { name: 'app/charts/redis/README.md', content: 'not this one' },
    ])
    const readme = await readAddition(project, 'readme.md')
    expect([readme.status, await readme.text()]).toEqual([200, '# App\n<script>alert(1)</script>\n'])
    expect(readme.headers.get('content-type')).toBe('text/markdown; charset=utf-8')
    expect(readme.headers.get('content-security-policy')).toContain('sandbox')
    expect(await (await readAddition(project, 'values.yaml')).text()).toBe('replicas: 2\n')
    expect(await (await readAddition(project, 'dependencies')).json()).toEqual([
      { name: 'redis', version: '~1', repository: 'https://x' },
    ])
    const params = { project_name: project, repository_name: 'app', reference: '1.0.0' }
    const shown = await admin().call<{ type: string; addition_links: object }>(`GET ${artifact}`, { params })
    expect(shown.body.type).toBe('CHART')
    expect(Object.keys(shown.body.addition_links)).toEqual(['dependencies', 'readme.md', 'values.yaml'])
    expect((await readAddition(project, 'build_history')).status).toBe(400)
  })

  test('a chart made to be expensive is refused, and the registry goes on', async () => {
    const project = await addProject(registry())
    await pushChart(`${project}/app`, [{ name: 'app/README.md', content: 'x'.repeat(80 << 20) }])
    expect((await readAddition(project, 'readme.md')).status).toBe(400)
    const aliases = `a: &a [x,x,x,x]\nb: &b [*a,*a,*a]\ndependencies: [*b,*b,*b]\n`
    await pushChart(`${project}/app`, [{ name: 'app/Chart.yaml', content: aliases }])
    expect((await readAddition(project, 'dependencies')).status).toBe(400)
    expect((await admin().call('GET /health')).status).toBe(200)
  })
})
