import { descriptorsOf } from '#contract/manifest.ts'
import type { Reader, Writer } from '../../database/database.ts'
import type { Admission, Bringing } from '../access/admission.ts'
import { gates, pass } from '../policies/gates.ts'
import { writeAdmitted } from '../policies/write-admitted.ts'
import { unlessRepositoryGone } from '../projects/repositories.ts'
import { reserveRoom } from '../quotas/reservations.ts'
import { announcingExcess, type RoomServices } from '../quotas/room.ts'
import type { PushedSignatures } from '../signatures/pushed-signatures.ts'
import { batches } from '../lists/batches.ts'
import type { Content } from './store-artifact.ts'

export interface BringServices extends RoomServices {
  readonly pushedSignatures: Pick<PushedSignatures, 'assertNotForged'>
}

/**
 * Runs the transaction that brings an artifact into a project, by a push or out of the trash: begins with the door
 * gates, and has room reserved for it where pushes beside it could take the same.
 * @throws DomainError of the gates, REPOSITORY_UNKNOWN (it was deleted meanwhile), UNAVAILABLE when pushes under way hold the last room, and what `write` throws
 */
export async function bringArtifact(
  services: BringServices,
  admission: Admission<Bringing>,
  content: Content & { readonly tags: readonly string[] },
  write: (tx: Writer) => Promise<void>,
): Promise<void> {
  const { database, pushedSignatures } = services
  // Before the transaction: it reads blobs.
  await pushedSignatures.assertNotForged(admission, content)
  await announcingExcess(services, admission, async () => {
    const needed = () => neededBytes(database.read, admission, content)
    const reservation = await unlessRepositoryGone(admission.repositoryName, () =>
      reserveRoom(services, admission, needed),
    )
    try {
      await writeAdmitted(database, admission, async (tx) => {
        await write(tx)
        await reservation.settle(tx)
      })
    } catch (error) {
      await reservation.abandon()
      throw error
    }
  })
}

/** What the push may add to the usage of the project. @throws DomainError when that is refused whatever others do */
async function neededBytes(reader: Reader, admission: Admission<Bringing>, content: Content): Promise<number> {
  const addedBytes = await newBytesOf(reader, admission.projectId, content)
  const { digest } = content
  await pass(gates.content[admission.operation], { reader, admission, kind: 'manifest', digest, addedBytes })
  return addedBytes
}

async function newBytesOf(reader: Reader, projectId: number, { digest, manifest, bytes }: Content): Promise<number> {
  const known = await reader
    .selectFrom('project_blob')
    .select('size')
    .where('project_id', '=', projectId)
    .where('digest', '=', digest)
    .executeTakeFirst()
  const digests = [...new Set(descriptorsOf(manifest).map((descriptor) => String(descriptor.digest)))]
  let needed = known === undefined ? bytes.byteLength : 0
  for (const batch of batches(digests)) {
    const row = await reader
      .selectFrom('blob')
      .leftJoin('project_blob', (join) =>
        join.onRef('project_blob.digest', '=', 'blob.digest').on('project_blob.project_id', '=', projectId),
      )
      .select((eb) => eb.fn.sum<number | string | null>('blob.size').as('bytes'))
      .where('blob.digest', 'in', batch)
      .where('project_blob.digest', 'is', null)
      .executeTakeFirstOrThrow()
    needed += Number(row.bytes ?? 0)
  }
  return needed
}
