import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'
import { findFreePort } from './registry.ts'

export interface OidcPerson {
  readonly sub: string
  readonly name: string
  readonly email: string
  groups: string[]
}

export const oidcClient = { id: 'berth', secret: 'berth-client-secret-of-32-characters' }

/** A certified OpenID provider with people whom it lets in by their name alone, as fast as a test wants. */
export interface OidcProviderUnderTest extends AsyncDisposable {
  readonly issuer: string
  readonly people: Map<string, OidcPerson>
  /** The provider forgets somebody: their sessions and refresh tokens are worth nothing. */
  revoke(sub: string): void
}

export async function startOidcProvider(redirectUris: readonly string[]): Promise<OidcProviderUnderTest> {
  const port = await findFreePort()
  const issuer = `http://127.0.0.1:${port}`
  const people = new Map<string, OidcPerson>()
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: oidcClient.id,
        client_secret: oidcClient.secret,
        redirect_uris: [...redirectUris],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_post',
        post_logout_redirect_uris: redirectUris.map((uri) => `${new URL(uri).origin}/`),
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['name'], email: ['email'], groups: ['groups'] },
    scopes: ['openid', 'offline_access', 'profile', 'email', 'groups'],
    features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    issueRefreshToken: async () => true,
    findAccount: async (_context: unknown, sub: string) => {
      const person = people.get(sub)
      return person === undefined ? undefined : { accountId: sub, claims: async () => ({ ...person }) }
    },
    cookies: { keys: ['of a test'] },
    jwks: { keys: [await newKey()] },
  })
  const server = createServer(provider.callback())
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    issuer,
    people,
    revoke: (sub) => void people.delete(sub),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function newKey(): Promise<object> {
  const { exportJWK, generateKeyPair } = await import('jose')
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: 'of-a-test', use: 'sig', alg: 'RS256' }
}

/** A browser's part: follows redirects, keeps cookies by host and port, fills in forms. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, { value: string; path: string }>>()

  /** One request, without following where it leads. */
  async send(url: string, init: RequestInit = {}): Promise<Response> {
    const { host, pathname } = new URL(url)
    const mine = [...(this.#cookies.get(host) ?? new Map<string, { value: string; path: string }>())]
    const cookie = mine
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ')
    const headers = { ...(init.headers as Record<string, string>), ...(cookie === '' ? {} : { cookie }) }
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' })
    const jar = this.#cookies.get(host) ?? new Map<string, { value: string; path: string }>()
    for (const line of answer.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(/;\s*/)
      const equals = pair.indexOf('=')
      const path = attributes.find((each) => /^path=/i.test(each))?.slice(5) ?? '/'
      const [name, value] = [pair.slice(0, equals), pair.slice(equals + 1)]
      if (value === '') jar.delete(name)
      else jar.set(name, { value, path })
    }
    this.#cookies.set(host, jar)
    return answer
  }

  cookie(url: string, name: string): string | undefined {
    return this.#cookies.get(new URL(url).host)?.get(name)?.value
  }

  /** Goes where it is led, signing in as `sub` on the way, until `isThere`. Returns the last address. */
  async signIn(url: string, sub: string, isThere: (url: URL) => boolean): Promise<string> {
    let at = url
    let answer = await this.send(at)
    for (let step = 0; step < 20; step++) {
      const location = answer.headers.get('location')
      if (location !== null) {
        at = new URL(location, at).href
        if (isThere(new URL(at))) return at
        answer = await this.send(at)
        continue
      }
      const page = await answer.text()
      const action = /<form[^>]*action="([^"]+)"/.exec(page)?.[1]
      const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1]
      if (action === undefined || prompt === undefined) throw new Error(`${at} leads nowhere: ${page.slice(0, 300)}`)
      at = new URL(action.replaceAll('&amp;', '&'), at).href
      const body = new URLSearchParams({ prompt, login: sub, password: 'any' })
      answer = await this.send(at, { method: 'POST', body })
    }
    throw new Error(`too many steps, the last to ${at}`)
  }
}
