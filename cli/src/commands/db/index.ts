import type { Command } from 'commander'
import { addCommandGroup } from '../../registry-command.ts'
import { dataCommands } from './data.ts'
import { registerImportCommand } from './import.ts'
import { pullCommands } from './pull.ts'
import { registerPushCommand } from './push.ts'

export function registerDbCommands(program: Command): void {
  const db = addCommandGroup(program, {
    name: 'db',
    description: 'vulnerability data for scans',
    commands: [...dataCommands, ...pullCommands],
  })
  registerImportCommand(db)
  registerPushCommand(db)
}
