import { randomInt } from 'node:crypto'
import { projectOf, type RepositoryName } from '#contract/repository-name.ts'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockName } from '../../database/locking.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'

/** A project is warned when it uses this part of what it may. */
const warnFrom = 0.85
const reservationMs = 60_000
const longestWaitMs = 5_000

interface StandingRow {
  readonly hard_bytes: number
  readonly used: number | string | null
  readonly reserved: number | string | null
  readonly enforced: string | null
}

const findStanding = preparedQuery<{ projectId: number; now: number }, StandingRow>((db, param) =>
  db
    .selectFrom('quota')
    .select('hard_bytes')
    .select((eb) => [
      eb
        .selectFrom('project_usage')
        .select((sum) => sum.fn.sum<number | string | null>('bytes').as('bytes'))
        .where('project_id', '=', param('projectId'))
        .as('used'),
      eb
        .selectFrom('quota_reservation')
        .select((sum) => sum.fn.sum<number | string | null>('bytes').as('bytes'))
        .where('project_id', '=', param('projectId'))
        .where('expires_at', '>', param('now'))
        .as('reserved'),
      eb.selectFrom('setting').select('value').where('name', '=', 'quota_per_project_enable').as('enforced'),
    ])
    .where('project_id', '=', param('projectId'))
    .where('hard_bytes', '>=', 0),
)

/** How a project stands to its limit. */
interface Standing {
  readonly hardBytes: number
  readonly usedBytes: number
  readonly reservedBytes: number
}

/** Undefined: there is no limit, or nobody is held to it. */
async function readStanding(reader: Reader, projectId: number, now: number): Promise<Standing | undefined> {
  const row = await findStanding.first(reader, { projectId, now })
  if (row === undefined || row.enforced === 'false') return undefined
  return {
    hardBytes: row.hard_bytes,
    usedBytes: Number(row.used ?? 0),
    reservedBytes: Number(row.reserved ?? 0),
  }
}

export interface LimitServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
}

export interface LimitedProject {
  readonly actor: Actor
  readonly projectId: number
  readonly project: string
}

/** Where an admitted push goes. */
export function limitedProjectOf({
  actor,
  projectId,
  repositoryName,
}: {
  readonly actor: Actor
  readonly projectId: number
  readonly repositoryName: RepositoryName
}): LimitedProject {
  return { actor, projectId, project: projectOf(repositoryName) }
}

/**
 * Refuses a blob that the project cannot take, before its manifest comes. What the project has already costs nothing.
 * @throws DomainError QUOTA_EXCEEDED
 */
export async function assertRoomForBlob(
  services: LimitServices,
  to: LimitedProject,
  blob: { readonly digest: string; readonly size: number },
): Promise<void> {
  const { database, clock } = services
  const standing = await readStanding(database.read, to.projectId, clock.now())
  if (standing === undefined || standing.usedBytes + blob.size <= standing.hardBytes) return
  const counted = await database.read
    .selectFrom('project_blob')
    .select('size')
    .where('project_id', '=', to.projectId)
    .where('digest', '=', blob.digest)
    .executeTakeFirst()
  if (counted === undefined) throw await exceeded(services, to, blob.size, standing)
}

/** Room that a push has taken before its transaction begins. */
export interface Reservation {
  /** In the transaction that counts what was pushed. */
  settle(tx: Writer): Promise<void>
  /** When that did not happen. */
  abandon(): Promise<void>
}

const nothingReserved: Reservation = { settle: async () => {}, abandon: async () => {} }

/**
 * Takes room for a push: on PostgreSQL, where pushes do not see each other before they are done, so that together they
 * cannot take more than there is. Only the decision is made one after the other, and only in projects with a limit; no
 * lock is held while a push goes on. Who would fit but for pushes under way waits for them.
 * @throws DomainError QUOTA_EXCEEDED, UNAVAILABLE when pushes under way hold the last room for too long
 */
