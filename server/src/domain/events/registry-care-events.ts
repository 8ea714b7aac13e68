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
  /** Signed over the log up to there; whoever receives the audit log elsewhere can compare it. */
  create_audit_checkpoint: eventKind<{
    readonly number: number
    readonly sequence: number
    readonly hash: string
    readonly signature: string
  }>(({ number }) => `checkpoint ${number}`),
  /** `query`: what was looked for. */
  read_audit_log: eventKind<{ readonly projectId?: number; readonly query: string }>(() => 'audit log'),
  export_audit_log: eventKind<{ readonly format: string }>(() => 'audit log'),
  /** The clock of the machine was set, or jumped. */
  step_clock: eventKind<{ readonly seconds: number }>(() => 'clock'),
  create_backup: eventKind<OnBackup>(backup),
  restore_backup: eventKind<OnBackup>(backup),
  seal_secrets: eventKind<{ readonly secrets: number }>(() => 'secrets'),
  rotate_secrets: eventKind<{ readonly key: string; readonly secrets: number; readonly forgotten: readonly string[] }>(
    () => 'secrets',
  ),
  reset_secrets: eventKind<{ readonly secrets: number; readonly lost: readonly string[] }>(() => 'secrets'),
  quarantine_blob: eventKind<{ readonly digest: string; readonly reason: string }>(digest),
  heal_blob: eventKind<{ readonly digest: string }>(digest),
}
