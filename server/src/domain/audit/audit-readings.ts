import type { Database } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import type { Events } from '../events/events.ts'

const maxQueryLength = 1_000

export interface AuditReadingsOptions {
  readonly database: Database
  readonly events: Events
  /** Exports are recorded in any case. */
  readonly recordReads: boolean
}

/** Has the audit log say who reads it. */
export class AuditReadings {
  readonly #options: AuditReadingsOptions

  constructor(options: AuditReadingsOptions) {
    this.#options = options
  }

  /** `query`: what they looked for, as they wrote it. `project`: where they read the log of one. */
  async noteRead(actor: Actor, { query, project }: { query: string; project: number | undefined }): Promise<void> {
    const { database, events, recordReads } = this.#options
    if (!recordReads) return
    await database.write((tx) =>
      events.record(tx, actor, {
        ...{ type: 'read_audit_log', query: query.slice(0, maxQueryLength) },
        ...(project === undefined ? {} : { projectId: project }),
      }),
    )
  }

  async noteExport(actor: Actor, format: string): Promise<void> {
    const { database, events } = this.#options
    await database.write((tx) => events.record(tx, actor, { type: 'export_audit_log', format }))
  }
}
