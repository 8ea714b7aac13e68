import { expect, setDefaultTimeout, test } from 'bun:test'
import { eventually } from '../harness/eventually.ts'
import { createIndex, createUniqueImage } from '../harness/image.ts'
import { describeControlledScenario, startControlledRegistry } from '../harness/scenario.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'
import { Rules, siteSettings } from './rules.ts'

setDefaultTimeout(90_000)

describeControlledScenario(
  'a rule that follows events',
  (registry) => {
    const digestOf = async (client: V2Client, name: string, tag: string): Promise<string | undefined> => {
      const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json'
      const answer = await client.request(`/v2/${name}/manifests/${tag}`, { method: 'HEAD', headers: { accept } })
      return answer.headers.get('docker-content-digest') ?? undefined
    }

    test('brings a push, a moved tag and a deletion, and no tag that its filter leaves out', async () => {
      await using there = await startControlledRegistry({ env: siteSettings })
      const rules = new Rules(registry())
      const dest_registry = { id: await rules.addRegistry('harbor', there.url, there) }
      const rule = await rules.add({
        ...{ dest_registry, deletion: true, trigger: { type: 'event_based' } },
        filters: [
          { type: 'name', value: 'library/followed' },
          { type: 'tag', value: 'v*' },
        ],
      })
      const source = new V2Client(registry())
      const target = new V2Client(there)
      const name = 'library/followed'
      const one = createIndex([createUniqueImage('amd64'), createUniqueImage('arm64')])
      await source.pushImage(name, one, 'v1')
      await source.pushImage(name, createUniqueImage(), 'dev')
      await eventually(async () => expect(await digestOf(target, name, 'v1')).toBe(one.descriptor.digest))
      expect(await digestOf(target, name, 'dev')).toBeUndefined()

      const two = createUniqueImage()
      await source.pushImage(name, two, 'v1')
      await eventually(async () => expect(await digestOf(target, name, 'v1')).toBe(two.descriptor.digest))

      const url = `/api/v2.0/projects/library/repositories/followed/artifacts/${two.descriptor.digest}`
      await expectStatus(await source.request(url, { method: 'DELETE' }), 200)
      await eventually(async () => expect(await digestOf(target, name, 'v1')).toBeUndefined())
      await eventually(async () => {
        const runs = await rules.executions(rule)
        expect(runs.map(({ status, trigger }) => ({ status, trigger }))).toEqual(
          runs.map(() => ({ status: 'Succeed', trigger: 'event_based' })),
        )
      })
      const operations = new Set<string>()
      for (const { id } of await rules.executions(rule))
        for (const { operation } of await rules.tasks(id)) operations.add(operation)
      expect([...operations].toSorted()).toEqual(['copy', 'deletion'])
    })

    test('nothing leaves of a project that must not', async () => {
      await using there = await startControlledRegistry({ env: siteSettings })
      const rules = new Rules(registry())
      const source = new V2Client(registry())
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ project_name: 'secret', metadata: { public: 'false', must_not_leave: 'true' } })
      await expectStatus(await source.request('/api/v2.0/projects', { method: 'POST', headers, body }), 201)
      const dest_registry = { id: await rules.addRegistry('harbor', there.url, there) }
      const rule = await rules.add({ dest_registry, filters: [{ type: 'name', value: 'secret/**' }] })
      await source.pushImage('secret/app', createUniqueImage(), 'v1')
      const ended = await rules.ended(await rules.start(rule))
      expect(ended).toMatchObject({ status: 'Failed', total: 0 })
      expect(ended.status_text).toContain('must not leave')
      expect(await digestOf(new V2Client(there), 'secret/app', 'v1')).toBeUndefined()
      const audit = await rules.api.call<{ operation: string }[]>('GET /auditlog-exts', { query: 'page_size=100' })
      expect(JSON.stringify(audit.body)).toContain('secret/app')
    })
  },
  { env: siteSettings },
)
