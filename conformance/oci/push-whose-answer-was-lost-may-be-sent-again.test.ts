import { expect, test } from 'bun:test'
import { sha256 } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { expectStatus, V2Client, withQuery } from '../harness/v2-client.ts'

describeControlledScenario('the end of an upload', (registry) => {
  test('is answered the same when it is asked for again, and to nobody else', async () => {
    const [owner, stranger] = [await addAccount(registry()), await addAccount(registry())]
    const project = await addProject(registry(), [
      { username: owner.username, role: 'developer' },
      { username: stranger.username, role: 'developer' },
    ])
    const client = new V2Client(registry(), owner)
    const bytes = new TextEncoder().encode(crypto.randomUUID())
    for (const whole of [true, false]) {
      const place = await client.startUpload(`${project}/app`)
      const end = withQuery(place, `digest=${sha256(bytes)}`)
      if (!whole) await expectStatus(await client.request(place, { method: 'PATCH', body: bytes }), 202)
      const put = { method: 'PUT', ...(whole ? { body: bytes } : {}) }
      const told = await Promise.all(
        [await client.request(end, put), await client.request(end, put), await client.request(end, put)].map(
          (answer) => [
            answer.status,
            new URL(answer.headers.get('location') ?? '', registry().url).pathname,
            answer.headers.get('docker-content-digest'),
          ],
        ),
      )
      const expected = [201, `/v2/${project}/app/blobs/${sha256(bytes)}`, sha256(bytes)]
      expect(told).toEqual([expected, expected, expected])
      await expectStatus(await new V2Client(registry(), stranger).request(end, put), 404)
      await expectStatus(await client.request(end.replace(`${project}/app`, `${project}/else`), put), 404)
      await expectStatus(await client.request(withQuery(place, `digest=${sha256(new Uint8Array(3))}`), put), 404)
      await expectStatus(await client.request(place, { method: 'PATCH', body: bytes }), 404)
    }
  }, 30_000)
})
