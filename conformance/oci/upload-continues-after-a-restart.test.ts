import { expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { sha256 } from '../harness/image.ts'
import { describeControlledScenario } from '../harness/scenario.ts'
import { expectStatus, locationOf, V2Client, withQuery } from '../harness/v2-client.ts'

const chunkBytes = 1_000_000

describeControlledScenario('an upload that was begun before a restart', (registry) => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const algorithm of ['sha256', 'sha512'] as const) {
      test(`goes on after ${signal} where the registry says it is, for ${algorithm}`, async () => {
        const client = new V2Client(registry())
        const repository = registry().newRepository()
        const bytes = randomBytes(2 * chunkBytes)
        let place = await client.startUpload(repository)
        const first = await client.request(place, {
          method: 'PATCH',
          headers: { 'content-range': `0-${chunkBytes - 1}`, 'content-type': 'application/octet-stream' },
          body: bytes.subarray(0, chunkBytes),
        })
        await expectStatus(first, 202)
        place = locationOf(first)

        await registry().control.restart(signal)

        const asked = await expectStatus(await client.request(place), 204)
        expect(asked.headers.get('range')).toBe(`0-${chunkBytes - 1}`)
        const digest =
          algorithm === 'sha256'
            ? sha256(bytes)
            : `sha512:${new Bun.CryptoHasher('sha512').update(bytes).digest('hex')}`
        const last = await client.request(withQuery(locationOf(asked), `digest=${digest}`), {
          method: 'PUT',
          headers: {
            'content-range': `${chunkBytes}-${2 * chunkBytes - 1}`,
            'content-type': 'application/octet-stream',
          },
          body: bytes.subarray(chunkBytes),
        })
        await expectStatus(last, 201)
        const back = await expectStatus(await client.request(`/v2/${repository}/blobs/${digest}`), 200)
        expect(Buffer.from(await back.arrayBuffer()).equals(bytes)).toBe(true)
      }, 60_000)
    }
  }

  test('what was pushed before SIGKILL is there after it', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const blob = await client.pushBlob(repository, randomBytes(chunkBytes))
    await registry().control.restart('SIGKILL')
    const back = await expectStatus(await client.request(`/v2/${repository}/blobs/${blob.digest}`), 200)
    expect(sha256(await back.bytes())).toBe(blob.digest)
  }, 60_000)
})
