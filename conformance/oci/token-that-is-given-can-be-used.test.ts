import { expect, test } from 'bun:test'
import { describeScenario } from '../harness/scenario.ts'
import { errorCodesOf, V2Client } from '../harness/v2-client.ts'

/** A server refuses headers beyond its limit without a word: no token may come near it. */
describeScenario('a token for many repositories', (registry) => {
  test('can be used, or is refused where it is asked for', async () => {
    const client = new V2Client(registry())
    const nobody = new V2Client(registry(), 'anonymous')
    const given: boolean[] = []
    for (const length of [1, 20, 40, 45, 50, 55, 60, 120]) {
      const scopes = Array.from({ length: 100 }, (_, at) => [
        'scope',
        `repository:library/${'a'.repeat(length)}${at}:pull`,
      ])
      const response = await client.request(
        `/service/token?${new URLSearchParams([['service', 'harbor-registry'], ...scopes])}`,
      )
      given.push(response.status === 200)
      if (response.status !== 200) {
        expect([length, response.status, await errorCodesOf(response)]).toEqual([length, 400, ['BAD_REQUEST']])
        continue
      }
      const { token } = (await response.json()) as { token: string }
      const headers = {
        authorization: `Bearer ${token}`,
        accept: 'application/vnd.oci.image.index.v1+json, */*'.repeat(10),
      }
      expect([length, (await nobody.request('/v2/', { headers })).status]).toEqual([length, 200])
    }
    expect([given.at(0), given.at(-1)]).toEqual([true, false])
  })
})
