import { randomInt } from 'node:crypto'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockName } from '../../database/locking.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { projectOf } from '#contract/repository-name.ts'
import { DomainError } from '../errors.ts'
import { readStanding, type Destination, type RoomServices } from './room.ts'

const reservationMs = 60_000
const maxWaitMs = 5_000

/** Room that a push has taken before its transaction begins. */
export interface Reservation {
  /** Called in the transaction that counts the push. */
  settle(tx: Writer): Promise<void>
  /** When that did not happen. */
  abandon(): Promise<void>
}

const nothingReserved: Reservation = { settle: async () => {}, abandon: async () => {} }

/** Bytes that the push may still add at this moment. It refuses, by the gate, what does not fit even alone. */
export type NeededBytes = () => Promise<number>

/**
 * Takes room for a push: on PostgreSQL, where pushes do not see each other before they are done, so that together they
 * cannot take more than there is. Only the decision is made one after the other, and only in projects with a limit; no
 * lock is held while a push goes on. A push that would fit but for others under way waits for them.
 * @throws DomainError UNAVAILABLE when pushes under way hold the last room for too long, and what `neededBytes` throws
 */
export async function reserveRoom(
  services: RoomServices,
  to: Destination,
  neededBytes: NeededBytes,
): Promise<Reservation> {
  const { database } = services
  if (database.dialect === 'sqlite') return nothingReserved
  if ((await readStanding(database.read, to.projectId)) === undefined) return nothingReserved
  for (let waitMs = 10; waitMs < maxWaitMs; waitMs *= 2) {
    // Asked again each time: other pushes may have brought some of it meanwhile.
    const bytes = await neededBytes()
    if (bytes === 0) return nothingReserved
    const id = await tryReserve(services, to.projectId, bytes)
    if (id !== undefined) return reservationOf(database, id)
    await new Promise((resolve) => setTimeout(resolve, waitMs + randomInt(waitMs)))
  }
  const project = projectOf(to.repositoryName)
  throw new DomainError('UNAVAILABLE', `pushes under way hold the last room of project ${project}; try again`, {
    retryAfterSeconds: 5,
  })
}

const findReserved = preparedQuery<{ projectId: number; now: number }, { bytes: number | string | null }>((db, param) =>
  db
    .selectFrom('quota_reservation')
    .select((eb) => eb.fn.sum<number | string | null>('bytes').as('bytes'))
    .where('project_id', '=', param('projectId'))
    .where('expires_at', '>', param('now')),
)

async function reservedBytes(reader: Reader, projectId: number, now: number): Promise<number> {
  return Number((await findReserved.first(reader, { projectId, now }))?.bytes ?? 0)
}

/** Undefined: the room depends on pushes under way. */
async function tryReserve(
  { database, clock }: RoomServices,
  projectId: number,
  bytes: number,
): Promise<number | undefined> {
  return await database.write(async (tx) => {
    await lockName(database, tx, `quota:${projectId}`)
    const now = clock.now()
    // Reservations before the usage: a push that ends between the two reads is then seen twice, the other way round not
    // at all.
    const reserved = await reservedBytes(tx, projectId, now)
    const standing = await readStanding(tx, projectId)
    const takenBytes = (standing?.usedBytes ?? 0) + reserved
    if (standing !== undefined && takenBytes + bytes > standing.hardBytes) return undefined
    const { id } = await tx
      .insertInto('quota_reservation')
      .values({ project_id: projectId, bytes, expires_at: now + reservationMs })
      .returning('id')
      .executeTakeFirstOrThrow()
    return id
  }, 'relaxed')
}

function reservationOf(database: Database, id: number): Reservation {
  const settle = async (tx: Writer) => {
    await tx.deleteFrom('quota_reservation').where('id', '=', id).execute()
  }
  return { settle, abandon: async () => await database.write(settle, 'relaxed') }
}
