import type { HarborClient } from '../../clients/harbor-client.ts'
import type { HarborDatabase } from '../../clients/harbor-database.ts'
import type { Database } from '../../database/database.ts'
import type { Actor } from '../../domain/access/actor.ts'
import type { Users } from '../../domain/access/accounts/users.ts'
import type { Clock } from '../../domain/clock.ts'
import type { Events } from '../../domain/events/events.ts'
import type { ExternalAccounts } from '../../domain/identities/external-accounts.ts'
import type { HarborKind, HarborReport } from './harbor-report.ts'
import type { OwnAnswer, OwnApi } from './own-api.ts'

/** One import of a Harbor under way. */
export interface HarborImport {
  readonly source: HarborClient
  /** Where secrets can be read; undefined: people set new passwords, robots get new secrets. */
  readonly secrets: HarborDatabase | undefined
  readonly own: OwnApi
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly users: Users
  readonly externalAccounts: ExternalAccounts
  readonly actor: Actor
  readonly report: HarborReport
  readonly isWantedProject: (name: string) => boolean
}

/** 201 or 200: taken; 409: here already; anything else is reported with our own sentence. */
export function judge({ report }: HarborImport, kind: HarborKind, name: string, answer: OwnAnswer): boolean {
  if (answer.status === 200 || answer.status === 201) report.take(kind)
  else if (answer.status === 409) report.find(kind)
  else {
    report.leaveOut(kind, name, answer.message)
    return false
  }
  return true
}

/** `where` tells our API whose labels they are. */
export async function importLabels(context: HarborImport, path: string, where: object): Promise<void> {
  for await (const item of context.source.walk(path)) {
    const { name, description, color } = item as Record<string, unknown>
    const answer = await context.own.call('POST', '/labels', { name, description, color, ...where })
    judge(context, 'label', String(name), answer)
  }
}
