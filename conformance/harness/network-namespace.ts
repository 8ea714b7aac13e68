import { tryCommand } from './command.ts'

/** A network of its own that has nothing but loopback, and a view of its own on the file system. */
export interface NetworkNamespace extends AsyncDisposable {
  /** An address of it that programs do not take for loopback. */
  readonly address: string
  /** Put before a command, runs it inside. */
  readonly prefix: readonly string[]
}

// RFC 5737: for documentation, so nobody's.
const address = '192.0.2.1'

/** `binds` are folders that are seen, inside only, in the place of others. Needs root. */
export async function createNetworkNamespace(
  binds: readonly { from: string; to: string }[],
): Promise<NetworkNamespace> {
  const steps = [
    'ip link set lo up',
    `ip addr add ${address}/32 dev lo`,
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
  return {
    address,
    prefix: ['nsenter', '--net', '--mount', '--target', String(holder.pid), '--'],
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
