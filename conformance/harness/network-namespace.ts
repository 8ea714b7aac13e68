import { runCommand, tryCommand } from './command.ts'

/** A network of its own that has nothing but loopback, and a view of its own on the file system. */
export interface NetworkNamespace extends AsyncDisposable {
  /** An address of it that programs do not take for loopback. */
  readonly address: string
  /** Put before a command, runs it inside. */
  readonly prefix: readonly string[]
  /** Packets that were sent to anybody outside, names included: to that address, or to all others. */
  sentTo(whom: 'configured' | 'others'): Promise<number>
}

// RFC 5737: for documentation, so nobody's.
const address = '192.0.2.1'
/** A way out of its own leads to it, so that what goes there is told from what goes elsewhere. */
export const configuredAddress = '198.51.100.7'
const nameServer = '198.51.100.53'
const ways = { configured: 'out1', others: 'out2' } as const

/** Ways out that end at once, in a device that answers nobody: what is sent is counted. Names are asked for on the second. */
const waysOut = [
  ...Object.values(ways).flatMap((device) => [
    `ip link add ${device} type veth peer name ${device}-end`,
    // Nothing of its own accord: no neighbours are asked for, no routers.
    ...[device, `${device}-end`].flatMap((end) => [
      `ip link set ${end} addrgenmode none arp off`,
      `ip link set ${end} up`,
    ]),
  ]),
  `ip route add ${configuredAddress}/32 dev ${ways.configured} src ${address}`,
  `ip route add default dev ${ways.others} src ${address}`,
  'names=$(mktemp)',
  `echo nameserver ${nameServer} > $names`,
  'mount --bind $names /etc/resolv.conf',
]

/**
 * `binds` are folders that are seen, inside only, in the place of others. `isWatched`: there are ways out, on which what is sent is counted;
 * otherwise there are none, and whoever calls outside is told so at once. Needs root.
 */
export async function createNetworkNamespace(
  binds: readonly { from: string; to: string }[],
  { isWatched = false }: { readonly isWatched?: boolean } = {},
): Promise<NetworkNamespace> {
  const steps = [
    'ip link set lo up',
    `ip addr add ${address}/32 dev lo`,
    ...(isWatched ? waysOut : []),
    ...binds.flatMap(({ from, to }) => [`mkdir -p '${to}'`, `mount --bind '${from}' '${to}'`]),
    'echo ready',
    'exec sleep infinity',
  ]
  const holder = Bun.spawn(['unshare', '--net', '--mount', 'sh', '-ec', steps.join('; ')], {
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const said = await holder.stdout.getReader().read()
  if (!new TextDecoder().decode(said.value).startsWith('ready')) {
    throw new Error(`no network namespace could be made: ${await new Response(holder.stderr).text()}`)
  }
  const prefix = ['nsenter', '--net', '--mount', '--target', String(holder.pid), '--']
  return {
    address,
    async sentTo(whom) {
      const devices = await runCommand([...prefix, 'cat', '/proc/net/dev'])
      const line = devices.split('\n').find((each) => each.trim().startsWith(`${ways[whom]}:`))
      // Behind the name: eight numbers of what was received, then packets are the second of what was sent.
      return Number(line?.split(':')[1]?.trim().split(/\s+/)[9])
    },
    prefix,
    async [Symbol.asyncDispose]() {
      holder.kill('SIGKILL')
      await holder.exited
    },
  }
}

/** Whether this machine lets the tests make one: root in some containers may not. */
export async function canCreateNetworkNamespace(): Promise<boolean> {
  if (process.getuid?.() !== 0 || Bun.which('unshare') === null) return false
  return (await tryCommand(['unshare', '--net', '--mount', 'true'])).code === 0
}
