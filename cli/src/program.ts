import type { Command } from 'commander'
import { registerBackupCommands } from './commands/backup/backup.ts'
import { registerConfigCommands } from './commands/config.ts'
import { registerDoctorCommand } from './commands/doctor.ts'
import { registerExportCommand } from './commands/export.ts'
import { registerHealthCommand } from './commands/health.ts'
import { registerImportCommands } from './commands/import/import.ts'
import { registerMigrateCommand } from './commands/migrate.ts'
import { registerProjectCommands } from './commands/project/project.ts'
import { registerRestoreCommand } from './commands/restore.ts'
import { registerServeCommand } from './commands/serve.ts'
import { registerUserCommands } from './commands/user/user.ts'
import { registerVerifyCommand } from './commands/verify.ts'
import { registerVersionCommand } from './commands/version.ts'
import { composeBareProgram } from './run-program.ts'

export function composeProgram(): Command {
  const program = composeBareProgram()
  registerServeCommand(program)
  registerMigrateCommand(program)
  registerConfigCommands(program)
  registerDoctorCommand(program)
  registerUserCommands(program)
  registerProjectCommands(program)
  registerImportCommands(program)
  registerBackupCommands(program)
  registerRestoreCommand(program)
  registerVerifyCommand(program)
  registerExportCommand(program)
  registerHealthCommand(program)
  registerVersionCommand(program)
  return program
}
