import { expect, test } from 'bun:test'
import { codeOf } from '../harness/authenticator.ts'
import { BrowserSession } from '../harness/browser-session.ts'
import { describeControlledScenario } from '../harness/scenario.ts'
import { ApiClient, basicOf } from './contract-client.ts'

const own = '/users/current/second_factor'
const reasonOf = (answer: { readonly headers: Headers }) => answer.headers.get('x-berth-error')

interface Enrolment {
  readonly secret: string
  readonly uri: string
}

describeControlledScenario('a second factor', (registry) => {
  const admin = () => new ApiClient(registry())

  async function newPerson() {
    const username = `u${crypto.randomUUID().slice(0, 8)}`
    const password = `Aa1${crypto.randomUUID()}`
    const body = { username, password, email: `${username}@example.com`, realname: 'Somebody', comment: '' }
    const made = await admin().call('POST /users', { body })
    const id = Number(/\/(\d+)$/.exec(made.headers.get('location') ?? '')?.[1])
    return { username, password, id }
  }

  /** Somebody whose present code was used to set it up. */
  async function enrolled() {
    const person = await newPerson()
    const browser = new BrowserSession(registry())
    expect((await browser.signIn(person)).status).toBe(200)
    const begun = (await (await browser.call(`POST ${own}`, { password: person.password })).json()) as Enrolment
    const confirmed = await browser.call(`PUT ${own}`, { code: codeOf(begun.secret) })
    expect(confirmed.status).toBe(200)
    const { recovery_codes: recoveryCodes } = (await confirmed.json()) as { recovery_codes: string[] }
    return { ...person, browser, secret: begun.secret, recoveryCodes }
  }

  const require = async (rule: string) =>
    await admin().call('PUT /configurations', { body: { second_factor_required: rule } })

  test('is asked for after the right password alone, and lets in with a code that is good once', async () => {
    const person = await enrolled()
    const browser = new BrowserSession(registry())
    const wrong = await browser.signIn({ ...person, password: 'Wrong-Horse-1' }, codeOf(person.secret, 1))
    expect([wrong.status, reasonOf(wrong)]).toEqual([401, null])
    const asked = await browser.signIn(person)
    expect([asked.status, reasonOf(asked)]).toEqual([403, 'SECOND_FACTOR_REQUIRED'])
    expect((await browser.call('GET /users/current')).status).toBe(401)
    const code = codeOf(person.secret, 1)
    expect((await browser.signIn(person, code)).status).toBe(200)
    expect((await browser.call('GET /users/current')).status).toBe(200)
    const again = await new BrowserSession(registry()).signIn(person, code)
    expect([again.status, reasonOf(again)]).toEqual([400, 'SECOND_FACTOR_WRONG'])
  })

  test('makes the password useless for programs, which a personal token serves', async () => {
    const person = await enrolled()
    const { username } = person
    const byPassword = await new ApiClient(registry(), person).call('GET /users/current')
    expect([byPassword.status, reasonOf(byPassword)]).toEqual([403, 'SECOND_FACTOR_REQUIRED'])
    const docker = (secret: string) =>
      fetch(`${registry().url}/service/token?service=harbor-registry&account=${username}`, {
        headers: { authorization: basicOf({ username, password: secret }) },
      })
    const refused = await docker(person.password)
    expect(refused.status).toBe(403)
    expect(await refused.text()).toContain('personal token')
    const v2 = await fetch(`${registry().url}/v2/`, { headers: { authorization: basicOf(person) } })
    expect(v2.status).toBe(403)
    const made = await person.browser.call('POST /users/current/tokens', {
      name: 'ci',
      permissions: ['repository:pull'],
    })
    const { secret } = (await made.json()) as { secret: string }
    expect((await docker(secret)).status).toBe(200)
  })

  test('a recovery code lets in once', async () => {
    const person = await enrolled()
    const [code = ''] = person.recoveryCodes
    expect((await new BrowserSession(registry()).signIn(person, code)).status).toBe(200)
    expect(reasonOf(await new BrowserSession(registry()).signIn(person, code))).toBe('SECOND_FACTOR_WRONG')
  })

  test('where the registry asks everyone for one, a login without one sets it up, and older sessions end', async () => {
    const person = await newPerson()
    const before = new BrowserSession(registry())
    expect((await before.signIn(person)).status).toBe(200)
    expect((await require('everyone')).status).toBe(200)
    try {
      expect((await before.call('GET /users/current')).status).toBe(401)
      const refused = await new ApiClient(registry(), person).call('GET /users/current')
      expect([refused.status, reasonOf(refused)]).toEqual([403, 'SECOND_FACTOR_REQUIRED'])
      const browser = new BrowserSession(registry())
      const asked = await browser.signIn(person)
      expect([asked.status, reasonOf(asked)]).toEqual([403, 'SECOND_FACTOR_UNSET'])
      const { second_factor: enrolment } = (await asked.json()) as { second_factor: Enrolment }
      expect(enrolment.uri).toContain(enrolment.secret)
      expect(reasonOf(await browser.signIn(person, '000000'))).toBe('SECOND_FACTOR_WRONG')
      const done = await browser.signIn(person, codeOf(enrolment.secret))
      expect(done.status).toBe(200)
      expect(((await done.json()) as { recovery_codes: string[] }).recovery_codes).toHaveLength(10)
      expect((await browser.call('GET /users/current')).status).toBe(200)
    } finally {
      await registry().control.berth(['settings', 'set', 'second_factor_required=off'])
    }
  })

  test('nobody sets one up, renews its codes or takes it away with a session alone', async () => {
    const plain = await newPerson()
    const browser = new BrowserSession(registry())
    await browser.signIn(plain)
    expect((await browser.call(`POST ${own}`, { password: 'Wrong-Horse-1' })).status).toBe(400)
    expect((await browser.call(`PUT ${own}`, { code: '000000' })).status).toBe(412)
    const person = await enrolled()
    expect((await person.browser.call(`POST ${own}/recovery_codes`, { code: '000000' })).status).toBe(400)
    expect((await person.browser.call(`POST ${own}/removal`, {})).status).toBe(400)
    expect((await person.browser.call(`POST ${own}`, { password: person.password })).status).toBe(412)
    const renewed = await person.browser.call(`POST ${own}/recovery_codes`, { code: codeOf(person.secret, 1) })
    expect(renewed.status).toBe(200)
    const [code] = ((await renewed.json()) as { recovery_codes: string[] }).recovery_codes
    expect((await person.browser.call(`POST ${own}/removal`, { code: person.recoveryCodes[0] })).status).toBe(400)
    expect((await person.browser.call(`POST ${own}/removal`, { code })).status).toBe(200)
    expect((await new BrowserSession(registry()).signIn(person)).status).toBe(200)
  })

  test('an administrator takes the one of somebody else away, and the audit log has it', async () => {
    const person = await enrolled()
    const reset = (as: ApiClient) =>
      as.call('DELETE /users/{user_id}/second_factor', { params: { user_id: person.id } })
    const stranger = await newPerson()
    expect((await reset(new ApiClient(registry(), stranger))).status).toBe(403)
    expect((await reset(admin())).status).toBe(200)
    expect((await new BrowserSession(registry()).signIn(person)).status).toBe(200)
    const log = await admin().call('GET /auditlog-exts', { query: 'page_size=20' })
    expect(JSON.stringify(log.body)).toContain(person.username)
  })

  test('who guesses codes is braked, from the password on', async () => {
    const person = await enrolled()
    const statuses: number[] = []
    for (let tried = 0; tried < 12; tried++)
      statuses.push((await new BrowserSession(registry()).signIn(person, '000000')).status)
    expect(statuses.at(-1)).toBe(429)
    expect(statuses).not.toContain(200)
  })
})
