import { expect, test } from 'bun:test'
import { describeScenario } from '../harness/scenario.ts'
import { V2Client, withQuery } from '../harness/v2-client.ts'

/** distribution-spec v1.1 §end-11: what cannot be mounted is uploaded. */
const sources = ['', 'Library/B1', 'nope/x', 'library//b', '/library/b', 'library/b/', '../b', 'a'.repeat(300), '%00']

describeScenario('a mount whose source cannot be one', (registry) => {
  test('begins an upload that takes the blob', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const bytes = new TextEncoder().encode('mount me')
    const { digest } = await client.pushBlob(repository, bytes)
    for (const from of [...sources, `${registry().host}/${repository}`]) {
      const target = registry().newRepository()
      const location = await client.startUpload(target, `?mount=${digest}&from=${encodeURIComponent(from)}`)
      const closed = await client.request(withQuery(location, `digest=${digest}`), { method: 'PUT', body: bytes })
      expect([from, closed.status]).toEqual([from, 201])
    }
  })

  test('of which the name alone is wrong, without a mount, is not looked at', async () => {
    await new V2Client(registry()).startUpload(registry().newRepository(), '?from=Library/B1')
  })
})
