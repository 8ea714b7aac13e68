import { isIP } from 'node:net'
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
    return isProxy(peer) && namesThisMachineAlone(request)
  }
}

/**
 * `Connection: close` is no trace: podman, skopeo and buildah send it with each request. A proxy that adds nothing but
 * that cannot be told apart from a program on this machine; the guides say so.
 */
function hasTraceOfProxy({ headers }: Request): boolean {
  return [...headers].some(
    ([name, value]) =>
      proxyHeaders.has(name) || name.startsWith('x-forwarded') || (name !== 'host' && addressesIn(value).length > 0),
  )
}

/** A proxy may write one header and pass on others as its client wrote them: all of them must agree. */
function namesThisMachineAlone({ headers }: Request): boolean {
  const clients = (headers.get('x-forwarded-for') ?? '').split(',').map((client) => client.trim())
  const others = [...headers].flatMap(([name, value]) => (name === 'host' ? [] : addressesIn(value)))
  return !headers.has('forwarded') && [...clients, ...others].every(isLoopbackAddress)
}

const addressesIn = (value: string): string[] =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => isIP(part) !== 0)
