import type { OidcAnswer, OidcClient, OidcLogin, OidcProvider } from '../../clients/oidc.ts'
import type { Outbound } from '../../clients/outbound.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import { parseExpression } from '../settings/expression.ts'
import type { SettingValues } from '../settings/setting-keys.ts'
import type { Settings } from '../settings/settings.ts'
import type { ExternalPerson } from './external-accounts.ts'
import { harmlessUsername } from './harmless-username.ts'

/** A person for whom the provider has just vouched, and the tokens to ask it again. */
export interface OidcPerson {
  readonly person: ExternalPerson
  readonly issuer: string
  readonly refreshToken: string | undefined
  /** Until then the provider's word counts (ms). */
  readonly expiresAt: number
}

export interface OidcOptions {
  readonly settings: Settings
  readonly outbound: Outbound
  readonly clock: Clock
  /** For the log: a login that went on with less than the provider offers. */
  readonly onWarning: (error: Error) => void
}

const rememberMs = 5 * 60_000
const maxGroupNameLength = 255
const maxGroups = 1_000

/** The OIDC provider that the settings name (OpenID Connect Core 1.0, authorization code flow with PKCE). */
export class Oidc {
  readonly #settings: Settings
  readonly #outbound: Outbound
  readonly #clock: Clock
  readonly #onWarning: (error: Error) => void
  /** Its configuration and keys, for a while. */
  #cached: { readonly key: string; readonly until: number; readonly client: Promise<OidcClient> } | undefined

  constructor({ settings, outbound, clock, onWarning }: OidcOptions) {
    this.#onWarning = onWarning
    this.#settings = settings
    this.#outbound = outbound
    this.#clock = clock
  }

  /** @throws DomainError PRECONDITION (auth_mode is another), UNAVAILABLE */
  async beginLogin(redirectUri: string): Promise<OidcLogin> {
    return await this.#ask(async (client, values) => {
      const scope = values.oidc_scope.split(/[\s,]+/).filter(Boolean)
      return await client.beginLogin({
        redirectUri,
        scope: [...new Set(['openid', ...scope])].join(' '),
        extra: parseExtra(values.oidc_extra_redirect_parms),
      })
    })
  }

  /** @throws DomainError FORBIDDEN when the provider does not vouch for them, PRECONDITION, UNAVAILABLE */
  async finishLogin(callback: URL, login: Omit<OidcLogin, 'url'>): Promise<OidcPerson> {
    return await this.#ask(async (client, values) => personOf(await client.finishLogin(callback, login), values))
  }

  /** Asks whether the provider still vouches for them. Throws as `finishLogin`. */
  async refresh(refreshToken: string, subject: string): Promise<OidcPerson> {
    return await this.#ask(async (client, values) => personOf(await client.refresh(refreshToken, subject), values))
  }

  /** Where the browser signs out at the provider, when the settings want that and the provider can. */
  async findEndSessionUrl(afterwards: string): Promise<string | undefined> {
    const { auth_mode: mode, oidc_logout: wanted } = await this.#settings.getSettings()
    if (mode !== 'oidc_auth' || !wanted) return undefined
    return await this.#ask(async (client) => client.endSessionUrl(afterwards))
  }

  /** The reason why the endpoint cannot be used as a provider, as a sentence; undefined when it can. */
  async test(endpoint: string, verifyCertificate: boolean): Promise<string | undefined> {
    if (!isHttpUrl(endpoint)) return 'the endpoint should look like https://login.example.org/realms/company'
    try {
      await this.#discover({ endpoint, clientId: 'test', clientSecret: '', verifyCertificate })
      return undefined
    } catch (error) {
      if (error instanceof Error && error.name === 'OidcFailure') return error.message
      throw error
    }
  }

  async #ask<T>(run: (client: OidcClient, values: SettingValues) => Promise<T>): Promise<T> {
    const values = await this.#settings.getSettings()
    if (values.auth_mode !== 'oidc_auth') throw new DomainError('PRECONDITION', 'people do not sign in by OIDC here')
    if (!isHttpUrl(values.oidc_endpoint) || values.oidc_client_id === '')
      throw new DomainError('PRECONDITION', 'an administrator has to set oidc_endpoint and oidc_client_id first')
    try {
      return await run(await this.#client(values), values)
    } catch (cause) {
      if (!(cause instanceof Error)) throw cause
      if (cause.name === 'OidcRefusal') throw new DomainError('FORBIDDEN', cause.message, { cause })
      if (cause.name !== 'OidcFailure') throw cause
      // Every visitor may try to sign in, so addresses and answers of servers go to the log only.
      throw new DomainError('UNAVAILABLE', 'the OIDC provider cannot be asked; the log of the registry says why', {
        retryAfterSeconds: 5,
        cause,
      })
    }
  }

  async #client(values: SettingValues): Promise<OidcClient> {
    const provider: OidcProvider = {
      endpoint: values.oidc_endpoint,
      clientId: values.oidc_client_id,
      clientSecret: await this.#settings.getSecret('oidc_client_secret'),
      verifyCertificate: values.oidc_verify_cert,
    }
    const key = JSON.stringify(provider)
    const now = this.#clock.now()
    if (this.#cached?.key === key && now < this.#cached.until) return await this.#cached.client
    const client = this.#discover(provider)
    this.#cached = { key, until: now + rememberMs, client }
    try {
      return await client
    } catch (error) {
      // A provider that was away is asked again at once.
      if (this.#cached?.client === client) this.#cached = undefined
      throw error
    }
  }

  async #discover(provider: OidcProvider): Promise<OidcClient> {
    // Loaded when a provider is configured.
    const { OidcClient: Client } = await import('../../clients/oidc.ts')
    return await Client.discover(provider, this.#outbound, this.#onWarning)
  }
}

