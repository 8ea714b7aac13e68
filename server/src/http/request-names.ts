import { isIP } from 'node:net'

/** Headers in which a proxy says for which name a client asked. */
const nameHeaders = ['host', 'x-forwarded-host', 'x-original-host'] as const

/**
 * Every name that the request says it was sent to, with its port: by its Host header and by what proxies add. Anybody
 * can write the latter, so they only ever take something away.
 */
export function namesOf(request: Request): string[] {
  const listed = nameHeaders.flatMap((header) => (request.headers.get(header) ?? '').split(','))
  const forwarded = [...(request.headers.get('forwarded') ?? '').matchAll(/host="?([^",;]*)/gi)].map(
    ([, name]) => name!,
  )
  return [...listed, ...forwarded].map((name) => name.trim()).filter((name) => name !== '')
}

/** The host of `name:port`, in lower case, without brackets and final dot; undefined when it is none. */
export function hostOf(name: string): string | undefined {
  if (!URL.canParse(`http://${name}`)) return undefined
  const { hostname, username, pathname, search, hash } = new URL(`http://${name}`)
  if (username !== '' || pathname !== '/' || search !== '' || hash !== '') return undefined
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
}

/** RFC 6761 §6.3 and the loopback addresses: names that lead to the user's own machine. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isLoopbackAddress(host)
}

/** 127.0.0.0/8 and ::1, as a dual-stack socket shows them too. */
export function isLoopbackAddress(address: string): boolean {
  const bare = address.toLowerCase().replace(/^::ffff:(?=[\d.]+$)/, '')
  if (isIP(bare) === 4) return bare.startsWith('127.')
  // The URL parser writes mapped addresses in hexadecimal.
  return bare === '::1' || /^::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}$/.test(bare)
}
