import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash, randomBytes } from 'node:crypto'
import { createUniqueImage, sha256 } from '../harness/image.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { replicasMissing, startReplicas, type Replica, type Replicas } from '../harness/replicas.ts'
import { expectStatus, locationOf, V2Client, withQuery } from '../harness/v2-client.ts'

const title = 'replicas on one PostgreSQL and one bucket'
const timeoutMs = 60_000

if (replicasMissing !== undefined) skipLoudly(title, replicasMissing)
else {
  describe(title, () => {
    let running: Replicas
    let first: Replica
    let second: Replica
    beforeAll(async () => {
      running = await startReplicas(2, { env: { BERTH_S3_REDIRECT: 'true', BERTH_S3_REDIRECT_MIN_SIZE: '1MB' } })
      ;[first, second] = running.replicas as [Replica, Replica]
    }, timeoutMs)
    afterAll(() => running?.[Symbol.asyncDispose]())

    /** The same place of an upload, at another replica. */
    const at = (replica: Replica, location: string) => new URL(new URL(location).pathname, replica.url).href
    const patch = async (client: V2Client, location: string, bytes: Uint8Array, start: number) =>
      locationOf(
        await expectStatus(
          await client.request(location, {
            method: 'PATCH',
            headers: { 'content-range': `${start}-${start + bytes.byteLength - 1}` },
            body: bytes,
          }),
          202,
        ),
      )

    test('an image pushed at one is pulled from the other at once', async () => {
      const image = createUniqueImage()
      const repository = first.newRepository()
      await new V2Client(first).pushImage(repository, image, 'v1')
      const pulled = await expectStatus(await new V2Client(second).request(`/v2/${repository}/manifests/v1`), 200)
      expect(pulled.headers.get('docker-content-digest')).toBe(image.descriptor.digest)
      for (const [digest, bytes] of image.content) {
        if (digest === image.descriptor.digest) continue
        const blob = await expectStatus(await new V2Client(second).request(`/v2/${repository}/blobs/${digest}`), 200)
        expect(sha256(new Uint8Array(await blob.arrayBuffer()))).toBe(sha256(bytes))
      }
    })

    test(
      'an upload begun at one goes on at the other after the first was killed, and comes back whole',
      async () => {
        const bytes = randomBytes(17_000_000)
        const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
        const repository = first.newRepository()
        const [one, other] = [new V2Client(first), new V2Client(second)]
        const begun = await patch(one, await one.startUpload(repository), bytes.subarray(0, 7_000_000), 0)
        await first.control.restart('SIGKILL')
        const goneOn = await patch(other, at(second, begun), bytes.subarray(7_000_000, 12_000_000), 7_000_000)
        const last = await patch(one, at(first, goneOn), bytes.subarray(12_000_000), 12_000_000)
        const finish = withQuery(at(second, last), `digest=${digest}`)
        await expectStatus(await other.request(finish, { method: 'PUT' }), 201)

        const answer = await expectStatus(await one.request(`/v2/${repository}/blobs/${digest}`), 307)
        const fetched = await fetch(answer.headers.get('location')!)
        expect(sha256(new Uint8Array(await fetched.arrayBuffer()))).toBe(digest)
        expect(answer.headers.get('location')).toStartWith(running.s3Endpoint)
        expect(answer.headers.get('cache-control')).toBe('no-store')
      },
      timeoutMs,
    )

    test(
      'an upload whose digest is wrong is refused and leaves nothing to pull, whichever replica received it',
      async () => {
        const bytes = randomBytes(6_000_000)
        const repository = first.newRepository()
        const [one, other] = [new V2Client(first), new V2Client(second)]
        const begun = await patch(one, await one.startUpload(repository), bytes, 0)
        const wrong = sha256('something else')
        const finish = withQuery(at(second, begun), `digest=${wrong}`)
        await expectStatus(await other.request(finish, { method: 'PUT' }), 400)
        await expectStatus(await one.request(`/v2/${repository}/blobs/${wrong}`), 404)
        await expectStatus(await one.request(`/v2/${repository}/blobs/${sha256(bytes)}`), 404)
      },
      timeoutMs,
    )

    test('a small blob is served by the replica itself, a range of a large one by the bucket', async () => {
      const client = new V2Client(first)
      const repository = first.newRepository()
      const small = await client.pushBlob(repository, randomBytes(1_000))
      await expectStatus(await client.request(`/v2/${repository}/blobs/${small.digest}`), 200)
      const bytes = randomBytes(2_000_000)
      const large = await client.pushBlob(repository, bytes)
      const headers = { range: 'bytes=5-9' }
      const answer = await expectStatus(
        await client.request(`/v2/${repository}/blobs/${large.digest}`, { headers }),
        307,
      )
      const part = await fetch(answer.headers.get('location')!, { headers })
      expect(part.status).toBe(206)
      expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(5, 10))
    })

    test('an account disabled at one is refused by the other at its next request, token and password', async () => {
      const password = `Aa1${crypto.randomUUID()}`
      await first.control.berth(['user', 'add', 'leaver', '--password-stdin'], `${password}\n`)
      await first.control.berth(['project', 'create', 'left'])
      await first.control.berth(['project', 'member', 'add', 'left', 'leaver', 'guest'])
      const client = new V2Client(second, { username: 'leaver', password })
      const token = await client.fetchToken('repository:left/app:pull')
      const asToken = () =>
        fetch(`${second.url}/v2/left/app/tags/list`, { headers: { authorization: `Bearer ${token}` } })
      await expectStatus(await client.request('/v2/'), 200)
      await expectStatus(await asToken(), 404)
      await first.control.berth(['user', 'disable', 'leaver'])
      await expectStatus(await client.request('/v2/'), 401)
      await expectStatus(await asToken(), 401)
    })
  })
}
