import { expect, test } from 'bun:test'
import { sha256 } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { expectStatus, V2Client, withQuery } from '../harness/v2-client.ts'

// CVE-2026-32589: the session of another account could be read, changed and cancelled.
describeControlledScenario('an upload session', (registry) => {
  test('is unknown to everyone but the account that began it, in its own repository and in any other', async () => {
    const [owner, stranger] = [await addAccount(registry()), await addAccount(registry())]
    const shared = await addProject(registry(), [
      { username: owner.username, role: 'developer' },
      { username: stranger.username, role: 'developer' },
    ])
    const other = await addProject(registry(), [{ username: stranger.username, role: 'developer' }])
    const ownerClient = new V2Client(registry(), owner)
    const strangerClient = new V2Client(registry(), stranger)
    const bytes = new TextEncoder().encode(crypto.randomUUID())
    const place = new URL(await ownerClient.startUpload(`${shared}/app`), registry().url)

    for (const repository of [`${shared}/app`, `${shared}/else`, `${other}/app`]) {
      const there = place.href.replace(`/v2/${shared}/app/`, `/v2/${repository}/`)
      for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
        const target = method === 'PUT' ? withQuery(there, `digest=${sha256(bytes)}`) : there
        const body = method === 'PATCH' || method === 'PUT' ? { body: bytes } : {}
        expect({
          repository,
          method,
          status: (await strangerClient.request(target, { method, ...body })).status,
        }).toEqual({
          repository,
          method,
          status: 404,
        })
      }
    }
    await expectStatus(
      await ownerClient.request(withQuery(place.href, `digest=${sha256(bytes)}`), { method: 'PUT', body: bytes }),
      201,
    )
  })

  test('is unknown in another repository of the same account', async () => {
    const client = new V2Client(registry())
    const [one, two] = [registry().newRepository(), registry().newRepository()]
    const place = await client.startUpload(one)
    await expectStatus(await client.request(place.replace(`/v2/${one}/`, `/v2/${two}/`)), 404)
    await expectStatus(await client.request(place, { method: 'DELETE' }), 204)
  })

  test('is unknown when its name was guessed or leads elsewhere', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    for (const id of [crypto.randomUUID(), 'x', '..%2f..%2fetc%2fpasswd', '%00', 'a'.repeat(5000)]) {
      const response = await client.request(`/v2/${repository}/blobs/uploads/${id}`, { method: 'PATCH', body: 'x' })
      expect([400, 404, 414]).toContain(response.status)
    }
  })
})
