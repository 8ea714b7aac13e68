import { eventKind } from './event-kind.ts'

interface OnBackup {
  readonly backup: string
  readonly archive: string
}

const backup = (fields: OnBackup): string => fields.backup
const digest = (fields: { readonly digest: string }): string => fields.digest

/** The registry as a whole: its settings, its audit log, its backups, the bytes that a scrub found bad. */
export const registryCareEvents = {
  update_configuration: eventKind<{ readonly changed: readonly string[] }>(() => 'configuration'),
  purge_audit_log: eventKind<{ readonly records: number; readonly before: string }>(() => 'audit log'),
  create_backup: eventKind<OnBackup>(backup),
  restore_backup: eventKind<OnBackup>(backup),
  quarantine_blob: eventKind<{ readonly digest: string; readonly reason: string }>(digest),
  heal_blob: eventKind<{ readonly digest: string }>(digest),
}
