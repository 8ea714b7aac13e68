import { expect, test } from 'bun:test'
import { withoutRequestId } from '../harness/request-id.ts'
import { addAccount, describeControlledScenario } from '../harness/scenario.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

const doors = ['/v2/', '/service/token?service=harbor-registry', '/service/token?service=harbor-registry&scope=x:y:z']

// Wrong passwords are counted by address: as behind a proxy, each part of a test has its own.
describeControlledScenario(
  'a login that fails',
  (registry) => {
    test.each(doors)(
      'looks the same whether the account exists, is disabled or has another password: %s',
      async (door) => {
        const [known, disabled] = [await addAccount(registry()), await addAccount(registry())]
        await registry().control.berth(['user', 'disable', disabled.username])
        const attempts = {
          'another password': { username: known.username, password: 'Wrong12345' },
          'an account that is disabled': { ...disabled },
          'a disabled account with another password': { username: disabled.username, password: 'Wrong12345' },
          'no account': { username: `${known.username}-`, password: 'Wrong12345' },
          'the administrator with another password': { username: registry().username, password: 'Wrong12345' },
        }
        const told: Record<string, unknown> = {}
        for (const [at, [what, credentials]] of Object.entries(attempts).entries()) {
          const client = new V2Client(registry(), credentials)
          const answers = []
          // As many as it takes to be held back, too: that must not come sooner or later for an account.
          for (let round = 0; round < 6; round += 1) {
            const address = `198.51.${doors.indexOf(door)}.${at}`
            const response = await client.request(door, { headers: { 'x-forwarded-for': address } })
            const headers = [...response.headers].filter(([name]) => !['date', 'x-request-id'].includes(name))
            const body = withoutRequestId(await response.text())
            answers.push({ status: response.status, headers, body })
          }
          told[what] = answers
          expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429])
        }
        const [first, ...others] = Object.values(told)
        for (const other of others) expect(other).toEqual(first)
      },
    )

    test('in great numbers keeps nobody waiting, and the last one too many is told to come again', async () => {
      const account = await addAccount(registry())
      const client = new V2Client(registry(), account)
      await expectStatus(await client.request('/v2/'), 200)
      let [underWay, answered] = [0, 0]
      const statuses = new Set<number>()
      let guess = 0
      const flood = async (): Promise<void> => {
        while (answered < 50) {
          underWay += 1
          guess += 1
          const ghost = new V2Client(registry(), { username: `ghost-${guess}`, password: 'Wrong12345' })
          const address = `203.${guess >> 16}.${(guess >> 8) & 255}.${guess & 255}`
          const response = await ghost.request('/v2/', { headers: { 'x-forwarded-for': address } })
          await response.bytes()
          statuses.add(response.status)
          if (response.status === 429) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
          underWay -= 1
        }
      }
      const flooders = Promise.all(Array.from({ length: 120 }, flood))
      // The flood goes on until these are answered; they would not be, if passwords were hashed where requests are.
      while (answered < 50) {
        await expectStatus(await client.request('/v2/'), 200)
        expect(underWay).toBeGreaterThan(0)
        answered += 1
      }
      await flooders
      expect([...statuses].toSorted()).toEqual([401, 429])
    }, 60_000)
  },
  { env: { BERTH_TRUSTED_PROXIES: '127.0.0.1' } },
)
