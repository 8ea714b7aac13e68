import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

/**
 * Addresses that a typed name must not lead to: this machine, the link it is on (where clouds keep their metadata, RFC
 * 3927), and addresses that are no single machine of the internet or of a private network (IANA's registries of
 * special-purpose addresses).
 */
const guarded = blockListOf([
  '0.0.0.0/8',
  // Shared with the provider's own machines (RFC 6598); some clouds keep their metadata there.
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  // Documentation (RFC 5737), relays of 6to4 (RFC 7526), benchmarks (RFC 2544).
  '192.0.2.0/24',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // Azure's metadata service, outside the link.
  '168.63.129.16/32',
  '::/127',
  // Translation within a network (RFC 8215), discard (RFC 6666), a dummy prefix (RFC 9780).
  '64:ff9b:1::/48',
  '100::/64',
  '100:0:0:1::/64',
  // Protocol assignments: Teredo, benchmarks, ORCHID (RFC 2928).
  '2001::/23',
  // Documentation (RFC 3849, RFC 9637), segment identifiers (RFC 9602), 6to4 (RFC 7526).
  '2001:db8::/32',
  '3fff::/20',
  '5f00::/16',
  '2002::/16',
  // Metadata services of AWS and Google.
  'fd00:ec2::/32',
  'fd20:ce::254/128',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
])

/** Where remote registries, directories and issuers of an organisation live (RFC 1918, RFC 4193). */
const privateNetworks = blockListOf(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'])

/** True when requests may go there only if the operator allows it. A text that is no address is guarded too. */
export function isGuardedAddress(address: string): boolean {
  const bare = address.replace(/%.*$/, '')
  const family = isIP(bare)
  if (family === 0) return true
  if (family === 4) return guarded.check(bare, 'ipv4') || isOwn(bare)
  const inside = embeddedIpv4(bare)
  return guarded.check(bare, 'ipv6') || isOwn(bare) || (inside !== undefined && isGuardedAddress(inside))
}

/** Whether it lies in the internet: neither guarded nor in a private network. */
export function isPublicAddress(address: string): boolean {
  if (isGuardedAddress(address)) return false
  const inside = isIP(address) === 6 ? embeddedIpv4(address) : undefined
  return (
    !privateNetworks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4') &&
    (inside === undefined || isPublicAddress(inside))
  )
}

/** Of an interface of this machine at this moment. */
function isOwn(address: string): boolean {
  const own = new BlockList()
  for (const { address: each, family } of Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []))
    own.addAddress(each.replace(/%.*$/, ''), family === 'IPv6' ? 'ipv6' : 'ipv4')
  return own.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    list.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

/**
 * The IPv4 address that an IPv6 address leads to: compatible, mapped (RFC 4291), translated (RFC 2765), NAT64 (RFC 6052),
 * ISATAP (RFC 5214).
 */
function embeddedIpv4(address: string): string | undefined {
  const groups = groupsOf(address)
  const low = [groups[6]!, groups[7]!] as const
  const zeros = (from: number, to: number) => groups.slice(from, to).every((group) => group === 0)
  if (zeros(0, 5) && (groups[5] === 0xffff || groups[5] === 0)) return dotted(...low)
  if (zeros(0, 4) && groups[4] === 0xffff && groups[5] === 0) return dotted(...low)
  if (groups[0] === 0x64 && groups[1] === 0xff9b) return dotted(...low)
  if ((groups[4]! & ~0x200) === 0 && groups[5] === 0x5efe) return dotted(...low)
  return undefined
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** The eight groups of an address that `isIP` found to be one. */
function groupsOf(address: string): number[] {
  const withoutDots = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const hex = (high: string, low: string) => (Number(high) * 256 + Number(low)).toString(16)
    return `${hex(a, b)}:${hex(c, d)}`
  })
  const [head = '', tail] = withoutDots.split('::')
  const parse = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)))
  const [left, right] = [parse(head), parse(tail ?? '')]
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right]
}
