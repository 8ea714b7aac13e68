import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { connect, type DetailedPeerCertificate } from 'node:tls'

export type Handshake =
  | { readonly kind: 'tls'; readonly served: readonly X509Certificate[]; readonly protocol: string }
  /** Something answers, but not in TLS. */
  | { readonly kind: 'plain' }
  | { readonly kind: 'unreachable'; readonly reason: string }

/**
 * The chain that a server at this address sends to a client that asks for `name`, leaf first. It is read without being
 * judged.
 */
export function fetchServedChain(address: string, port: number, name: string, timeoutMs = 5_000): Promise<Handshake> {
  return new Promise((resolve) => {
    const socket = connect(
      {
        host: address,
        port,
        rejectUnauthorized: false,
        ALPNProtocols: ['http/1.1'],
        ...(isIP(name) === 0 ? { servername: name } : {}),
      },
      () => {
        const served = chainOf(socket.getPeerCertificate(true))
        const protocol = socket.getProtocol() ?? 'unknown'
        socket.destroy()
        resolve(
          served.length === 0
            ? { kind: 'unreachable', reason: 'it sent no certificate' }
            : { kind: 'tls', served, protocol },
        )
      },
    )
    socket.setTimeout(timeoutMs, () => {
      socket.destroy()
      resolve({ kind: 'unreachable', reason: `no answer within ${timeoutMs / 1000} s` })
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const spoke = /wrong version number|packet length|unexpected message|http request|WRONG_VERSION|SSL/i.test(
        `${error.code} ${error.message}`,
      )
      resolve(spoke ? { kind: 'plain' } : { kind: 'unreachable', reason: reasonOf(error) })
    })
  })
}

function chainOf(leaf: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = []
  const seen = new Set<string>()
  // A self-signed certificate is its own issuer.
  for (let each: DetailedPeerCertificate | undefined = leaf; each?.raw !== undefined; each = each.issuerCertificate) {
    const certificate = new X509Certificate(each.raw)
    if (seen.has(certificate.fingerprint256)) break
    seen.add(certificate.fingerprint256)
    chain.push(certificate)
  }
  return chain
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name cannot be resolved'
    default:
      return code ?? message
  }
}
