import { budgets, parseForeignJson } from '#contract/budget.ts'
import { ContractError } from '#contract/contract-error.ts'
import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet, type JWTPayload } from 'jose'
import { LruMap } from '../runtime/lru-map.ts'
import { OutboundFailure, type Outbound } from './outbound.ts'

/** The issuer whose tokens are believed, and the audience that they must name. */
export interface TrustedIssuer {
  readonly issuer: string
  readonly audience: string
  /** PEM, of the authority of its certificate; the system's when left out. */
  readonly authority: string | undefined
  /** It may live in a private network. */
  readonly privateNetworks: boolean
}

/** The issuer cannot be asked for its keys. */
export class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable'
}

const keepKeysMs = 10 * 60_000
/** A token with an unknown key makes us ask again, but not more often than this. */
const askAgainMs = 30_000
/** One that could not be asked is not asked again for each token. */
const keepFailureMs = 5_000
const cachedIssuers = 100
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
const clockToleranceSeconds = 60

interface CachedIssuer {
  readonly keys: Promise<JSONWebKeySet>
  readonly at: number
  failed: boolean
}

/** Requests to issuers. Those that a person without rights may have named keep to the internet. */
export interface IssuerOutbound {
  readonly internet: Outbound
  readonly privateNetworks: Outbound
}

/** Verifies OIDC tokens of issuers that somebody trusts: of CI services, Kubernetes clusters (OpenID Connect Discovery). */
export class IssuerKeys {
  readonly #outbound: IssuerOutbound
  readonly #now: () => number
  readonly #cached = new LruMap<string, CachedIssuer>(cachedIssuers)

  constructor({ outbound, now }: { outbound: IssuerOutbound; now: () => number }) {
    this.#outbound = outbound
    this.#now = now
  }

  /**
   * The claims of a token that the issuer signed for the audience and that is good now; undefined for any other.
   * @throws IssuerUnavailable
   */
  async verifyToken(token: string, trusted: TrustedIssuer): Promise<JWTPayload | undefined> {
    for (const fresh of [false, true]) {
      const keys = await this.#keysOf(trusted, fresh)
      try {
        const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
          algorithms,
          issuer: trusted.issuer,
          audience: trusted.audience,
          requiredClaims: ['exp', 'sub'],
          clockTolerance: clockToleranceSeconds,
          currentDate: new Date(this.#now()),
        })
        return payload
      } catch (error) {
        if (error instanceof errors.JWKSNoMatchingKey && !fresh) continue
        if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
        throw error
      }
    }
    return undefined
  }

  async #keysOf(trusted: TrustedIssuer, fresh: boolean): Promise<JSONWebKeySet> {
    const key = JSON.stringify([trusted.issuer, trusted.authority, trusted.privateNetworks])
    const known = this.#cached.get(key)
    if (known !== undefined && this.#now() - known.at < keepMsOf(known, fresh)) return await known.keys
    const asked = { keys: this.#fetchKeys(trusted), at: this.#now(), failed: false }
    this.#cached.set(key, asked)
    try {
      return await asked.keys
    } catch (error) {
      asked.failed = true
      throw error
    }
  }

  async #fetchKeys(trusted: TrustedIssuer): Promise<JSONWebKeySet> {
    const { issuer } = trusted
    const configuration = await this.#fetchJson(
      `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
      trusted,
    )
    if (configuration['issuer'] !== issuer)
      throw new IssuerUnavailable(`${issuer} calls itself ${String(configuration['issuer']).slice(0, 200)}`)
    const address = String(configuration['jwks_uri'])
    if (!isKeyAddress(address)) throw new IssuerUnavailable(`${issuer} has its keys at ${address.slice(0, 200)}`)
    const set = await this.#fetchJson(address, trusted)
    if (!Array.isArray(set['keys'])) throw new IssuerUnavailable(`${address} has no keys`)
    return set as unknown as JSONWebKeySet
  }

  async #fetchJson(address: string, { authority, privateNetworks }: TrustedIssuer): Promise<Record<string, unknown>> {
    const outbound = privateNetworks ? this.#outbound.privateNetworks : this.#outbound.internet
    try {
      const { status, body } = await outbound({ url: new URL(address), authority })
      if (status !== 200) throw new IssuerUnavailable(`${address} answered ${status}`)
      return parseForeignJson(body, budgets.remoteAnswer) as Record<string, unknown>
    } catch (cause) {
      if (cause instanceof OutboundFailure || cause instanceof ContractError || cause instanceof TypeError)
        throw new IssuerUnavailable(`${address}: ${cause.message}`, { cause })
      throw cause
    }
  }
}

function keepMsOf({ failed }: CachedIssuer, fresh: boolean): number {
  if (failed) return keepFailureMs
  return fresh ? askAgainMs : keepKeysMs
}

/** The issuer says where its keys are: over HTTPS too, and at no place that says more than an address. */
function isKeyAddress(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, username, password, hash } = new URL(address)
  return protocol === 'https:' && username === '' && password === '' && hash === ''
}
