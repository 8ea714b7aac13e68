import { BlockList, isIP } from 'node:net'

/** Whether an address lies in one of some networks. */
export type Networks = (address: string) => boolean

/** `ranges`: addresses and CIDR ranges, checked before. */
export function networksOf(ranges: readonly string[]): Networks {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return (address) => {
    // A dual-stack socket shows IPv4 peers as ::ffff:192.0.2.1.
    const bare = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
    const family = isIP(bare)
    return family !== 0 && list.check(bare, family === 6 ? 'ipv6' : 'ipv4')
  }
}
