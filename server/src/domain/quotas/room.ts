import { projectOf, type RepositoryName } from '#contract/repository-name.ts'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'

/** A project is warned when it uses this part of its limit. */
const warnFrom = 0.85

/** Where content goes, and because of whom; an `Admission` is one. */
export interface Destination {
  readonly actor: Actor
  readonly projectId: number
  readonly repositoryName: RepositoryName
}

export interface RoomServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
}

interface StandingRow {
  readonly hard_bytes: number
  readonly used: number | string | null
  readonly enforced: string | null
}

const findStanding = preparedQuery<{ projectId: number }, StandingRow>((db, param) =>
  db
    .selectFrom('quota')
    .select('hard_bytes')
    .select((eb) => [
      eb
        .selectFrom('project_usage')
        .select((sum) => sum.fn.sum<number | string | null>('bytes').as('bytes'))
        .where('project_id', '=', param('projectId'))
        .as('used'),
      eb.selectFrom('setting').select('value').where('name', '=', 'quota_per_project_enable').as('enforced'),
    ])
    .where('project_id', '=', param('projectId'))
    .where('hard_bytes', '>=', 0),
)

const findCounted = preparedQuery<{ projectId: number; digest: string }, { size: number }>((db, param) =>
  db
    .selectFrom('project_blob')
    .select('size')
    .where('project_id', '=', param('projectId'))
    .where('digest', '=', param('digest')),
)

/** How a project stands to its limit. */
export interface Standing {
  readonly hardBytes: number
  readonly usedBytes: number
}

/** Undefined: the project has no limit, or limits are switched off. */
export async function readStanding(reader: Reader, projectId: number): Promise<Standing | undefined> {
  const row = await findStanding.first(reader, { projectId })
  if (row === undefined || row.enforced === 'false') return undefined
  return { hardBytes: row.hard_bytes, usedBytes: Number(row.used ?? 0) }
}

/** Content on its way into a project. */
export interface Arrival {
  /** The bytes of a blob count when a manifest names it, and once: one that the project counts already costs nothing. */
  readonly kind: 'manifest' | 'blob'
  readonly digest: string
  readonly addedBytes: number
}

/**
 * The question of the gate: may the usage of the project grow by so much? Asked before it grows.
 * @throws DomainError QUOTA_EXCEEDED
 */
export async function assertRoom(
  reader: Reader,
  to: Destination,
  { kind, digest, addedBytes }: Arrival,
): Promise<void> {
  if (addedBytes === 0) return
  const { projectId } = to
  const standing = await readStanding(reader, projectId)
  if (standing === undefined || standing.usedBytes + addedBytes <= standing.hardBytes) return
  if (kind === 'blob' && (await findCounted.first(reader, { projectId, digest })) !== undefined) return
  throw quotaExceeded(to, addedBytes, standing)
}

/**
 * Records a warning, once, when the usage came close to the limit. Called in the transaction that counted `addedBytes`.
 */
export async function warnOfLittleRoom(
  { events }: Pick<RoomServices, 'events'>,
  tx: Writer,
  to: Destination,
  addedBytes: number,
): Promise<void> {
  if (addedBytes === 0) return
  const standing = await readStanding(tx, to.projectId)
  if (standing === undefined) return
  const { hardBytes, usedBytes } = standing
  const threshold = hardBytes * warnFrom
  if (usedBytes - addedBytes >= threshold || usedBytes < threshold) return
  const { projectId, actor } = to
  const project = projectOf(to.repositoryName)
  await events.record(tx, actor, { type: 'quota_warning', projectId, project, usedBytes, hardBytes })
}

/** Runs work that may be refused for want of room. The refusal rolls the work back, so its event is recorded apart. */
export async function announcingExcess<T>(
  { database, events }: Pick<RoomServices, 'database' | 'events'>,
  to: Destination,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'QUOTA_EXCEEDED') throw error
    const { projectId, repositoryName, actor } = to
    const event = { type: 'quota_exceeded', projectId, project: projectOf(repositoryName) } as const
    await database.write(async (tx) => await events.record(tx, actor, event), 'relaxed')
    throw error
  }
}

function quotaExceeded(to: Destination, bytes: number, { usedBytes, hardBytes }: Standing): DomainError {
  const project = projectOf(to.repositoryName)
  // Harbor's sentence, which its users' scripts know.
  return new DomainError(
    'QUOTA_EXCEEDED',
    `adding ${formatBytes(bytes)} of storage resource, which when updated to current usage of ${formatBytes(usedBytes)} ` +
      `will exceed the configured upper limit of ${formatBytes(hardBytes)}; delete what project ${project} needs no more, ` +
      'or ask an administrator for more room',
    { detail: { project, usedBytes, hardBytes } },
  )
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${(bytes / 1024 ** unit).toFixed(1)} ${units[unit]}`
}
