import { expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { describeControlledScenario } from '../harness/scenario.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

describeControlledScenario(
  'a registry that was started open',
  (registry) => {
    test('takes and gives images without any account', async () => {
      const nobody = new V2Client(registry(), 'anonymous')
      await expectStatus(await nobody.request('/v2/'), 200)
      for (const repository of ['nginx', 'library/nginx', registry().newRepository()]) {
        const image = createUniqueImage()
        await nobody.pushImage(repository, image, 'v1')
        const back = await expectStatus(await nobody.request(`/v2/${repository}/manifests/v1`), 200)
        expect(back.headers.get('docker-content-digest')).toBe(image.descriptor.digest)
      }
    })
  },
  { flags: ['--open'] },
)
