import { expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient } from './contract-client.ts'

const repository = '/projects/{project_name}/repositories/{repository_name}'

describeControlledScenario(
  'a registry in which nothing is deleted',
  (registry) => {
    test('deleting is refused at every door, and everything stays', async () => {
      const project = await addProject(registry())
      const image = await createUniqueImage()
      const client = new V2Client(registry())
      await client.pushImage(`${project}/app`, image, 'v1')
      const { digest } = image.descriptor
      const [blob = ''] = [...image.content.keys()].filter((each) => each !== digest)
      const gone = async (path: string) =>
        (await client.request(`/v2/${project}/app/${path}`, { method: 'DELETE' })).status
      expect([await gone(`manifests/${digest}`), await gone('manifests/v1'), await gone(`blobs/${blob}`)]).toEqual([
        405, 405, 405,
      ])
      const admin = new ApiClient(registry())
      const params = { project_name: project, repository_name: 'app', reference: 'v1', tag_name: 'v1' }
      const statuses = [
        (await admin.call(`DELETE ${repository}/artifacts/{reference}`, { params })).status,
        (await admin.call(`DELETE ${repository}/artifacts/{reference}/tags/{tag_name}`, { params })).status,
        (await admin.call(`DELETE ${repository}`, { params })).status,
      ]
      expect(statuses).toEqual([405, 405, 405])
      const trash = [
        (await admin.call('DELETE /system/trash')).status,
        (await admin.call('DELETE /projects/{project_name_or_id}/trash', { params: { project_name_or_id: project } }))
          .status,
      ]
      expect(trash).toEqual([405, 405])
      const collect = async (dryRun: boolean) => {
        const parameters = { delete_untagged: true, dry_run: dryRun }
        const body = { schedule: { type: 'Manual' }, parameters }
        return (await admin.call('POST /system/gc/schedule', { body })).status
      }
      expect([await collect(false), await collect(true)]).toEqual([405, 201])
      const retention = await retentionOfNothing(admin, project)
      const run = async (dryRun: boolean) =>
        await admin.call('POST /retentions/{id}/executions', { params: { id: retention }, body: { dry_run: dryRun } })
      expect([(await run(false)).status, (await run(true)).status]).toEqual([405, 201])
      expect((await admin.call(`GET ${repository}/artifacts/{reference}`, { params })).status).toBe(200)
    })
  },
  { env: { BERTH_DELETE_ENABLED: 'false' } },
)

/** The id of a policy that keeps nothing. */
async function retentionOfNothing(admin: ApiClient, project: string): Promise<number> {
  const { body } = await admin.call<{ project_id: number }>('GET /projects/{project_name_or_id}', {
    params: { project_name_or_id: project },
  })
  const made = await admin.call('POST /retentions', {
    body: {
      algorithm: 'or',
      rules: [
        {
          action: 'retain',
          template: 'latestPushedK',
          params: { latestPushedK: 0 },
          tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: '**' }],
          scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
        },
      ],
      trigger: { kind: 'Schedule', settings: { cron: '' } },
      scope: { level: 'project', ref: body.project_id },
    },
  })
  return Number(/\d+$/.exec(made.headers.get('location')!)![0])
}

describeControlledScenario('addresses of this machine that an administrator types in', (registry) => {
  const admin = () => new ApiClient(registry())

  test.each([
    '127.0.0.1:1389',
    '[::1]:1389',
    '[::ffff:127.0.0.1]:1389',
    '0.0.0.0:1389',
    '169.254.169.254',
    '2130706433:1389',
    '0x7f.1:1389',
    'localhost:1389',
  ])('a directory at %s is not called', async (host) => {
    const body = { ldap_url: `ldap://${host}`, ldap_base_dn: 'dc=example,dc=org' }
    const answer = await admin().call<{ success: boolean; message: string }>('POST /ldap/ping', { body })
    expect(answer.body.success).toBe(false)
    expect(answer.body.message).toMatch(/is an address of this machine or its link|should look like/)
  })

  test.each(['http://127.0.0.1:1', 'http://[::ffff:7f00:1]:1', 'http://169.254.169.254', 'http://2130706433:1'])(
    'a provider at %s is not called',
    async (url) => {
      const answer = await admin().call<{ errors: { message: string }[] }>('POST /system/oidc/ping', { body: { url } })
      expect(answer.status).toBe(400)
      expect(answer.body.errors[0]!.message).toContain('is an address of this machine or its link')
    },
  )

  test.each(['file:///etc/passwd', 'gopher://example.org', 'ldap://example.org', 'https://user@example.org:x'])(
    '%s is no provider',
    async (url) => {
      expect((await admin().call('POST /system/oidc/ping', { body: { url } })).status).toBe(400)
    },
  )
})

describeControlledScenario('an artifact with very many referrers', (registry) => {
  test('it is listed page by page, and deleted while others are served', async () => {
    const project = await addProject(registry())
    const client = new V2Client(registry())
    const image = await createUniqueImage()
    await client.pushImage(`${project}/app`, image, 'v1')
    const mediaType = 'application/vnd.oci.image.manifest.v1+json'
    const empty = await client.pushBlob(`${project}/app`, new TextEncoder().encode('{}'))
    const config = { ...empty, mediaType: 'application/vnd.oci.empty.v1+json' }
    const count = 600
    for (let at = 0; at < count; at += 50) {
      const pushes = Array.from({ length: 50 }, async (_, offset) => {
        const manifest = new TextEncoder().encode(
          JSON.stringify({
            schemaVersion: 2,
            mediaType,
            artifactType: 'application/vnd.example.note',
            config,
            layers: [config],
            subject: image.descriptor,
            annotations: { number: String(at + offset) },
          }),
        )
        const digest = `sha256:${new Bun.CryptoHasher('sha256').update(manifest).digest('hex')}`
        expect((await client.pushManifest(`${project}/app`, digest, mediaType, manifest)).status).toBe(201)
      })
      await Promise.all(pushes)
    }
    const admin = new ApiClient(registry())
    const params = { project_name: project, repository_name: 'app', reference: image.descriptor.digest }
    const page = await admin.call<object[]>(`GET ${repository}/artifacts/{reference}/accessories`, {
      params,
      query: 'page_size=100&page=6',
    })
    expect([page.body.length, page.headers.get('x-total-count')]).toEqual([100, String(count)])
    const deleted = admin.call(`DELETE ${repository}/artifacts/{reference}`, { params })
    expect((await admin.call('GET /health')).status).toBe(200)
    expect((await deleted).status).toBe(200)
  }, 60_000)
})
