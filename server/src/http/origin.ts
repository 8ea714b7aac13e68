import { isIP } from 'node:net'
import type { Connection } from '../runtime/listener.ts'
import { networksOf } from '../runtime/networks.ts'

/** The client's address and the origin that it asked, with and without proxies in between. */
export interface ClientFacts {
  clientAddressOf(request: Request, connection: Connection): string
  /** `https://registry.example.com:8443`, without a trailing slash. */
  originOf(request: Request): string
}

/**
 * X-Forwarded-* are believed only from `trustedProxies` (CIDR ranges), because any client can write them.
 * `externalUrl`, when configured, is the only origin there is.
 */
export function composeClientFacts(options: {
  externalUrl: string | undefined
  trustedProxies: readonly string[]
}): ClientFacts {
  const isProxy = networksOf(options.trustedProxies)
  const trusted = new WeakSet<Request>()
  return {
    clientAddressOf(request, connection) {
      const peer = connection.address()
      if (options.trustedProxies.length === 0 || !isProxy(peer)) return peer
      trusted.add(request)
      // The last address that no proxy of ours wrote about itself.
      const hops = (request.headers.get('x-forwarded-for') ?? '').split(',').map((hop) => hop.trim())
      return hops.reverse().find((hop) => isIP(hop) !== 0 && !isProxy(hop)) ?? peer
    },
    originOf(request) {
      if (options.externalUrl !== undefined) return options.externalUrl
      const url = new URL(request.url)
      if (!trusted.has(request)) return url.origin
      const protocol = firstOf(request, 'x-forwarded-proto')?.toLowerCase() === 'https' ? 'https' : 'http'
      const host = firstOf(request, 'x-forwarded-host')
      const named =
        host !== undefined && /^(?:[A-Za-z0-9.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/.test(host)
      const origin = `${protocol}://${withPort(named ? host : url.host, firstOf(request, 'x-forwarded-port'), protocol)}`
      return URL.canParse(origin) ? new URL(origin).origin : url.origin
    },
  }
}

/** Each proxy of a chain adds itself behind the others: the first says what the client saw. */
function firstOf(request: Request, header: string): string | undefined {
  return request.headers.get(header)?.split(',')[0]?.trim()
}

/** The port that the client asked, where the proxy left it out of the name. That of the other scheme is an inner one. */
function withPort(host: string, port: string | undefined, protocol: 'http' | 'https'): string {
  const innerPort = protocol === 'https' ? '80' : '443'
  if (port === undefined || port === innerPort || !/^[1-9][0-9]{0,4}$/.test(port) || /:[0-9]+$/.test(host)) return host
  return `${host}:${port}`
}
