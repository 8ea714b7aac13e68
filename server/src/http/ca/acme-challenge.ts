import type { RateBound } from './rate-bound.ts'

const prefix = '/.well-known/acme-challenge/'
const token = /^[\w-]{1,512}$/

export const isAcmeChallenge = (path: string): boolean => path.startsWith(prefix)

export interface AcmeChallengeDoorOptions {
  readonly find: (token: string) => Promise<string | undefined>
  readonly bound: RateBound
}

export type AcmeChallengeDoor = (request: Request, path: string, clientAddress: string) => Promise<Response>

/** What a certificate service looks for at port 80: RFC 8555, 8.3. */
export function composeAcmeChallengeDoor({ find, bound }: AcmeChallengeDoorOptions): AcmeChallengeDoor {
  return async (request, path, clientAddress) => {
    const name = path.slice(prefix.length)
    if (request.method !== 'GET' && request.method !== 'HEAD') return new Response(null, { status: 405 })
    if (!bound.admits(clientAddress)) return new Response(null, { status: 429, headers: { 'retry-after': '60' } })
    const answer = token.test(name) ? await find(name) : undefined
    if (answer === undefined) return new Response('nothing is proven here\n', { status: 404 })
    return new Response(answer, {
      headers: { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' },
    })
  }
}
