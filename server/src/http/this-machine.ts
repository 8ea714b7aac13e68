import type { Connection } from '../runtime/listener.ts'
import { networksOf } from '../runtime/networks.ts'
import { hostOf, isLoopbackAddress, isLoopbackHost, namesOf } from './request-names.ts'

/** Set by proxies. `x-forwarded-…` belongs to them as well. */
const proxyHeaders = new Set([
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-original-forwarded-for',
  'x-original-host',
  'x-envoy-external-address',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
])

export type IsFromThisMachine = (request: Request, connection: Connection) => boolean

/**
 * Whether a program on this machine made the request. A proxy on this machine connects from the loopback address for
 * everybody, so a request that shows traces of one counts only when the proxy is trusted and every client that it names
 * is on this machine too. The request must ask for a loopback name as well: a web page whose name was pointed here
 * (DNS rebinding) does not. In doubt the answer is no.
 */
export function composeIsFromThisMachine({
  trustedProxies,
}: {
  readonly trustedProxies: readonly string[]
}): IsFromThisMachine {
  const isProxy = networksOf(trustedProxies)
  return (request, connection) => {
    const peer = connection.address()
    if (!isLoopbackAddress(peer)) return false
    const hosts = namesOf(request).map(hostOf)
    if (!hosts.every((host) => host !== undefined && isLoopbackHost(host))) return false
    if (!hasTraceOfProxy(request)) return true
    const clients = (request.headers.get('x-forwarded-for') ?? '').split(',').map((client) => client.trim())
    return isProxy(peer) && clients.every(isLoopbackAddress)
  }
}

function hasTraceOfProxy({ headers }: Request): boolean {
  return [...headers.keys()].some((name) => proxyHeaders.has(name) || name.startsWith('x-forwarded'))
}
