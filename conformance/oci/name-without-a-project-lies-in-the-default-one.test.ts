import { expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { describeControlledScenario } from '../harness/scenario.ts'
import { errorCodesOf, expectStatus, V2Client } from '../harness/v2-client.ts'

describeControlledScenario('a name without a project', (registry) => {
  test('lies in the project library, with a password and with a token for the short name', async () => {
    const client = new V2Client(registry())
    const image = createUniqueImage()
    await client.pushImage('short', image, 'v1')
    const long = await expectStatus(await client.request('/v2/library/short/manifests/v1'), 200)
    expect(long.headers.get('docker-content-digest')).toBe(image.descriptor.digest)

    const nobody = new V2Client(registry(), 'anonymous')
    const challenge = (await nobody.request('/v2/short/manifests/v1')).headers.get('www-authenticate') ?? ''
    const scope = /scope="([^"]+)"/.exec(challenge)?.[1] ?? ''
    const headers = { authorization: `Bearer ${await nobody.fetchToken(scope)}` }
    await expectStatus(await nobody.request('/v2/short/manifests/v1', { headers }), 200)
    await expectStatus(await nobody.request('/v2/library/short/manifests/v1', { headers }), 200)
  })
})

describeControlledScenario(
  'a name without a project, when there is no default project',
  (registry) => {
    test('is refused with NAME_INVALID and what is missing', async () => {
      const response = await new V2Client(registry()).request('/v2/short/blobs/uploads/', { method: 'POST' })
      expect(response.status).toBe(400)
      expect(await errorCodesOf(response.clone())).toEqual(['NAME_INVALID'])
      expect(await response.text()).toContain('a project is needed')
    })
  },
  { env: { BERTH_DEFAULT_PROJECT: 'off' } },
)
