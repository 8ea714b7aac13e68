import type { Writer } from '../../../database/database.ts'
import { preparedQuery } from '../../../database/prepared.ts'

const findSwitch = preparedQuery<Record<string, never>, { value: string }>((db) =>
  db.selectFrom('setting').select('value').where('name', '=', 'skip_audit_log_database'),
)

/** Whether the audit log is written down here, or only forwarded (Harbor's `skip_audit_log_database`). */
export async function isAuditLogKept(tx: Writer): Promise<boolean> {
  return (await findSwitch.first(tx, {}))?.value !== 'true'
}
