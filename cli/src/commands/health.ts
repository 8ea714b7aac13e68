import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import { askHealth, localAddress, portsOf } from '../doctor/check-ports.ts'
import { addSettingFlags, loadConfigFor } from '../setting-flags.ts'

export function registerHealthCommand(program: Command): void {
  addSettingFlags(program.command('health'), { showAll: false })
    .description('ask the Berth of this machine whether it is alive; for containers without curl')
    .action(async (_flags: unknown, command: Command) => {
      const [port] = portsOf(loadConfigFor(command).config)
      if (port === undefined) throw new CommandError('the configuration opens no port')
      const answer = await askHealth(localAddress(port.host), port.port, port.secure)
      if (answer !== 'berth') throw new CommandError(`port ${port.port} does not answer as Berth`)
      console.log('alive')
    })
}
