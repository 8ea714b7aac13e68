import { isPersonalToken } from '#server/domain/access/tokens/personal-token-secret.ts'
import { firstError } from '#server/clients/registry/registry-failure.ts'
import { CommandError } from '../command-error.ts'
import type { Credential } from './contexts.ts'
import { RemoteDoor, type RemoteAddress } from './remote-door.ts'

/**
 * What is kept of a login. A password is exchanged for a session, which ends by itself and by `berth logout`. Secrets of
 * robots, personal tokens and CLI secrets of people who sign in at a provider are kept as they are: they can be revoked.
 * `askCode` is asked where the account has a second factor.
 * @throws CommandError when it is wrong, and when nobody answers
 */
export async function signIn(
  address: RemoteAddress,
  username: string,
  secret: string,
  askCode: () => Promise<string>,
): Promise<Credential> {
  const own: Credential = { kind: 'secret', username, secret }
  if (isPersonalToken(secret) || username.includes('$')) return await proved(address, own)
  return (await exchanged(address, username, secret, askCode)) ?? (await proved(address, own))
}

/** Undefined where people sign in at a provider: there the secret is one for programs. */
async function exchanged(
  address: RemoteAddress,
  username: string,
  password: string,
  askCode: () => Promise<string>,
): Promise<Credential | undefined> {
  await using door = new RemoteDoor(address, undefined)
  const start = await door.sendTo('/c/session', { method: 'GET' })
  const csrfToken = start.headers.get('x-harbor-csrf-token')
  const csrfCookie = cookieIn(start, '_gorilla_csrf')
  await start.text()
  if (csrfToken === null || csrfCookie === undefined)
    throw new CommandError(`${address.url} does not answer as Berth does (${start.status})`, {
      next: `is that the address of the registry? berth doctor --url ${address.url}`,
      kind: 'unreachable',
    })
  const send = async (fields: Readonly<Record<string, string>>) => {
    const form = new URLSearchParams({ principal: username, password, ...fields })
    return await door.sendTo('/c/login', {
      method: 'POST',
      headers: { cookie: `_gorilla_csrf=${csrfCookie}`, 'x-harbor-csrf-token': csrfToken },
      content: { type: 'application/x-www-form-urlencoded', bytes: new TextEncoder().encode(form.toString()) },
    })
  }
  let answer = await send({})
  let text = await answer.text()
  if (answer.headers.get('x-berth-error') === 'SECOND_FACTOR_REQUIRED') {
    answer = await send({ code: await askCode() })
    text = await answer.text()
  }
  if (answer.headers.get('x-berth-error') === 'SECOND_FACTOR_UNSET')
    throw new CommandError('this registry asks you for a second factor', {
      next: `set it up by signing in to the console: ${address.url}`,
      kind: 'refused',
    })
  const session = cookieIn(answer, 'sid')
  if (answer.ok && session !== undefined) return { kind: 'session', username, session, csrfCookie, csrfToken }
  if (answer.status === 403 && text.includes('redirect_location')) return undefined
  throw refused(answer.status, text)
}

async function proved(address: RemoteAddress, credential: Credential): Promise<Credential> {
  await using door = new RemoteDoor(address, credential)
  const answer = await door.send({ method: 'GET', target: '/users/current' })
  const text = await answer.text()
  // Who is no user, a robot, hears 412.
  if (answer.ok || answer.status === 412) return credential
  throw refused(answer.status, text)
}

function refused(status: number, text: string): CommandError {
  if (status === 401) return new CommandError('the name or the password is wrong', { kind: 'not-signed-in' })
  const sentence = firstError(text)?.message || `it answered ${status}`
  const kind = status === 429 ? 'busy' : status === 403 ? 'refused' : 'failed'
  return new CommandError(`signing in did not work: ${sentence}`, { kind })
}

/** Ends what a login began. */
export async function signOut(address: RemoteAddress, credential: Credential): Promise<void> {
  if (credential.kind !== 'session') return
  await using door = new RemoteDoor(address, credential)
  const answer = await door.sendTo('/c/log_out', { method: 'GET' })
  await answer.text()
}

function cookieIn(response: Response, name: string): string | undefined {
  for (const cookie of response.headers.getSetCookie()) {
    const [, value] = new RegExp(`^${name}=([^;]*)`).exec(cookie) ?? []
    if (value) return value
  }
  return undefined
}
