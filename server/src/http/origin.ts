import { BlockList, isIP } from 'node:net'
import type { Connection } from '../runtime/listener.ts'

/** Who talks to us and where it thinks we are, with and without proxies in between. */
export interface ClientFacts {
  clientAddressOf(request: Request, connection: Connection): string
  /** `https://registry.example.com:8443`, without a trailing slash. */
  originOf(request: Request): string
}

/**
 * X-Forwarded-* are believed only from `trustedProxies` (CIDR ranges): anybody can write them.
 * `externalUrl`, when configured, is the only origin there is.
 */
export function composeClientFacts(options: {
  externalUrl: string | undefined
  trustedProxies: readonly string[]
}): ClientFacts {
  const proxies = blockListOf(options.trustedProxies)
  const trusted = new WeakSet<Request>()
  return {
    clientAddressOf(request, connection) {
      const peer = connection.address()
      if (options.trustedProxies.length === 0 || !contains(proxies, peer)) return peer
      trusted.add(request)
      // The last address that no proxy of ours wrote about itself.
      const hops = (request.headers.get('x-forwarded-for') ?? '').split(',').map((hop) => hop.trim())
      return hops.reverse().find((hop) => isIP(hop) !== 0 && !contains(proxies, hop)) ?? peer
    },
    originOf(request) {
      if (options.externalUrl !== undefined) return options.externalUrl
      const url = new URL(request.url)
      if (!trusted.has(request)) return url.origin
      const protocol = request.headers.get('x-forwarded-proto') === 'https' ? 'https' : 'http'
      const host = request.headers.get('x-forwarded-host')
      return host !== null && /^[A-Za-z0-9.-]{1,255}(?::[0-9]{1,5})?$/.test(host)
        ? `${protocol}://${host}`
        : `${protocol}://${url.host}`
    },
  }
}

function blockListOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}

function contains(list: BlockList, address: string): boolean {
  // A dual-stack socket shows IPv4 peers as ::ffff:192.0.2.1.
  const bare = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
  const family = isIP(bare)
  return family !== 0 && list.check(bare, family === 6 ? 'ipv6' : 'ipv4')
}
