import type { HttpAnswer, HttpRequest, Transport } from './exchange.ts'
import { RegistryFailure } from './registry-failure.ts'

/** Whether both are the same host and port, and nothing is sent in the clear that was not before. */
export function isSafeFor(home: URL, url: URL): boolean {
  return url.host === home.host && (url.protocol === home.protocol || url.protocol === 'https:')
}

/**
 * Sends a request that reads, and follows where it is sent to (object storage, mostly). On another host the request is
 * stripped of everything that says who asks; each hop passes the guard of addresses.
 * @throws RegistryFailure REDIRECT_REFUSED for a hop from HTTPS to HTTP, to no URL, or one too many
 */
export async function sendFollowing(
  transport: Transport,
  request: HttpRequest,
  { home, maxRedirects }: { readonly home: URL; readonly maxRedirects: number },
): Promise<HttpAnswer> {
  const { authorization: _secret, ...publicHeaders } = request.headers
  let url = request.url
  for (let redirects = 0; ; redirects++) {
    const headers = isSafeFor(home, url) ? request.headers : publicHeaders
    const answer = await transport.send({ ...request, url, headers })
    const { location } = answer.headers
    const isRedirect = [301, 302, 303, 307, 308].includes(answer.status) && location !== undefined
    if (!isRedirect || (request.method !== 'GET' && request.method !== 'HEAD')) return answer
    answer.body.discard()
    if (redirects === maxRedirects) {
      throw new RegistryFailure('REDIRECT_REFUSED', `${home.host} redirects more than ${maxRedirects} times`)
    }
    url = nextHop(url, location)
  }
}

function nextHop(from: URL, location: string): URL {
  if (!URL.canParse(location, from)) {
    throw new RegistryFailure('REDIRECT_REFUSED', `${from.host} redirects to something that is no URL`)
  }
  const to = new URL(location, from)
  // A name and a password in a URL are somebody's credential, and not ours to send.
  to.username = ''
  to.password = ''
  if (from.protocol === 'https:' && to.protocol !== 'https:') {
    throw new RegistryFailure('REDIRECT_REFUSED', `${from.host} redirects from HTTPS to ${to.protocol}//${to.host}`)
  }
  return to
}
