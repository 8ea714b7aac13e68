import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { fillRegistry, readRepositories, readTags, startDistribution, whyMissing } from '../harness/distribution.ts'
import { skipLoudly } from '../harness/real-client.ts'
import type { RegistryUnderTest } from '../harness/registry.ts'
import { controlMissing, startControlledRegistry, type ControlledRegistry } from '../harness/scenario.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'
import { Rules, siteSettings } from './rules.ts'

setDefaultTimeout(120_000)

const images = 60
/** Distribution takes a name without a project; a Berth has none. */
const inProjects = 'library/single'

async function makeProjects(site: RegistryUnderTest): Promise<void> {
  for (const project_name of ['team', 'many']) {
    const body = JSON.stringify({ project_name, metadata: { public: 'false' } })
    const headers = { 'content-type': 'application/json' }
    await expectStatus(await new V2Client(site).request('/api/v2.0/projects', { method: 'POST', headers, body }), 201)
  }
}

async function referrersOf(client: V2Client, repository: string, subject: string): Promise<string[]> {
  const answer = await client.request(`/v2/${repository}/referrers/${subject}`)
  const { manifests } = (await (await expectStatus(answer, 200)).json()) as { manifests: { digest: string }[] }
  return manifests.map(({ digest }) => digest).toSorted()
}

if (controlMissing !== undefined) skipLoudly('replication brings everything over', controlMissing)
else {
  describe('between two Berths', () => {
    const owned = new AsyncDisposableStack()
    let here: ControlledRegistry
    let there: ControlledRegistry

    beforeAll(async () => {
      here = owned.use(await startControlledRegistry({ env: siteSettings }))
      there = owned.use(await startControlledRegistry({ env: siteSettings }))
      await makeProjects(here)
      await fillRegistry(new V2Client(here), images, 4, inProjects)
    })
    afterAll(() => owned.disposeAsync())

    const expectSame = async (to: RegistryUnderTest, nameOf?: (name: string) => string) => {
      const source = new V2Client(here)
      const repositories = await readRepositories(source)
      const tags = await readTags(source, repositories)
      expect(await readTags(new V2Client(to), repositories, nameOf)).toEqual(tags)
      let found = 0
      for (const [repository, named] of tags) {
        for (const digest of new Set(named.values())) {
          const signatures = await referrersOf(source, repository, digest)
          const name = nameOf?.(repository) ?? repository
          expect(await referrersOf(new V2Client(to), name, digest)).toEqual(signatures)
          found += signatures.length
        }
      }
      expect(found).toBeGreaterThan(0)
    }

    test('a push makes the projects and brings tags, indexes and signatures', async () => {
      const rules = new Rules(here)
      const dest_registry = { id: await rules.addRegistry('harbor', there.url, there) }
      const rule = await rules.add({ dest_registry, trigger: { type: 'manual' } })
      const { total, succeed, trigger } = await rules.run(rule)
      expect({ total, succeed, trigger }).toEqual({ total: succeed, succeed, trigger: 'manual' })
      expect(total).toBe((await readRepositories(new V2Client(here))).length)
      await expectSame(there)
    })

    test('the second run finds nothing to do', async () => {
      const rules = new Rules(here)
      const [{ policy_id: rule } = { policy_id: 0 }] = (
        await rules.api.call<{ policy_id: number }[]>('GET /replication/executions')
      ).body
      expect(await rules.run(rule)).toMatchObject({ total: 0, status_text: 'no resources need to be replicated' })
    })

    test('a pull brings the same under another name', async () => {
      await using third = await startControlledRegistry({ env: siteSettings })
      const rules = new Rules(third)
      const src_registry = { id: await rules.addRegistry('harbor', here.url, here) }
      const mirrored = { dest_namespace: 'mirror', dest_namespace_replace_count: 0 }
      await rules.run(await rules.add({ src_registry, ...mirrored }))
      await expectSame(third, (name) => `mirror/${name}`)
    })

    test('filters of name, tag and label choose what goes', async () => {
      await using third = await startControlledRegistry({ env: siteSettings })
      const rules = new Rules(third)
      const src_registry = { id: await rules.addRegistry('harbor', here.url, here) }
      const filters = [
        { type: 'name', value: 'team/**' },
        { type: 'tag', value: 'v*', decoration: 'matches' },
        { type: 'tag', value: 'v11', decoration: 'excludes' },
      ]
      await rules.run(await rules.add({ src_registry, filters }))
      const expected = [...(await readTags(new V2Client(here), ['team/web', 'team/web/api', 'team/deep/er/still']))]
        .map(([name, tags]) => [name, [...tags.keys()].filter((tag) => tag.startsWith('v') && tag !== 'v11')] as const)
        .filter(([, tags]) => tags.length > 0)
        .toSorted()
      const repositories = await readRepositories(new V2Client(third))
      const found = [...(await readTags(new V2Client(third), repositories))].map(
        ([name, tags]) => [name, [...tags.keys()]] as const,
      )
      expect(found.toSorted()).toEqual(expected)
      expect(expected.length).toBeGreaterThan(1)

      const labelled = await rules.add({ src_registry, filters: [{ type: 'label', value: ['nobody-has-this'] }] })
      expect(await rules.run(labelled)).toMatchObject({ total: 0 })
    })
  })

  for (const [title, program] of [
    ['Distribution 2.8', 'docker-registry'],
    ['Distribution 3', 'distribution-registry'],
  ] as const) {
    const missing = whyMissing(program)
    if (missing !== undefined) {
      skipLoudly(`replication with ${title}`, missing)
      continue
    }
    describe(`with ${title}`, () => {
      const owned = new AsyncDisposableStack()
      let here: ControlledRegistry
      let folder: string
      beforeAll(async () => {
        folder = owned.use(await createTemporaryFolder()).path
        here = owned.use(await startControlledRegistry({ env: siteSettings }))
        await makeProjects(here)
        await fillRegistry(new V2Client(here), images, 4, inProjects)
      })
      afterAll(() => owned.disposeAsync())

      test('pushes to it and pulls from it, with every digest', async () => {
        await using remote = await startDistribution(join(folder, program), undefined, program)
        await using back = await startControlledRegistry({ env: siteSettings })
        const out = new Rules(here)
        const dest_registry = { id: await out.addRegistry('docker-registry', `http://${remote.host}`) }
        await out.run(await out.add({ dest_registry }))
        const source = new V2Client(here)
        const repositories = await readRepositories(source)
        const tags = await readTags(source, repositories)
        expect(await readTags(remote.client, repositories)).toEqual(tags)

        const into = new Rules(back)
        const src_registry = { id: await into.addRegistry('docker-registry', `http://${remote.host}`) }
        await into.run(await into.add({ src_registry }))
        expect(await readTags(new V2Client(back), repositories)).toEqual(tags)
      })
    })
  }
}
