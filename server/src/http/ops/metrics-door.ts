import { createHash, timingSafeEqual } from 'node:crypto'
import { splitAuthorization } from '../authentication.ts'

/** Answers a request for metrics. With a `token`, the request must bring it as a bearer (RFC 6750). */
export function composeMetricsDoor(
  token: string | undefined,
  respond: (request: Request) => Response | Promise<Response>,
): (request: Request) => Response | Promise<Response> {
  if (token === undefined) return respond
  const expected = digestOf(token)
  return (request) => {
    const { scheme, value } = splitAuthorization(request.headers.get('authorization') ?? '')
    if (scheme === 'bearer' && timingSafeEqual(digestOf(value), expected)) return respond(request)
    const headers = { 'www-authenticate': 'Bearer realm="metrics"', 'cache-control': 'no-store' }
    return new Response('metrics need the token of the setting metrics.token: send Authorization: Bearer <token>\n', {
      status: 401,
      headers,
    })
  }
}

/** Of equal length, whatever was sent. */
const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest()
