import { budgets, parseForeignJson } from '#contract/budget.ts'
import * as openid from 'openid-client'
import { OidcClientAuthentication } from './oidc-client-authentication.ts'
import { OutboundFailure, type Outbound, type OutboundAnswer } from './outbound.ts'

/** An OIDC provider, in the words of Harbor's settings `oidc_*`. */
export interface OidcProvider {
  /** The issuer, below which its configuration is (OpenID Connect Discovery 1.0 §4). */
  readonly endpoint: string
  readonly clientId: string
  readonly clientSecret: string
  readonly verifyCertificate: boolean
}

/** The state of a login, kept from its beginning to its end. */
export interface OidcLogin {
  readonly url: string
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

/** The provider's answer about a person, when it has just vouched for them. */
export interface OidcAnswer {
  readonly issuer: string
  readonly subject: string
  /** Of the ID token, and of the user info endpoint where there is one. */
  readonly claims: Readonly<Record<string, unknown>>
  readonly idToken: string
  readonly refreshToken: string | undefined
  /** Until then the ID token counts; milliseconds since the epoch. */
  readonly expiresAt: number
}

/** The provider cannot be asked, or its answer cannot be believed; the sentence says why. */
export class OidcFailure extends Error {
  override readonly name = 'OidcFailure'
}

/** The provider does not vouch for them any more. */
export class OidcRefusal extends Error {
  override readonly name = 'OidcRefusal'
}

/** One provider, with its configuration and keys as it published them. */
export class OidcClient {
  readonly #configuration: openid.Configuration
  readonly #authentication: OidcClientAuthentication
  readonly #onUserInfoFailure: (failure: Error) => void

  private constructor(
    configuration: openid.Configuration,
    authentication: OidcClientAuthentication,
    onUserInfoFailure: (failure: Error) => void,
  ) {
    this.#configuration = configuration
    this.#authentication = authentication
    this.#onUserInfoFailure = onUserInfoFailure
  }

  /** @throws OidcFailure it does not answer, or with something else than the configuration of this issuer */
  static async discover(
    provider: OidcProvider,
    outbound: Outbound,
    onUserInfoFailure: (failure: Error) => void,
  ): Promise<OidcClient> {
    const { clientId, clientSecret } = provider
    const authentication = new OidcClientAuthentication(clientSecret)
    try {
      const server = new URL(provider.endpoint)
      const configuration = await openid.discovery(
        server,
        clientId,
        { client_secret: clientSecret },
        authentication.apply,
        {
          [openid.customFetch]: fetchThrough(outbound, !provider.verifyCertificate),
          // Whether plain HTTP is good enough, the address that an administrator set has decided.
          ...(server.protocol === 'http:' ? { execute: [openid.allowInsecureRequests] } : {}),
        },
      )
      return new OidcClient(configuration, authentication, onUserInfoFailure)
    } catch (cause) {
      throw failureOf(cause)
    }
  }

  get issuer(): string {
    return this.#configuration.serverMetadata().issuer
  }

  /** Where to send the browser (OpenID Connect Core 1.0 §3.1.2.1, with PKCE, RFC 7636). */
  async beginLogin({
    redirectUri,
    scope,
    extra,
  }: {
    readonly redirectUri: string
    readonly scope: string
    readonly extra: Readonly<Record<string, string>>
  }): Promise<OidcLogin> {
    const codeVerifier = openid.randomPKCECodeVerifier()
    const state = openid.randomState()
    const nonce = openid.randomNonce()
    const url = openid.buildAuthorizationUrl(this.#configuration, {
      ...extra,
      redirect_uri: redirectUri,
      scope,
      state,
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    })
    return { url: url.href, state, nonce, codeVerifier }
  }

