import { randomUUID } from 'node:crypto'
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import type { TokenAccess } from '#contract/token-scope.ts'
import type { Clock } from '../../clock.ts'
import { LruMap } from '../../../runtime/lru-map.ts'
import type { SigningKeys } from './signing-keys.ts'

const leewaySeconds = 60
/** What a request carries beside its other fields: the listener takes 16 KiB of them together. */
export const maxTokenLength = 14_336
const cacheCapacity = 10_000
/** A verified token is looked at again after this time, so a key that was removed stops working everywhere. */
const trustVerifiedMs = 60_000
const kidPattern = /^[A-Za-z0-9_-]{43}$/

/** Whom a token is issued to: a user's account, or a robot. */
export interface TokenHolder {
  readonly id: number
  readonly username: string
  readonly version: number
  /** The personal token with which it is fetched, when it is. */
  readonly personalToken?: number | undefined
}

/** What a token says that we signed and that has not expired. What its account may do now is not in it. */
export interface VerifiedToken {
  /** Undefined for the token of someone without an account. */
  readonly account:
    | {
        readonly id: number
        readonly version: number
        readonly robot?: true | undefined
        readonly personalToken?: number | undefined
      }
    | undefined
  readonly access: readonly TokenAccess[]
  readonly issuedAt: number
}

export interface IssuedToken {
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  readonly lifetimeSeconds: number
}

export interface AccessTokensOptions {
  readonly keys: SigningKeys
  readonly clock: Clock
  readonly issuer: string
  /** The registry as clients name it to the token service; the audience of every token. */
  readonly service: string
  /** As it is set at that moment. */
  readonly lifetimeSeconds: () => Promise<number>
}

/** `berth`: what the registered claims cannot say: the version of the account, and time finer than a second. */
const claimsSchema = z.object({
  iat: z.number(),
  exp: z.number(),
  access: z.array(z.object({ type: z.string(), name: z.string(), actions: z.array(z.string()) })),
  berth: z.object({
    issuedAt: z.number(),
    account: z
      .object({
        id: z.number(),
        version: z.number(),
        robot: z.literal(true).optional(),
        personalToken: z.number().optional(),
      })
      .optional(),
  }),
})

interface CacheEntry {
  readonly verified: VerifiedToken
  readonly trustedUntil: number
}

/** The access tokens that clients carry to /v2 (distribution: token authentication specification). */
export class AccessTokens {
  readonly #keys: SigningKeys
  readonly #clock: Clock
  readonly #issuer: string
  readonly #service: string
  readonly #lifetimeSeconds: () => Promise<number>
  /**
   * By the token itself. A keyed hash of it would cost a tenth of a small request and hide nothing: it lives for minutes,
   * in the memory of a process that has the key to sign others. Only who has all of a token can be compared with it.
   */
  readonly #cache = new LruMap<string, CacheEntry>(cacheCapacity)

  constructor({ keys, clock, issuer, service, lifetimeSeconds }: AccessTokensOptions) {
    this.#keys = keys
    this.#clock = clock
    this.#issuer = issuer
    this.#service = service
    this.#lifetimeSeconds = lifetimeSeconds
  }

  /** The caller has reduced `access` to what the account may do. */
  async issueToken(
    account: TokenHolder | undefined,
    access: readonly TokenAccess[],
    holder: 'user' | 'robot' = 'user',
  ): Promise<IssuedToken> {
    const key = await this.#keys.getCurrentKey()
    const lifetimeSeconds = await this.#lifetimeSeconds()
    const issuedAt = this.#clock.now()
    const iat = Math.floor(issuedAt / 1000)
    const berth = { issuedAt, ...(account === undefined ? {} : { account: claimsOf(account, holder) }) }
    const token = await new SignJWT({ access, berth })
      .setProtectedHeader({ alg: key.algorithm, kid: key.kid, typ: 'JWT' })
      .setIssuer(this.#issuer)
      .setSubject(account?.username ?? '')
      .setAudience(this.#service)
      .setIssuedAt(iat)
      .setNotBefore(iat)
      .setExpirationTime(iat + lifetimeSeconds)
      .setJti(randomUUID())
      .sign(key.privateKey)
    return { token, issuedAt, lifetimeSeconds }
  }

  /** What the token says; undefined when it is not ours, was tampered with, or its time is not now. */
  async verifyToken(token: string): Promise<VerifiedToken | undefined> {
    if (token.length > maxTokenLength) return undefined
    const now = this.#clock.now()
    const cached = this.#cache.get(token)
    if (cached !== undefined && now < cached.trustedUntil && now >= cached.trustedUntil - trustVerifiedMs)
      return cached.verified
    const fresh = await this.#verifySignature(token, now)
    if (fresh === undefined) return undefined
    this.#cache.set(token, fresh)
    return fresh.verified
  }

  async #verifySignature(token: string, now: number): Promise<CacheEntry | undefined> {
    try {
      const { kid } = decodeProtectedHeader(token)
      // The key comes from our table and brings its algorithm; nothing else that the header says is believed.
      const key = kid !== undefined && kidPattern.test(kid) ? await this.#keys.findKey(kid) : undefined
      if (key === undefined) return undefined
      const { payload } = await jwtVerify(token, key.publicKey, {
        algorithms: [key.algorithm],
        typ: 'JWT',
        issuer: this.#issuer,
        audience: this.#service,
        requiredClaims: ['exp', 'nbf', 'iat', 'sub'],
        clockTolerance: leewaySeconds,
        currentDate: new Date(now),
      })
      const claims = claimsSchema.parse(payload)
      if (claims.iat * 1000 > now + leewaySeconds * 1000) return undefined
      return {
        verified: { account: claims.berth.account, access: claims.access, issuedAt: claims.berth.issuedAt },
        trustedUntil: Math.min(now + trustVerifiedMs, (claims.exp + leewaySeconds) * 1000),
      }
    } catch (error) {
      // A TypeError is how jose says that the text is no JWT at all. The database being away is none of these.
      if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof z.ZodError)
        return undefined
      throw error
    }
  }
}

function claimsOf({ id, version, personalToken }: TokenHolder, holder: 'user' | 'robot') {
  const token = personalToken === undefined ? {} : { personalToken }
  return { id, version, ...(holder === 'robot' ? { robot: true } : {}), ...token }
}
