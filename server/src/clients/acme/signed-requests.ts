import { createPrivateKey, createPublicKey } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, FlattenedSign, type JWK } from 'jose'

/** Signs requests for an account: RFC 8555, 6.2, with ECDSA on P-256. */
export class SignedRequests {
  readonly #key: ReturnType<typeof createPrivateKey>

  constructor(privateKey: string) {
    this.#key = createPrivateKey(privateKey)
  }

  /** `account`: its URL; undefined while it has none, so the key itself stands in the request. */
  async sign(
    payload: object | undefined,
    { url, nonce, account }: { readonly url: string; readonly nonce: string; readonly account: string | undefined },
  ): Promise<string> {
    // An empty payload reads: POST-as-GET.
    const bytes = Buffer.from(payload === undefined ? '' : JSON.stringify(payload))
    const who = account === undefined ? { jwk: await this.#publicKey() } : { kid: account }
    return JSON.stringify(
      await new FlattenedSign(bytes).setProtectedHeader({ alg: 'ES256', nonce, url, ...who }).sign(this.#key),
    )
  }

  /** RFC 8555, 7.3.4: another system knows who we are there, and gave us this key. */
  async bindTo({ keyId, hmacKey }: { readonly keyId: string; readonly hmacKey: string }, url: string): Promise<object> {
    return await new FlattenedSign(Buffer.from(JSON.stringify(await this.#publicKey())))
      .setProtectedHeader({ alg: 'HS256', kid: keyId, url })
      .sign(Buffer.from(hmacKey, 'base64url'))
  }

  async keyAuthorization(token: string): Promise<string> {
    return `${token}.${await calculateJwkThumbprint(await this.#publicKey())}`
  }

  async #publicKey(): Promise<JWK> {
    return await exportJWK(createPublicKey(this.#key))
  }
}
