import type { Config } from '../config/config.ts'
import { AuditLog } from '../domain/audit/audit-log.ts'
import { PullAudit } from '../domain/audit/pull-audit.ts'
import { Members } from '../domain/projects/members.ts'
import { Projects } from '../domain/projects/projects.ts'
import { SystemCveAllowlist } from '../domain/projects/system-cve-allowlist.ts'
import { Registries } from '../domain/registries/registries.ts'
import type { Foundation } from './foundation.ts'
import { composeProbeRegistry } from './remote-registries.ts'
import type { UserServices } from './users.ts'

export type ProjectServices = Awaited<ReturnType<typeof composeProjects>>

/** Projects, their members and their properties. Makes the default project of a new installation. */
export async function composeProjects(
  config: Config,
  { database, clock, events, secrets }: Pick<Foundation, 'database' | 'clock' | 'events' | 'secrets'>,
  { settings }: Pick<UserServices, 'settings'>,
) {
  const projects = new Projects({ database, clock, events, settings })
  if (config.defaultProject !== undefined) await projects.ensureDefaultProject(config.defaultProject, true)
  return {
    projects,
    members: new Members({ database, clock, events }),
    registries: new Registries({ database, clock, events, secrets, probe: composeProbeRegistry(config) }),
    systemCveAllowlist: new SystemCveAllowlist({ database, clock, events }),
    auditLog: new AuditLog({
      database,
      disabledTypes: async () => (await settings.getSettings()).disabled_audit_log_event_types,
    }),
    pullAudit: new PullAudit({
      database,
      events,
      isWanted: async () => (await settings.getSettings()).audit_log_pull_events,
    }),
  }
}
