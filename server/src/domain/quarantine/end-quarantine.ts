import type { RepositoryName } from '#contract/repository-name.ts'
import type { Writer } from '../../database/database.ts'
import type { DeleteServices } from '../artifacts/delete.ts'
import { DomainError } from '../errors.ts'
import type { Admit } from '../policies/admit.ts'
import { rejectHeld } from './reject-held.ts'
import { quarantineActor } from './review-quarantine.ts'

const timeIsOver = 'the time limit of the quarantine is over'

/** What cannot be deleted now, because an index holds it or a tag is immutable, is tried again. */
const againAfterMs = 60 * 60_000

export interface EndServices extends DeleteServices {
  readonly admit: Admit
}

/**
 * Deletes what lay in quarantine for too long, into the trash, in projects that want it so; elsewhere it stays held. Returns
 * how many were looked at.
 */
export async function endQuarantine(services: EndServices, limit: number): Promise<number> {
  const { database, clock, admit } = services
  const ended = await database.read
    .selectFrom('quarantine_entry')
    .innerJoin('artifact', 'artifact.id', 'quarantine_entry.artifact_id')
    .innerJoin('repository', 'repository.id', 'artifact.repository_id')
    .innerJoin('project_metadata', (join) =>
      join
        .onRef('project_metadata.project_id', '=', 'repository.project_id')
        .on('project_metadata.name', '=', 'quarantine_end')
        .on('project_metadata.value', '=', 'delete'),
    )
    .select(['artifact.id', 'repository.name'])
    .where('quarantine_entry.released_at', 'is', null)
    .where('quarantine_entry.expires_at', '<=', clock.now())
    .orderBy('artifact.id', 'desc') // indexes come after their children
    .limit(limit)
    .execute()
  for (const { id, name } of ended) {
    try {
      const admission = await admit(quarantineActor, 'delete', name as RepositoryName)
      await rejectHeld(services, admission, { artifactId: id, reason: timeIsOver })
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
      await database.write(async (tx) => await postpone(tx, id, clock.now() + againAfterMs), 'relaxed')
    }
  }
  return ended.length
}

async function postpone(tx: Writer, artifactId: number, until: number): Promise<void> {
  await tx
    .updateTable('quarantine_entry')
    .set({ expires_at: until })
    .where('artifact_id', '=', artifactId)
    .where('released_at', 'is', null)
    .execute()
}
