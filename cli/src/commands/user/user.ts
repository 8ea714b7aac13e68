import type { Command } from 'commander'
import { addAccessCommand } from '../../access-command.ts'
import { openAccessServices, type OpenAccessServices } from '../../access-services.ts'
import { addUser } from './add.ts'
import { setAdmin } from './admin.ts'
import { deleteUser } from './delete.ts'
import { setDuty } from './duty.ts'
import { disableUser } from './disable.ts'
import { enableUser } from './enable.ts'
import { listUsers } from './list.ts'
import { relinkUser } from './relink.ts'
import { addRegistryCommand } from '../../registry-command.ts'
import { showUser } from './show.ts'
import { resetSecondFactor } from './reset-second-factor.ts'
import { setPassword } from './set-password.ts'

export function registerUserCommands(program: Command, open: OpenAccessServices = openAccessServices): void {
  const user = program.command('user').alias('users').description('manage accounts')
  for (const command of [
    addUser,
    listUsers,
    setPassword,
    disableUser,
    enableUser,
    deleteUser,
    setAdmin,
    setDuty,
    relinkUser,
    resetSecondFactor,
  ]) {
    addAccessCommand(user, open, command)
  }
  addRegistryCommand(user, showUser)
}
