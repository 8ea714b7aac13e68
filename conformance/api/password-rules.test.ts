import { SQL } from 'bun'
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { codeOf } from '../harness/authenticator.ts'
import { BrowserSession } from '../harness/browser-session.ts'
import { addAccount, describeControlledScenario } from '../harness/scenario.ts'
import { ApiClient } from './contract-client.ts'

const reasonOf = (answer: { readonly headers: Headers }) => answer.headers.get('x-berth-error')
const own = '/users/current/second_factor'

describeControlledScenario('the rules of passwords', (registry) => {
  const configure = async (body: object) => {
    expect((await new ApiClient(registry()).call('PUT /configurations', { body })).status).toBe(200)
  }
  /** As if the password had been set a year ago. */
  const grow = async (username: string) => {
    await using sql = new SQL(`sqlite://${join(registry().control.dataFolder, 'berth.db')}`)
    await sql`update user_account set password_changed_at = ${Date.now() - 366 * 86_400_000} where username = ${username}`
  }

  test('a setting that cannot be is refused', async () => {
    for (const body of [{ password_min_length: 7 }, { password_history: 25 }, { sessions_per_user: -1 }])
      expect((await new ApiClient(registry()).call('PUT /configurations', { body })).status).toBe(400)
  })

  test('a password that is too old opens nothing for programs, and is renewed at the door', async () => {
    const person = await addAccount(registry())
    await configure({ password_max_age_days: 90, password_history: 3 })
    await grow(person.username)
    const client = await new ApiClient(registry(), person).call('GET /users/current')
    expect([client.status, reasonOf(client)]).toEqual([403, 'PASSWORD_EXPIRED'])
    const browser = new BrowserSession(registry())
    const asked = await browser.signIn(person)
    expect([asked.status, reasonOf(asked)]).toEqual([403, 'PASSWORD_EXPIRED'])
    const renew = async (newPassword: string, code = '') => await browser.signIn(person, code, newPassword)
    expect(reasonOf(await renew(person.password))).toBe('PASSWORD_USED_BEFORE')
    expect((await renew('weak')).status).toBe(400)
    const password = `Bb2${crypto.randomUUID()}`
    expect((await renew(password)).status).toBe(200)
    expect((await browser.call('GET /users/current')).status).toBe(200)
    expect((await new ApiClient(registry(), { ...person, password }).call('GET /users/current')).status).toBe(200)
    expect((await new BrowserSession(registry()).signIn(person)).status).toBe(401)
    await configure({ password_max_age_days: 0, password_history: 0 })
  })

  test('renewing needs the code of who has a second factor, and the code is not used up before', async () => {
    const person = await addAccount(registry())
    const first = new BrowserSession(registry())
    await first.signIn(person)
    const { secret } = (await (await first.call(`POST ${own}`, { password: person.password })).json()) as {
      secret: string
    }
    expect((await first.call(`PUT ${own}`, { code: codeOf(secret) })).status).toBe(200)
    await configure({ password_max_age_days: 90 })
    await grow(person.username)
    const browser = new BrowserSession(registry())
    const password = `Bb2${crypto.randomUUID()}`
    expect(reasonOf(await browser.signIn(person, codeOf(secret, 1)))).toBe('PASSWORD_EXPIRED')
    expect(reasonOf(await browser.signIn(person, '', password))).toBe('SECOND_FACTOR_REQUIRED')
    expect((await browser.signIn(person, codeOf(secret, 1), 'weak')).status).toBe(400)
    expect((await browser.signIn(person, codeOf(secret, 1), password)).status).toBe(200)
    await configure({ password_max_age_days: 0 })
  })
})
