import { randomBytes, timingSafeEqual } from 'node:crypto'
import { harborError } from './harbor/frame/harbor-error.ts'
import { isPageOf } from './other-sites.ts'
import { cookieOf, sessionTokenOf } from './session-cookie.ts'

const header = 'x-harbor-csrf-token'
const cookie = '_gorilla_csrf'
const secretBytes = 32
const maxAgeSeconds = 12 * 60 * 60
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

export interface Csrf {
  /**
   * Answers the request through `next` unless it changes something and does not prove that it comes from a page of
   * ours. `always`: also without a session (signing in).
   */
  protect(request: Request, options: { always: boolean }, next: () => Promise<Response>): Promise<Response>
}

/**
 * Harbor's protection against requests forged by other sites, which its clients know: a secret in a strict cookie,
 * the same secret (masked, so that a compressed answer never shows it twice alike) in a header of every answer, and
 * sent back in that header by whoever may read answers. Only requests with a session are concerned: credentials in an
 * Authorization header are not sent by browsers on their own.
 */
export function composeCsrf({ originOf }: { originOf: (request: Request) => string }): Csrf {
  return {
    async protect(request, { always }, next) {
      if (!always && sessionTokenOf(request) === undefined) return await next()
      const known = parseSecret(cookieOf(request, cookie))
      const secret = known ?? randomBytes(secretBytes)
      const origin = originOf(request)
      const why = safeMethods.has(request.method) ? undefined : refusal(request, known, origin)
      const response = why === undefined ? await next() : harborError(403, 'FORBIDDEN', why)
      response.headers.set(header, mask(secret))
      if (known === undefined) response.headers.append('set-cookie', secretCookie(secret, origin.startsWith('https:')))
      return response
    },
  }
}

/** Why the request is not believed; undefined when it is. */
function refusal(request: Request, secret: Uint8Array | undefined, origin: string): string | undefined {
  const from = request.headers.get('origin') ?? request.headers.get('referer')
  // Hosts only: behind a proxy that ends TLS and is not known to us, the scheme that we see is another.
  if (from !== null && !isOwnPage(from, [origin, request.url])) return `origin invalid: ${addressOf(origin)}`
  const sent = request.headers.get(header)
  if (sent === null || sent === '') return 'CSRF token not found in request'
  const unmasked = unmask(sent)
  // A browser that asks by another name, without TLS, does not keep the cookie of an address that has it.
  if (secret === undefined && from !== null && !isOwnPage(from, [origin]))
    return `CSRF token invalid: ${addressOf(origin)}`
  if (secret === undefined || unmasked === undefined || !timingSafeEqual(secret, unmasked)) return 'CSRF token invalid'
  return undefined
}

const addressOf = (origin: string): string => `the address of this registry is ${origin}; open the console there`

const isOwnPage = (page: string, addresses: readonly string[]): boolean =>
  URL.canParse(page) && isPageOf(new URL(page), addresses)

function mask(secret: Uint8Array): string {
  const pad = randomBytes(secretBytes)
  return Buffer.concat([pad, xor(secret, pad)]).toString('base64')
}

function unmask(token: string): Uint8Array | undefined {
  const bytes = Buffer.from(token, 'base64')
  if (bytes.byteLength !== 2 * secretBytes) return undefined
  return xor(bytes.subarray(secretBytes), bytes.subarray(0, secretBytes))
}

function xor(bytes: Uint8Array, pad: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => byte ^ pad[index]!)
}

function parseSecret(value: string | undefined): Uint8Array | undefined {
  if (value === undefined || !/^[A-Za-z0-9_-]{43}$/.test(value)) return undefined
  return Buffer.from(value, 'base64url')
}

function secretCookie(secret: Uint8Array, secure: boolean): string {
  const value = Buffer.from(secret).toString('base64url')
  return `${cookie}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
}
