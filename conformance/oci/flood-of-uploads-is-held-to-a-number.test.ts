import { expect, test } from 'bun:test'
import { sha256 } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { errorCodesOf, expectStatus, locationOf, V2Client } from '../harness/v2-client.ts'

const most = 20

describeControlledScenario(
  'an account that begins uploads and sends nothing',
  (registry) => {
    test('is stopped at the number it may have open, by itself and until it ends some', async () => {
      const [flooder, other] = [await addAccount(registry()), await addAccount(registry())]
      const project = await addProject(registry(), [
        { username: flooder.username, role: 'developer' },
        { username: other.username, role: 'developer' },
      ])
      const client = new V2Client(registry(), flooder)
      const begin = async (at: number) =>
        await client.request(`/v2/${project}/app-${at % 3}/blobs/uploads/`, { method: 'POST' })
      const answers = await Promise.all(Array.from({ length: most * 5 }, (_, at) => begin(at)))
      const accepted = answers.filter(({ status }) => status === 202)
      const refused = answers.filter(({ status }) => status === 429)
      expect([accepted.length, refused.length]).toEqual([most, most * 4])
      for (const answer of refused) {
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
        expect(await errorCodesOf(answer)).toEqual(['TOOMANYREQUESTS'])
      }

      // Neither by another way to begin one, nor at the cost of somebody else.
      const atOnce = await client.request(`/v2/${project}/app/blobs/uploads/?digest=${sha256('x')}`, {
        method: 'POST',
        body: 'x',
      })
      await expectStatus(atOnce, 429)
      const mount = `/v2/${project}/app/blobs/uploads/?mount=${sha256('nowhere')}&from=${project}/none`
      await expectStatus(await client.request(mount, { method: 'POST' }), 429)
      await new V2Client(registry(), other).pushBlob(`${project}/app`, new TextEncoder().encode('x'))

      const [first] = accepted
      if (first === undefined) throw new Error('no upload was accepted')
      await expectStatus(await client.request(locationOf(first), { method: 'DELETE' }), 204)
      expect([(await begin(0)).status, (await begin(0)).status]).toEqual([202, 429])
    })
  },
  { env: { BERTH_UPLOADS_MAX_PER_ACTOR: String(most) } },
)
