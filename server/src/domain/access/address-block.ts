import { isIPv4, isIPv6 } from 'node:net'

/**
 * The block of addresses that one customer of a network usually has: an IPv4 address itself, the /64 of an
 * IPv6 address. Anything else stands for itself.
 */
export function addressBlock(address: string): string {
  if (isIPv4(address)) return address
  const zoneless = address.split('%', 1)[0] ?? ''
  if (!isIPv6(zoneless)) return address
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(zoneless)?.[1]
  if (mapped !== undefined) return mapped
  return `${groupsOf(zoneless).slice(0, 4).join(':')}::/64`
}

/** The groups of a valid IPv6 address without leading zeros, `::` filled in (RFC 4291 §2.2). */
function groupsOf(address: string): string[] {
  const [head = '', tail] = address.toLowerCase().split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  // A dotted quad at the end stands for two groups; it lies behind the first four, so its value does not matter.
  const written = before.length + after.length + (address.includes('.') ? 1 : 0)
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - written }, () => '0')
  return [...before, ...zeros, ...after].map((group) => group.replace(/^0+(?=.)/, ''))
}
