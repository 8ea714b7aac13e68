import { expect, test } from 'bun:test'
import { parseManifest } from '#contract/manifest.ts'
import type { Reference, TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, system } from '#server-test/registry-for-test.ts'
import { systemClock } from '../clock.ts'
import { Totals } from '../lists/totals.ts'
import type { Condition } from '../lists/listing.ts'
import { pageArtifacts } from './artifact-list.ts'
import { pushManifest } from './push.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const repository = 'library/app' as RepositoryName
const mediaType = 'application/vnd.oci.image.manifest.v1+json'

describeEachDatabase('artifacts of a type', (open) => {
  test('are found by what they say they are, and by nothing else', async () => {
    const registry = await composeRegistryForTest(await open())
    const { database } = registry
    await registry.pushImage(repository, 'image', [bytes('config'), bytes('layer')])
    const digest = await registry.pushBlob(repository, bytes('{}'))
    const pushed = {
      chart: 'application/vnd.cncf.helm.config.v1+json',
      wasm: 'application/vnd.wasm.config.v0+json',
      strange: 'application/x-strange',
    }
    for (const [tag, type] of Object.entries(pushed)) {
      const config = { mediaType: type, digest, size: 2 }
      const content = bytes(JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] }))
      const reference: Reference = { kind: 'tag', tag: tag as TagName }
      const manifest = parseManifest(content, mediaType)
      const admission = await registry.admit(system, 'push', repository)
      await pushManifest(registry, admission, { reference, tags: [], manifest, bytes: content })
    }
    const { id: repositoryId } = await database.read.selectFrom('repository').select('id').executeTakeFirstOrThrow()
    const services = { database, totals: new Totals({ clock: systemClock }) }
    const parts = { tags: true, accessories: false, labels: false }
    const find = async (...conditions: Condition[]) => {
      const { rows, total } = await pageArtifacts(
        services,
        { repositoryId },
        { conditions, limit: 10, offset: 0 },
        parts,
      )
      expect(total).toBe(rows.length)
      return rows.map(({ tags }) => tags[0]!.name).toSorted()
    }
    const type = { key: 'type' }
    expect(await find({ ...type, kind: 'exact', value: 'IMAGE' })).toEqual(['image'])
    expect(await find({ ...type, kind: 'exact', value: 'CHART' })).toEqual(['chart'])
    expect(await find({ ...type, kind: 'exact', value: 'UNKNOWN' })).toEqual(['strange'])
    expect(await find({ ...type, kind: 'any', values: ['CHART', 'WASM'] })).toEqual(['chart', 'wasm'])
    expect(await find({ ...type, kind: 'fuzzy', value: 'as' })).toEqual(['wasm'])
    expect(await find({ ...type, kind: 'exact', value: 'NONE' })).toEqual([])
    const named = { kind: 'exact', key: 'tags', value: 'chart' } as const
    expect(await find({ ...type, kind: 'exact', value: 'CHART' }, named)).toEqual(['chart'])
    expect(await find({ ...type, kind: 'exact', value: 'IMAGE' }, named)).toEqual([])
    await expect(find({ ...type, kind: 'range', from: 'A', to: 'B' })).rejects.toThrow('type can be asked for')
  })
})
