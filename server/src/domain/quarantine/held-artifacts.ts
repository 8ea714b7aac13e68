import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Reader } from '../../database/database.ts'
import type { Awaited } from './judge-held.ts'
import { notHeld } from './reject-held.ts'

/** An artifact that is held back since its push. */
export interface HeldArtifact {
  readonly artifactId: number
  readonly repository: RepositoryName
  readonly digest: Digest
  readonly tags: readonly string[]
  readonly username: string
  readonly enteredAt: number
  /** Undefined: without a limit. */
  readonly expiresAt: number | undefined
  readonly awaits: readonly Awaited[]
}

const maxTags = 20

const selectHeld = (reader: Reader) =>
  reader
    .selectFrom('quarantine_entry')
    .innerJoin('artifact', 'artifact.id', 'quarantine_entry.artifact_id')
    .innerJoin('repository', 'repository.id', 'artifact.repository_id')
    .where('quarantine_entry.released_at', 'is', null)

/** A page of what is held, the oldest first; of a project or of the registry. */
export async function pageHeld(
  reader: Reader,
  projectId: number | undefined,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<{ readonly rows: readonly HeldArtifact[]; readonly total: number }> {
  const held = selectHeld(reader).$if(projectId !== undefined, (query) =>
    query.where('quarantine_entry.project_id', '=', projectId!),
  )
  const { total } = await held.select((eb) => eb.fn.countAll<number | string>().as('total')).executeTakeFirstOrThrow()
  const rows = await held
    .select(['quarantine_entry.artifact_id', 'quarantine_entry.digest', 'repository.name', 'quarantine_entry.username'])
    .select(['quarantine_entry.entered_at', 'quarantine_entry.expires_at', 'quarantine_entry.awaits'])
    .orderBy('quarantine_entry.artifact_id')
    .limit(limit)
    .offset(offset)
    .execute()
  const found: HeldArtifact[] = []
  for (const row of rows) found.push(await heldOf(reader, row))
  return { rows: found, total: Number(total) }
}

/** Undefined: it is not held. */
export async function findHeld(
  reader: Reader,
  repositoryId: number,
  digest: Digest,
): Promise<HeldArtifact | undefined> {
  const row = await selectHeld(reader)
    .select(['quarantine_entry.artifact_id', 'quarantine_entry.digest', 'repository.name', 'quarantine_entry.username'])
    .select(['quarantine_entry.entered_at', 'quarantine_entry.expires_at', 'quarantine_entry.awaits'])
    .where('artifact.repository_id', '=', repositoryId)
    .where('artifact.digest', '=', digest)
    .executeTakeFirst()
  return row === undefined ? undefined : await heldOf(reader, row)
}

interface HeldRow {
  readonly artifact_id: number
  readonly digest: string
  readonly name: string
  readonly username: string
  readonly entered_at: number
  readonly expires_at: number | null
  readonly awaits: string
}

async function heldOf(reader: Reader, row: HeldRow): Promise<HeldArtifact> {
  const tags = await reader
    .selectFrom('tag')
    .select('name')
    .where('artifact_id', '=', row.artifact_id)
    .orderBy('name')
    .limit(maxTags)
    .execute()
  return {
    artifactId: row.artifact_id,
    repository: row.name as RepositoryName,
    digest: row.digest as Digest,
    tags: tags.map(({ name }) => name),
    username: row.username,
    enteredAt: row.entered_at,
    expiresAt: row.expires_at ?? undefined,
    awaits: JSON.parse(row.awaits) as readonly Awaited[],
  }
}

/** Where it is held. @throws DomainError MANIFEST_UNKNOWN: not in this project */
export async function getHeldRepository(
  reader: Reader,
  projectId: number,
  artifactId: number,
): Promise<RepositoryName> {
  const row = await selectHeld(reader)
    .select('repository.name')
    .where('quarantine_entry.project_id', '=', projectId)
    .where('quarantine_entry.artifact_id', '=', artifactId)
    .executeTakeFirst()
  if (row === undefined) throw notHeld(artifactId)
  return row.name as RepositoryName
}