/** The person, by the claims that the settings name. */
export function personOf(answer: OidcAnswer, values: SettingValues): OidcPerson {
  const { claims, issuer, subject } = answer
  const groups = groupsOf(claims, values)
  const kept = groups.filter((name) => passes(values.oidc_group_filter, name))
  return {
    person: {
      source: 'oidc',
      // A subject is unique at its issuer only (OpenID Connect Core 1.0 §2).
      externalId: `${issuer} ${subject}`,
      username: usernameOf(claims, values),
      email: claims['email_verified'] === false ? undefined : textOf(claims['email']),
      realName: textOf(claims['name']) ?? '',
      groups: kept.map((name) => ({ kind: 'oidc', name, externalId: name })),
      admin: values.oidc_admin_group !== '' && groups.includes(values.oidc_admin_group),
    },
    issuer,
    refreshToken: answer.refreshToken,
    expiresAt: answer.expiresAt,
  }
}

/** A username from the provider's claims; empty when none of them can be one. */
function usernameOf(claims: Readonly<Record<string, unknown>>, values: SettingValues): string {
  const named = values.oidc_user_claim === '' ? undefined : textOf(claims[values.oidc_user_claim])
  const written = named ?? textOf(claims['preferred_username']) ?? textOf(claims['name']) ?? ''
  return harmlessUsername(written)
}

function groupsOf(claims: Readonly<Record<string, unknown>>, { oidc_groups_claim: claim }: SettingValues): string[] {
  const value = claim === '' ? undefined : claims[claim]
  const names = (Array.isArray(value) ? value : [value]).filter((name) => typeof name === 'string')
  const good = names.map((name) => name.trim()).filter((name) => name !== '' && name.length <= maxGroupNameLength)
  return [...new Set(good)].slice(0, maxGroups)
}

/** An expression that an administrator wrote, held against a short name. */
const passes = (filter: string, name: string): boolean => filter === '' || parseExpression(filter).test(name)

function parseExtra(text: string): Record<string, string> {
  const value = text.trim() === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, String(each)]))
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}
