import type { Command } from 'commander'
import { parseRegistryUrl } from '../api/choose-registry.ts'
import { CommandError } from '../command-error.ts'
import { askHealth, localAddress, portsOf } from '../doctor/check-ports.ts'
import { addSettingFlags, loadConfigFor } from '../setting-flags.ts'
import { print } from '../standard-output.ts'

interface Flags {
  readonly url?: string
  readonly ca?: string
  readonly insecure?: true
}

export function registerHealthCommand(program: Command): void {
  addSettingFlags(program.command('health'), { showAll: false })
    .description('ask the Berth of this machine, or of a URL, whether it is alive; for containers without curl')
    .option('--url <url>', 'ask there')
    .option('--ca <file>', 'PEM file of the authority that signed the certificate of --url')
    .option('--insecure', 'take any certificate of --url')
    .action(async (flags: Flags, command: Command) => {
      if (flags.url === undefined) await askHere(command)
      else await askThere(flags.url, flags)
      print('alive')
    })
}

async function askHere(command: Command): Promise<void> {
  const [port] = portsOf(loadConfigFor(command).config)
  if (port === undefined) throw new CommandError('the configuration opens no port')
  const answer = await askHealth(localAddress(port.host), port.port, port.secure)
  if (answer !== 'berth') throw new CommandError(`port ${port.port} does not answer as Berth`)
}

async function askThere(text: string, { ca, insecure }: Flags): Promise<void> {
  const url = parseRegistryUrl(text)
  const { RemoteDoor } = await import('../api/remote-door.ts')
  await using door = new RemoteDoor({ url, ca, insecure: insecure === true }, undefined)
  const answer = await door.sendTo('/health', { method: 'GET' })
  const said = await answer.text()
  if (!answer.ok || !said.includes('"status":"ok"'))
    throw new CommandError(`${url} does not answer as Berth (${answer.status})`, { kind: 'unreachable' })
}
