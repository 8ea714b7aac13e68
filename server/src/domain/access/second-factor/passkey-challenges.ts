import { createHash, randomBytes } from 'node:crypto'
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import type { Writer } from '../../../database/database.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import type { SigningKeys } from '../tokens/signing-keys.ts'

/** So long a person may look for their key. */
const lifetimeSeconds = 300
const audience = 'passkey'
const maxStateLength = 2_048
const claims = z.object({ challenge: z.string(), purpose: z.string(), exp: z.number() })

export interface Challenge {
  /** What the browser gives to the authenticator, base64url. */
  readonly challenge: string
  /** Comes back with the answer: nothing is kept of a question that nobody answers. */
  readonly state: string
}

export interface AskedChallenge {
  readonly challenge: string
  readonly expiresAt: number
}

/** Questions to authenticators, each for one purpose, some minutes and one answer, whichever process gets it. */
export class PasskeyChallenges {
  readonly #keys: Pick<SigningKeys, 'getCurrentKey' | 'findKey'>
  readonly #clock: Clock

  constructor({ keys, clock }: { keys: Pick<SigningKeys, 'getCurrentKey' | 'findKey'>; clock: Clock }) {
    this.#keys = keys
    this.#clock = clock
  }

  async ask(purpose: string): Promise<Challenge> {
    const challenge = randomBytes(32).toString('base64url')
    const key = await this.#keys.getCurrentKey()
    const state = await new SignJWT({ challenge, purpose })
      .setProtectedHeader({ alg: key.algorithm, kid: key.kid, typ: 'passkey+jwt' })
      .setAudience(audience)
      .setExpirationTime(Math.floor(this.#clock.now() / 1_000) + lifetimeSeconds)
      .sign(key.privateKey)
    return { challenge, state }
  }

  /** Undefined for a question that is not ours, was for something else, or is too old. */
  async open(state: string, purpose: string): Promise<AskedChallenge | undefined> {
    if (state.length > maxStateLength) return undefined
    try {
      const { kid } = decodeProtectedHeader(state)
      const key = kid === undefined ? undefined : await this.#keys.findKey(kid)
      if (key === undefined) return undefined
      const { payload } = await jwtVerify(state, key.publicKey, {
        algorithms: [key.algorithm],
        typ: 'passkey+jwt',
        audience,
        requiredClaims: ['exp'],
        currentDate: new Date(this.#clock.now()),
      })
      const asked = claims.parse(payload)
      return asked.purpose === purpose ? { challenge: asked.challenge, expiresAt: asked.exp * 1_000 } : undefined
    } catch (error) {
      // A TypeError is how jose says that the text is no JWT at all.
      if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof z.ZodError)
        return undefined
      throw error
    }
  }

  /**
   * The question has its answer, in the transaction that the answer changes something in.
   * @throws DomainError BAD_REQUEST when it had one before
   */
  async use(tx: Writer, { challenge, expiresAt }: AskedChallenge): Promise<void> {
    await tx.deleteFrom('passkey_challenge').where('expires_at', '<', this.#clock.now()).execute()
    const used = await tx
      .insertInto('passkey_challenge')
      .values({ hash: createHash('sha256').update(challenge).digest('base64url'), expires_at: expiresAt })
      .onConflict((conflict) => conflict.doNothing())
      .returning('hash')
      .executeTakeFirst()
    if (used === undefined) throw new DomainError('BAD_REQUEST', 'this was used before: begin once more')
  }
}
