import type { Command } from 'commander'
import { apiCommand } from './commands/api.ts'
import { artifactCommands } from './commands/artifact.ts'
import { auditCommands } from './commands/audit.ts'
import { registerBackupCommands } from './commands/backup/backup.ts'
import { caCommands } from './commands/ca.ts'
import { certificateCommands } from './commands/certificate.ts'
import { registerCompletionCommand } from './commands/completion.ts'
import { registerConfigCommands } from './commands/config.ts'
import { registerDocsCommand } from './commands/docs.ts'
import { registerDbCommands } from './commands/db/index.ts'
import { registerDoctorCommand } from './commands/doctor.ts'
import { registerExportCommand } from './commands/export.ts'
import { eventCommands } from './commands/event.ts'
import { gcCommands } from './commands/gc.ts'
import { groupCommands } from './commands/group.ts'
import { registerHelpCommand } from './commands/help.ts'
import { registerHealthCommand } from './commands/health.ts'
import { registerImportCommands } from './commands/import/import.ts'
import { immutabilityCommands } from './commands/immutability.ts'
import { jobCommands } from './commands/job.ts'
import { labelCommands } from './commands/label.ts'
import { allowlistCommands } from './commands/allowlist.ts'
import { vexCommands } from './commands/vex.ts'
import { webhookCommands } from './commands/webhook.ts'
import { registerLoginCommands } from './commands/login.ts'
import { registerMigrateCommand } from './commands/migrate.ts'
import { registerProjectCommands } from './commands/project/project.ts'
import { quotaCommands } from './commands/quota.ts'
import { registryCommands } from './commands/registry.ts'
import { replicationCommands } from './commands/replication.ts'
import { repositoryCommands } from './commands/repository.ts'
import { registerSecretsCommands } from './commands/secrets/secrets.ts'
import { registerRestoreCommand } from './commands/restore.ts'
import { retentionCommands } from './commands/retention.ts'
import { permissionCommands, robotCommands } from './commands/robot.ts'
import { registerScanCommand } from './commands/scan.ts'
import { scheduleCommands } from './commands/schedule.ts'
import { scanAllCommands } from './commands/scan-all.ts'
import { scrubCommands } from './commands/scrub.ts'
import { securityCommands } from './commands/security.ts'
import { registerServeCommand } from './commands/serve.ts'
import { settingsCommands } from './commands/settings.ts'
import { policyCommands } from './commands/policy.ts'
import { signerCommands } from './commands/signer.ts'
import { signatureKeyCommands, signCommand, signingRequestCommands } from './commands/signing.ts'
import { statusCommand } from './commands/status.ts'
import { registerSupportBundle } from './commands/support-bundle.ts'
import { tagCommands } from './commands/tag.ts'
import { tokenCommands } from './commands/token.ts'
import { quarantineCommands } from './commands/quarantine.ts'
import { trashCommands } from './commands/trash.ts'
import { trustRuleCommands } from './commands/trust-rule.ts'
import { registerUserCommands } from './commands/user/user.ts'
import { registerVerifyCommand } from './commands/verify.ts'
import { registerVersionCommand } from './commands/version.ts'
import { addCommandGroup, addRegistryCommand, type CommandGroup } from './registry-command.ts'
import { composeBareProgram } from './run-program.ts'

/** Commands on the API of a registry. A capability adds its noun here, or a command to one. */
const groups: readonly CommandGroup[] = [
  repositoryCommands,
  artifactCommands,
  tagCommands,
  trashCommands,
  quarantineCommands,
  retentionCommands,
  immutabilityCommands,
  quotaCommands,
  labelCommands,
  allowlistCommands,
  vexCommands,
  webhookCommands,
  robotCommands,
  trustRuleCommands,
  signerCommands,
  signatureKeyCommands,
  signingRequestCommands,
  policyCommands,
  permissionCommands,
  tokenCommands,
  groupCommands,
  jobCommands,
  gcCommands,
  scrubCommands,
  scanAllCommands,
  securityCommands,
  scheduleCommands,
  auditCommands,
  eventCommands,
  registryCommands,
  caCommands,
  certificateCommands,
  replicationCommands,
  settingsCommands,
]

export function composeProgram(): Command {
  const program = composeBareProgram()
  registerServeCommand(program)
  registerMigrateCommand(program)
  registerConfigCommands(program)
  registerDoctorCommand(program)
  registerLoginCommands(program)
  addRegistryCommand(program, statusCommand)
  registerSupportBundle(program)
  registerUserCommands(program)
  registerProjectCommands(program)
  for (const group of groups) addCommandGroup(program, group)
  addRegistryCommand(program, signCommand)
  addRegistryCommand(program, apiCommand)
  registerImportCommands(program)
  registerScanCommand(program)
  registerDbCommands(program)
  registerBackupCommands(program)
  registerRestoreCommand(program)
  registerSecretsCommands(program)
  registerVerifyCommand(program)
  registerExportCommand(program)
  registerHealthCommand(program)
  registerDocsCommand(program)
  registerVersionCommand(program)
  registerCompletionCommand(program)
  registerHelpCommand(program)
  return program
}