  /**
   * Turns the answer that the browser brought back into a person.
   * @throws OidcRefusal when the provider or the person said no, OidcFailure
   */
  async finishLogin(callback: URL, login: Omit<OidcLogin, 'url'>): Promise<OidcAnswer> {
    try {
      const tokens = await this.#authentication.tryEach(async () =>
        openid.authorizationCodeGrant(this.#configuration, callback, {
          expectedState: login.state,
          expectedNonce: login.nonce,
          pkceCodeVerifier: login.codeVerifier,
          idTokenExpected: true,
        }),
      )
      return await this.#answerOf(tokens)
    } catch (cause) {
      throw failureOf(cause)
    }
  }

  /** Whether the provider still vouches for them, and with what. Throws as `finishLogin`. */
  async refresh(refreshToken: string, subject: string): Promise<OidcAnswer> {
    try {
      const tokens = await this.#authentication.tryEach(async () =>
        openid.refreshTokenGrant(this.#configuration, refreshToken),
      )
      return await this.#answerOf(tokens, { refreshToken, subject })
    } catch (cause) {
      throw failureOf(cause)
    }
  }

  /** Where to send the browser to sign out there too; undefined when the provider has no such place. */
  endSessionUrl(afterwards: string): string | undefined {
    if (this.#configuration.serverMetadata().end_session_endpoint === undefined) return undefined
    return openid.buildEndSessionUrl(this.#configuration, { post_logout_redirect_uri: afterwards }).href
  }

  async #answerOf(
    tokens: openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers,
    before?: { readonly refreshToken: string; readonly subject: string },
  ): Promise<OidcAnswer> {
    const idClaims = tokens.claims()
    const subject = idClaims?.sub ?? before?.subject
    if (subject === undefined) throw new OidcFailure('the provider answered without an ID token')
    if (before !== undefined && subject !== before.subject)
      throw new OidcRefusal('the provider answered for another account')
    const info = await this.#userInfo(tokens.access_token, subject, idClaims !== undefined)
    return {
      issuer: this.issuer,
      subject,
      claims: { ...idClaims, ...info },
      idToken: tokens.id_token ?? '',
      refreshToken: tokens.refresh_token ?? before?.refreshToken,
      expiresAt: (idClaims?.exp ?? 0) * 1_000,
    }
  }

  /**
   * What the user info endpoint adds to the ID token. An endpoint that fails adds nothing: the ID token alone says who it
   * is. Without an ID token, or with the information of somebody else, there is no login.
   */
  async #userInfo(accessToken: string, subject: string, hasIdToken: boolean): Promise<Record<string, unknown>> {
    if (this.#configuration.serverMetadata().userinfo_endpoint === undefined) return {}
    try {
      const info = await openid.fetchUserInfo(this.#configuration, accessToken, subject)
      return Object.fromEntries(Object.entries(info).filter(([, value]) => value !== null && value !== undefined))
    } catch (cause) {
      const ofSomebodyElse = cause instanceof Error && 'code' in cause && cause.code === subjectDiffers
      if (ofSomebodyElse || !hasIdToken) throw cause
      this.#onUserInfoFailure(failureOf(cause))
      return {}
    }
  }
}

/** The library's code when `sub` is not that of the ID token (OpenID Connect Core 1.0 §5.3.2). */
const subjectDiffers = 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED'

/** The library's requests go through our one door. Redirects are not followed: a provider's endpoints are where it says. */
function fetchThrough(outbound: Outbound, insecure: boolean): openid.CustomFetch {
  return async (url, { method, headers, body }) => {
    const answer = await outbound({
      url: new URL(url),
      method: method === 'POST' ? 'POST' : 'GET',
      headers: Object.fromEntries(new Headers(headers as Record<string, string>)),
      insecure,
      ...(body === null || body === undefined ? {} : { body: String(body) }),
    })
    refuseBeyondBudget(answer)
    const answered = Object.entries(answer.headers).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    )
    const empty = answer.status === 204 || answer.status === 304
    return new Response(empty ? null : answer.body, { status: answer.status, headers: answered })
  }
}

/** The library parses JSON by itself: what is beyond the budget of an answer never reaches it. @throws OutboundFailure */
function refuseBeyondBudget({ headers, body }: OutboundAnswer): void {
  if (!/json/i.test(String(headers['content-type'] ?? ''))) return
  try {
    parseForeignJson(body, budgets.remoteAnswer)
  } catch (cause) {
    throw new OutboundFailure(`the provider cannot be understood: ${(cause as Error).message}`, { cause })
  }
}

/** Answers of RFC 6749 §4.1.2.1 and §5.2 that say that they may not. */
const refusals = new Set([
  'access_denied',
  'invalid_grant',
  'login_required',
  'interaction_required',
  'consent_required',
])

function failureOf(cause: unknown): OidcFailure | OidcRefusal {
  if (cause instanceof OidcFailure || cause instanceof OidcRefusal) return cause
  const saysNo = cause instanceof openid.AuthorizationResponseError || cause instanceof openid.ResponseBodyError
  if (saysNo && refusals.has(cause.error)) {
    return new OidcRefusal(`the provider says no: ${cause.error_description ?? cause.error}`, { cause })
  }
  const names = issuersOf(cause)
  if (names !== undefined) {
    const { expected, told } = names
    const sentence = `the provider at ${expected} calls itself ${told}; set oidc_endpoint to exactly that`
    return new OidcFailure(sentence, { cause })
  }
  const inner = cause instanceof Error && cause.cause instanceof OutboundFailure ? cause.cause : cause
  return new OidcFailure(`the provider cannot be used: ${(inner as Error).message}`, { cause })
}

/** The address that was set and the issuer that was found there, when that is what the library refuses. */
function issuersOf(cause: unknown): { readonly expected: string; readonly told: string } | undefined {
  if (!(cause instanceof openid.ClientError) || typeof cause.cause !== 'object' || cause.cause === null)
    return undefined
  const { attribute, expected, body } = cause.cause as Record<string, unknown>
  const told = (body as { issuer?: unknown } | undefined)?.issuer
  if (attribute !== 'issuer' || typeof told !== 'string') return undefined
  return { expected: String(expected).slice(0, 200), told: told.slice(0, 200) }
}
