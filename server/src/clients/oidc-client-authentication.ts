import * as openid from 'openid-client'

type Method = 'client_secret_basic' | 'client_secret_post' | 'none'

/**
 * How the registry proves to a provider that it is its client (OpenID Connect Core 1.0 §9). The provider's metadata
 * names the methods that it knows, not the one that this client was registered for: the next one is tried when the
 * provider refuses the client, and the one that worked is kept.
 */
export class OidcClientAuthentication {
  readonly #secret: string
  #refused = 0
  /** How many there are to try; known when the metadata is. */
  #count = 1

  constructor(secret: string) {
    this.#secret = secret
  }

  readonly apply: openid.ClientAuth = (server, client, body, headers) => {
    const methods = methodsOf(server.token_endpoint_auth_methods_supported, this.#secret)
    this.#count = methods.length
    const method = methods[Math.min(this.#refused, methods.length - 1)] ?? 'client_secret_basic'
    authenticate[method](this.#secret)(server, client, body, headers)
  }

  /** Runs a request that authenticates the client, once for each method until the provider knows it. */
  async tryEach<T>(request: () => Promise<T>): Promise<T> {
    const before = this.#refused
    for (;;) {
      try {
        return await request()
      } catch (error) {
        if (!isClientRefused(error) || this.#refused + 1 >= this.#count) {
          // The secret is wrong then, and not the method.
          if (isClientRefused(error)) this.#refused = before
          throw error
        }
        this.#refused += 1
      }
    }
  }
}

const authenticate: Record<Method, (secret: string) => openid.ClientAuth> = {
  client_secret_basic: (secret) => openid.ClientSecretBasic(secret),
  client_secret_post: (secret) => openid.ClientSecretPost(secret),
  none: () => openid.None(),
}

/**
 * In the order in which they are tried: basic is what a client is registered for that says nothing else. A provider for
 * public clients alone names `none`: a secret that was set for it nevertheless is not sent.
 */
function methodsOf(supported: readonly string[] | undefined, secret: string): Method[] {
  if (secret === '') return ['none']
  const usual: Method[] = ['client_secret_basic', 'client_secret_post']
  const named = [...usual, 'none' as const].filter((method) => supported?.includes(method))
  return named.length > 0 ? named : usual
}

/** RFC 6749 §5.2: `invalid_client`, with a challenge when the client used the Authorization header. */
function isClientRefused(error: unknown): boolean {
  if (error instanceof openid.WWWAuthenticateChallengeError) return true
  return error instanceof openid.ResponseBodyError && (error.error === 'invalid_client' || error.status === 401)
}
