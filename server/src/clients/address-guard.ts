import { BlockList, isIP } from 'node:net'

/**
 * Addresses that a name which somebody typed in must not lead to: this machine, the link it is on (where clouds keep
 * their metadata, RFC 3927), and what is no single machine. Private networks are where remote registries live.
 */
const guarded = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  guarded.addSubnet(network, prefix, 'ipv4')
// Metadata services outside the link: Alibaba's, Oracle's, Azure's.
for (const address of ['100.100.100.200', '192.0.0.192', '168.63.129.16']) guarded.addAddress(address, 'ipv4')
for (const [network, prefix] of [
  ['::', 127],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  guarded.addSubnet(network, prefix, 'ipv6')
guarded.addAddress('fd00:ec2::254', 'ipv6')

/** Whether nothing may be sent there unless the operator allows it. What is no address at all is guarded too. */
export function isGuardedAddress(address: string): boolean {
  const bare = address.replace(/%.*$/, '')
  const family = isIP(bare)
  if (family === 4) return guarded.check(bare, 'ipv4')
  if (family !== 6) return true
  const inside = embeddedIpv4(bare)
  return guarded.check(bare, 'ipv6') || (inside !== undefined && guarded.check(inside, 'ipv4'))
}

/** The IPv4 address that an IPv6 address leads to: mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056). */
function embeddedIpv4(address: string): string | undefined {
  const groups = groupsOf(address)
  const low = [groups[6]!, groups[7]!] as const
  const zeros = (from: number, to: number) => groups.slice(from, to).every((group) => group === 0)
  if (zeros(0, 5) && (groups[5] === 0xffff || groups[5] === 0)) return dotted(...low)
  if (zeros(0, 4) && groups[4] === 0xffff && groups[5] === 0) return dotted(...low)
  if (groups[0] === 0x64 && groups[1] === 0xff9b) return dotted(...low)
  if (groups[0] === 0x2002) return dotted(groups[1]!, groups[2]!)
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