export async function reserveRoom(
  services: LimitServices,
  to: LimitedProject,
  neededBytes: () => Promise<number>,
): Promise<Reservation> {
  const { database, clock } = services
  if (database.dialect === 'sqlite') return nothingReserved
  if ((await readStanding(database.read, to.projectId, clock.now())) === undefined) return nothingReserved
  for (let waitMs = 10; waitMs < longestWaitMs; waitMs *= 2) {
    // Again each time: what others brought meanwhile need not be brought once more.
    const bytes = await neededBytes()
    if (bytes === 0) return nothingReserved
    const decision = await decide(services, to, bytes)
    if (decision instanceof DomainError) {
      await announceExceeded(services, to)
      throw decision
    }
    if (decision !== undefined) return reservationOf(database, decision.id)
    await new Promise((resolve) => setTimeout(resolve, waitMs + randomInt(waitMs)))
  }
  throw new DomainError('UNAVAILABLE', `pushes under way hold the last room of project ${to.project}; try again`, {
    retryAfterSeconds: 5,
  })
}

/** A reservation, a refusal, or undefined: it depends on pushes under way. */
async function decide(
  { database, clock }: LimitServices,
  to: LimitedProject,
  bytes: number,
): Promise<{ id: number } | DomainError | undefined> {
  return await database.write(async (tx) => {
    await lockName(database, tx, `quota:${to.projectId}`)
    const now = clock.now()
    const standing = await readStanding(tx, to.projectId, now)
    const { usedBytes, reservedBytes, hardBytes } = standing ?? { usedBytes: 0, reservedBytes: 0, hardBytes: Infinity }
    if (standing !== undefined && usedBytes + bytes > hardBytes) return quotaExceeded(to, bytes, standing)
    if (usedBytes + reservedBytes + bytes > hardBytes) return undefined
    return await tx
      .insertInto('quota_reservation')
      .values({ project_id: to.projectId, bytes, expires_at: now + reservationMs })
      .returning('id')
      .executeTakeFirstOrThrow()
  }, 'relaxed')
}

function reservationOf(database: Database, id: number): Reservation {
  const settle = async (tx: Writer) => {
    await tx.deleteFrom('quota_reservation').where('id', '=', id).execute()
  }
  return { settle, abandon: async () => await database.write(settle, 'relaxed') }
}

/**
 * The last word, in the transaction that has counted what was pushed: rolls it back when it is too much. Where it comes
 * close to the limit, an event says so.
 * @throws DomainError QUOTA_EXCEEDED
 */
export async function assertWithinLimit(
  { clock, events }: Pick<LimitServices, 'clock' | 'events'>,
  tx: Writer,
  to: LimitedProject,
  addedBytes: number,
): Promise<void> {
  if (addedBytes === 0) return
  const standing = await readStanding(tx, to.projectId, clock.now())
  if (standing === undefined) return
  const { hardBytes, usedBytes } = standing
  const before = { ...standing, usedBytes: usedBytes - addedBytes }
  if (usedBytes > hardBytes) throw quotaExceeded(to, addedBytes, before)
  const threshold = hardBytes * warnFrom
  if (before.usedBytes >= threshold || usedBytes < threshold) return
  const { projectId, project } = to
  await events.record(tx, to.actor, { type: 'quota_warning', projectId, project, usedBytes, hardBytes })
}

/** Announced on its own: what was refused was rolled back, that it was is worth knowing. */
export async function announceExceeded({ database, events }: LimitServices, to: LimitedProject): Promise<void> {
  const { projectId, project, actor } = to
  await database.write(
    async (tx) => await events.record(tx, actor, { type: 'quota_exceeded', projectId, project }),
    'relaxed',
  )
}

async function exceeded(
  services: LimitServices,
  to: LimitedProject,
  neededBytes: number,
  standing: Standing,
): Promise<DomainError> {
  await announceExceeded(services, to)
  return quotaExceeded(to, neededBytes, standing)
}

function quotaExceeded({ project }: LimitedProject, bytes: number, { usedBytes, hardBytes }: Standing): DomainError {
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
