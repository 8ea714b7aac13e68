import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { addAccount, describeControlledScenario } from '../harness/scenario.ts'
import { ApiClient, basicOf, isContractThere } from './contract-client.ts'

if (!isContractThere)
  console.error("conformance: registries are not compared with Harbor's contract, which is not there")

const credential = { username: 'ada', password: 'A-Secret-1' }
const remoteBody = (url: string, name = `r${crypto.randomUUID()}`) => ({
  name,
  type: 'docker-registry',
  url,
  insecure: false,
  credential: { type: 'basic', access_key: credential.username, access_secret: credential.password },
})

let remote: Server
let remoteUrl: string
let visitors = 0

beforeAll(async () => {
  remote = createServer((request, response) => {
    visitors += 1
    const known = request.headers.authorization === basicOf(credential)
    response.writeHead(known ? 200 : 401, known ? {} : { 'www-authenticate': 'Basic realm="remote"' }).end('{}')
  })
  await new Promise<void>((resolve) => remote.listen(0, '127.0.0.1', resolve))
  remoteUrl = `http://127.0.0.1:${(remote.address() as AddressInfo).port}`
})
afterAll(() => void remote.close())

describeControlledScenario(
  'remote registries',
  (registry) => {
    const admin = () => new ApiClient(registry())

    test('are made, shown without their secret, changed and deleted', async () => {
      const body = remoteBody(remoteUrl)
      const made = await admin().call('POST /registries', { body })
      expect(made.status).toBe(201)
      const id = Number(made.headers.get('location')?.split('/').at(-1))
      const params = { id }
      const one = await admin().call('GET /registries/{id}', { params })
      expect(one.body).toMatchObject({
        id,
        name: body.name,
        url: remoteUrl,
        status: 'healthy',
        credential: { type: 'basic', access_key: 'ada', access_secret: '*****' },
      })
      expect((await admin().call('GET /registries', { query: `q=name%3D${body.name}` })).body).toEqual([one.body])
      expect((await admin().call('GET /registries/{id}/info', { params })).body).toMatchObject({ type: body.type })
      expect((await admin().call('POST /registries', { body })).status).toBe(409)
      expect((await admin().call('PUT /registries/{id}', { params, body: { description: 'x' } })).status).toBe(200)
      expect((await admin().call('POST /registries/ping', { body: { id } })).status).toBe(200)
      const wrong = { params, body: { access_secret: 'wrong' } }
      expect((await admin().call('PUT /registries/{id}', wrong)).status).toBe(400)
      expect((await admin().call('DELETE /registries/{id}', { params })).status).toBe(200)
      expect((await admin().call('GET /registries/{id}', { params })).status).toBe(404)
    })

    test('types and what is fixed about them are told', async () => {
      expect((await admin().call('GET /replication/adapters')).body).toContain('harbor')
      expect((await admin().call('GET /replication/adapterinfos')).body).toHaveProperty('docker-hub')
    })

    test('are for system administrators alone', async () => {
      const account = await addAccount(registry())
      const calls = [
        ['GET /registries', {}],
        ['POST /registries', { body: remoteBody(remoteUrl) }],
        ['POST /registries/ping', { body: { type: 'docker-registry', url: remoteUrl } }],
        ['GET /registries/{id}', { params: { id: 1 } }],
        ['PUT /registries/{id}', { params: { id: 1 }, body: {} }],
        ['DELETE /registries/{id}', { params: { id: 1 } }],
        ['GET /registries/{id}/info', { params: { id: 1 } }],
        ['GET /replication/adapters', {}],
        ['GET /replication/adapterinfos', {}],
      ] as const
      const before = visitors
      for (const [operation, options] of calls) {
        expect((await new ApiClient(registry(), account).call(operation, options)).status).toBe(403)
        const nobody = new ApiClient(registry(), 'anonymous')
        expect((await nobody.call(operation, options)).status).toBe(401)
      }
      expect(visitors).toBe(before)
    })

    test("the registry's CVE allowlist is replaced as a whole", async () => {
      expect((await admin().call('GET /system/CVEAllowlist')).body).toMatchObject({ items: [] })
      const body = { items: [{ cve_id: 'CVE-2019-10164' }], expires_at: 4_000_000_000 }
      expect((await admin().call('PUT /system/CVEAllowlist', { body })).status).toBe(200)
      expect((await admin().call('GET /system/CVEAllowlist')).body).toMatchObject(body)
      const account = new ApiClient(registry(), await addAccount(registry()))
      expect((await account.call('PUT /system/CVEAllowlist', { body })).status).toBe(403)
    })
  },
  { env: { BERTH_OUTBOUND_ALLOW_LOCAL: 'true' } },
)

describeControlledScenario('remote registries, as the registry is installed', (registry) => {
  test.each(['127.0.0.1', 'localhost', '[::1]', '169.254.169.254', '[::ffff:127.0.0.1]', '0.0.0.0'])(
    'are not on this machine or its link: %s',
    async (host) => {
      const before = visitors
      const body = { type: 'docker-registry', url: `http://${host}:${new URL(remoteUrl).port}` }
      const answer = await new ApiClient(registry()).call('POST /registries/ping', { body })
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ code: 'BAD_REQUEST' }] } })
      expect(visitors).toBe(before)
    },
  )
})
