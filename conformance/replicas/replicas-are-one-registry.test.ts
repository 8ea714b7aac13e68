import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
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
    let third: Replica
    beforeAll(async () => {
      running = await startReplicas(3, { env: { BERTH_S3_REDIRECT: 'true', BERTH_S3_REDIRECT_MIN_SIZE: '1MB' } })
      ;[first, second, third] = running.replicas as [Replica, Replica, Replica]
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

    test('a blob deleted from a repository stays deleted at every replica, whoever reads it elsewhere', async () => {
      const [one, other] = [first.newRepository('one'), first.newRepository('other')]
      const clients = [first, second, third].map((replica) => new V2Client(replica))
      const bytes = randomBytes(2_000)
      const { digest } = await clients[0]!.pushBlob(one, bytes)
      await clients[1]!.pushBlob(other, bytes)
      const at = (repository: string) =>
        Promise.all(clients.map(async (client) => (await client.request(`/v2/${repository}/blobs/${digest}`)).status))
      expect(await at(one)).toEqual([200, 200, 200])
      await expectStatus(await clients[2]!.request(`/v2/${one}/blobs/${digest}`, { method: 'DELETE' }), 202)
      for (let turn = 0; turn < 3; turn++) {
        expect(await at(one)).toEqual([404, 404, 404])
        expect(await at(other)).toEqual([200, 200, 200])
      }
    })

    test('a tag moved or a manifest deleted at one is so at every other at once', async () => {
      const clients = [first, second, third].map((replica) => new V2Client(replica))
      const repository = first.newRepository('changing')
      const images = [createUniqueImage(), createUniqueImage()]
      const headers = { accept: '*/*' }
      const shown = async () =>
        await Promise.all(
          clients.map(async (client) => {
            const answer = await client.request(`/v2/${repository}/manifests/v1`, { headers })
            return answer.status === 200 ? answer.headers.get('docker-content-digest') : answer.status
          }),
        )
      for (const [turn, image] of images.entries()) {
        await clients[turn]!.pushImage(repository, image, 'v1')
        expect(await shown()).toEqual(clients.map(() => image.descriptor.digest))
      }
      const last = `/v2/${repository}/manifests/${images[1]!.descriptor.digest}`
      await expectStatus(await clients[0]!.request(last, { method: 'DELETE' }), 202)
      expect(await shown()).toEqual([404, 404, 404])
    })

    test('a session begun at one is known at every other, and ends at all of them', async () => {
      const asBrowser = async (replica: Replica, cookie: string) =>
        (await fetch(`${replica.url}/api/v2.0/users/current`, { headers: { cookie } })).status
      const page = await fetch(`${first.url}/c/login`, { method: 'GET' })
      const token = page.headers.get('x-harbor-csrf-token') ?? ''
      const csrf = page.headers
        .getSetCookie()
        .map((each) => each.split(';')[0])
        .join('; ')
      const body = new URLSearchParams({ principal: first.username, password: first.password })
      const headers = { cookie: csrf, 'x-harbor-csrf-token': token }
      const signedIn = await fetch(`${second.url}/c/login`, { method: 'POST', headers, body })
      expect(signedIn.status).toBe(200)
      const session = signedIn.headers
        .getSetCookie()
        .map((each) => each.split(';')[0])
        .join('; ')
      for (const replica of [first, second, third]) expect(await asBrowser(replica, session)).toBe(200)
      await fetch(`${third.url}/c/log_out`, { headers: { cookie: session } })
      for (const replica of [first, second, third]) expect(await asBrowser(replica, session)).toBe(401)
    })

    test('a token of any replica is good at every other', async () => {
      for (const issuer of [first, second, third]) {
        const token = await new V2Client(issuer).fetchToken('repository:library/x:pull')
        for (const replica of [first, second, third]) {
          const answer = await fetch(`${replica.url}/v2/`, { headers: { authorization: `Bearer ${token}` } })
          expect(answer.status).toBe(200)
        }
      }
    })

    test('guesses at a password are counted together, whichever replica they reach', async () => {
      await first.control.berth(['user', 'add', 'guessed', '--password-stdin'], `Aa1${crypto.randomUUID()}\n`)
      const statuses: number[] = []
      for (let guess = 0; guess < 12; guess++) {
        const replica = [first, second, third][guess % 3]!
        const client = new V2Client(replica, { username: 'guessed', password: `wrong-${guess}` })
        statuses.push((await client.request('/v2/')).status)
      }
      // Five are free. Each replica by itself would have let all of them through: four each.
      expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401])
      expect(statuses.slice(5)).toContain(429)
    })

    test(
      'a replica of this version is replaced while the next one has migrated by adding, and not when it took away',
      async () => {
        const sql = new SQL(running.databaseUrl)
        try {
          await sql`create table of_the_next_version (id bigint)`
          await sql`alter table project add column of_the_next_version text`
          await sql`insert into schema_migration values ('9001-adds', 1, 1)`
          const image = createUniqueImage()
          await new V2Client(second).pushImage(second.newRepository(), image, 'v1')
          await third.control.restart('SIGTERM')
          const repository = third.newRepository()
          await new V2Client(third).pushImage(repository, image, 'v1')
          await expectStatus(await new V2Client(first).request(`/v2/${repository}/manifests/v1`), 200)
          await sql`insert into schema_migration values ('9002-takes', 1, 0)`
          await expect(third.control.restart('SIGTERM')).rejects.toThrow('9002-takes')
          await sql`delete from schema_migration where name = '9002-takes'`
          await third.control.restart('SIGTERM')
        } finally {
          await sql.close()
        }
      },
      timeoutMs,
    )
  })
}
