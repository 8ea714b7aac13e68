import { parseChallenge, type Challenge } from './challenge.ts'
import type { HttpAnswer } from './exchange.ts'
import { isSafeFor } from './redirects.ts'
import { RegistryFailure } from './registry-failure.ts'
import type { RemoteRegistry } from './remote-registry.ts'
import { parseToken, type Token } from './token.ts'

export interface AuthorisationOptions {
  readonly remote: RemoteRegistry
  /** Asks a token service; tries again what may pass. */
  readonly askTokenService: (
    url: URL,
    authorization: string | undefined,
    signal: AbortSignal | undefined,
  ) => Promise<HttpAnswer>
}

const maxTokenBytes = 64 * 1024
const cachedTokens = 1_000
const maxScopesFromChallenge = 4

type Bearer = Extract<Challenge, { scheme: 'bearer' }>

/**
 * The Authorization header for one registry: none until the registry asks for one, then Basic, or a token for what the
 * request needs. Tokens are kept until shortly before they end.
 */
export class Authorisation {
  readonly #options: AuthorisationOptions
  readonly #home: URL
  readonly #tokens = new Map<string, Promise<Token>>()
  /** Scopes that the registry asked for beyond ours, by ours. */
  readonly #extraScopes = new Map<string, readonly string[]>()
  #challenge: Challenge | undefined

  constructor(options: AuthorisationOptions) {
    this.#options = options
    this.#home = new URL(options.remote.url)
  }

  /** The header for a request that needs `scopes`; undefined when the registry has not asked for one. */
  async headerFor(scopes: readonly string[], signal: AbortSignal | undefined): Promise<string | undefined> {
    if (this.#challenge === undefined) return undefined
    if (this.#challenge.scheme === 'basic') return this.#basic()
    return `Bearer ${(await this.#tokenFor(this.#challenge, scopes, signal)).text}`
  }

  /**
   * Learns from a 401. Returns whether there is something to be said now that `sent` did not say.
   * @throws RegistryFailure TOKEN_SERVICE_NOT_TRUSTED, INVALID_ANSWER
   */
  learn(answer: HttpAnswer, scopes: readonly string[], sent: string | undefined): boolean {
    const header = answer.headers['www-authenticate']
    const challenge = parseChallenge(header)
    const basic = this.#basic()
    if (challenge === undefined || challenge.scheme === 'basic') {
      // Some ask for nothing in particular; a password is what there is to be said.
      if (basic === undefined || sent === basic) return false
      this.#challenge = { scheme: 'basic' }
      return true
    }
    this.#challenge = challenge
    const key = scopes.join(' ')
    const had = this.#tokens.delete(key)
    const extra = extraScopes(challenge.scopes, scopes)
    const isNews = extra.join(' ') !== (this.#extraScopes.get(key) ?? []).join(' ')
    if (isNews) this.#extraScopes.set(key, extra)
    return sent === undefined || !sent.startsWith('Bearer ') || isNews || had
  }

  #basic(): string | undefined {
    const { credential } = this.#options.remote
    if (credential === undefined) return undefined
    return `Basic ${Buffer.from(`${credential.accessKey}:${credential.accessSecret}`).toString('base64')}`
  }

  async #tokenFor(challenge: Bearer, scopes: readonly string[], signal: AbortSignal | undefined): Promise<Token> {
    const key = scopes.join(' ')
    const known = await this.#tokens.get(key)?.catch(() => undefined)
    if (known !== undefined && known.until > performance.now()) return known
    const asked = this.#fetchToken(challenge, [...scopes, ...(this.#extraScopes.get(key) ?? [])], signal)
    if (this.#tokens.size >= cachedTokens) this.#tokens.clear()
    this.#tokens.set(key, asked)
    try {
      return await asked
    } catch (error) {
      if (this.#tokens.get(key) === asked) this.#tokens.delete(key)
      throw error
    }
  }

  async #fetchToken(challenge: Bearer, scopes: readonly string[], signal: AbortSignal | undefined): Promise<Token> {
    const url = this.#realmOf(challenge)
    if (challenge.service !== undefined) url.searchParams.set('service', challenge.service)
    for (const scope of scopes) url.searchParams.append('scope', scope)
    const answer = await this.#options.askTokenService(url, this.#basic(), signal)
    const text = new TextDecoder().decode(await answer.body.readAll(maxTokenBytes, 'the token'))
    if (answer.status === 401 || answer.status === 403) {
      const who = this.#basic() === undefined ? 'a credential is needed' : 'the credential is refused'
      throw new RegistryFailure('UNAUTHORIZED', `${who}: ${url.host} answered ${answer.status}`, {
        status: answer.status,
      })
    }
    if (answer.status !== 200) {
      throw new RegistryFailure('INVALID_ANSWER', `the token service ${url.host} answered ${answer.status}`, {
        status: answer.status,
      })
    }
    const token = parseToken(text)
    if (token === undefined) {
      throw new RegistryFailure('INVALID_ANSWER', `the token service ${url.host} answered without a token`)
    }
    return token
  }

  /** @throws RegistryFailure INVALID_ANSWER, TOKEN_SERVICE_NOT_TRUSTED */
  #realmOf({ realm }: Bearer): URL {
    const url = URL.canParse(realm) ? new URL(realm) : undefined
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
      throw new RegistryFailure('INVALID_ANSWER', `${this.#home.host} names no token service that could be asked`)
    }
    if (this.#home.protocol === 'https:' && url.protocol !== 'https:') {
      throw new RegistryFailure('TOKEN_SERVICE_NOT_TRUSTED', `the token service ${url.origin} is not HTTPS`)
    }
    url.username = ''
    url.password = ''
    const { credential, tokenHosts = [] } = this.#options.remote
    const isKnown = isSafeFor(this.#home, url) || tokenHosts.some((host) => host === url.host || host === url.hostname)
    if (credential !== undefined && !isKnown) {
      throw new RegistryFailure(
        'TOKEN_SERVICE_NOT_TRUSTED',
        `the token service ${url.host} is another host than ${this.#home.host}, so it is not given the credential; ` +
          `add ${url.host} to outbound.token_hosts if it should be`,
      )
    }
    return url
  }
}

/** Scopes of the challenge that are about what we ask for, and that we did not think of (Azure's `metadata_read`). */
function extraScopes(offered: readonly string[], scopes: readonly string[]): readonly string[] {
  const subjects = new Set(scopes.map(subjectOf))
  return offered
    .filter((scope) => subjects.has(subjectOf(scope)) && !scopes.includes(scope))
    .slice(0, maxScopesFromChallenge)
}

/** `repository:library/app:pull` is about `repository:library/app:`. */
const subjectOf = (scope: string): string => scope.slice(0, scope.lastIndexOf(':') + 1)
