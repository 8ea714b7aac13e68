import { expect, test } from 'bun:test'
import { composeCsrf } from './csrf.ts'
import { composeClientFacts } from './origin.ts'

const external = 'https://reg.example.com'

/** Signs in from a page of `origin`, at a registry that is asked as `host`; the refusal, or nothing. */
async function refusalOf(host: string, origin: string, options: { externalUrl?: string; cookie?: boolean } = {}) {
  const facts = composeClientFacts({ externalUrl: undefined, trustedProxies: [], ...options })
  const csrf = composeCsrf(facts)
  const url = `http://${host}/c/login`
  const served = async () => new Response(null)
  const first = await csrf.protect(new Request(url), { always: true }, served)
  const [cookie = ''] = (first.headers.get('set-cookie') ?? '').split(';')
  const headers = {
    origin,
    'x-harbor-csrf-token': first.headers.get('x-harbor-csrf-token')!,
    ...(options.cookie === false ? {} : { cookie }),
  }
  const answer = await csrf.protect(new Request(url, { method: 'POST', headers }), { always: true }, served)
  if (answer.status === 200) return undefined
  return ((await answer.json()) as { errors: { message: string }[] }).errors[0]!.message
}

test.each([
  ['reg.example.com:443', 'https://reg.example.com'],
  ['reg.example.com', 'https://reg.example.com'],
  ['reg.example.com:80', 'http://reg.example.com'],
  ['reg.example.com', 'http://reg.example.com:80'],
  ['reg.example.com:443', 'https://reg.example.com:443'],
  ['REG.example.com:8443', 'https://reg.example.com:8443'],
  ['[::1]:443', 'https://[::1]'],
])('the port of a scheme is no difference: Host %s, a page of %s', async (host, origin) => {
  expect(await refusalOf(host, origin)).toBeUndefined()
})

test.each([
  ['reg.example.com:443', 'https://reg.example.com:8443'],
  ['reg.example.com:8443', 'https://reg.example.com'],
  ['reg.example.com:443', 'http://reg.example.com'],
  ['reg.example.com', 'https://evil.example'],
  ['reg.example.com', 'https://reg.example.com.evil.example'],
  ['reg.example.com', 'null'],
  ['reg.example.com', 'file://reg.example.com'],
])('a page of elsewhere is refused: Host %s, a page of %s', async (host, origin) => {
  expect(await refusalOf(host, origin)).toStartWith('origin invalid')
})

test('a second name beside the external address signs in, and pages of others do not', async () => {
  const options = { externalUrl: external }
  expect(await refusalOf('10.0.0.5:8080', 'http://10.0.0.5:8080', options)).toBeUndefined()
  expect(await refusalOf('10.0.0.5:8080', external, options)).toBeUndefined()
  expect(await refusalOf('10.0.0.5:8080', 'http://10.0.0.6:8080', options)).toBe(
    `origin invalid: the address of this registry is ${external}; open the console there`,
  )
})

test('a browser that keeps no cookie under a second name is told the right address', async () => {
  const options = { externalUrl: external, cookie: false }
  expect(await refusalOf('10.0.0.5:8080', 'http://10.0.0.5:8080', options)).toContain(`is ${external};`)
  expect(await refusalOf('10.0.0.5:8080', external, options)).toBe('CSRF token invalid')
})
