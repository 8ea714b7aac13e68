import type { Digest } from '#contract/digest.ts'
import type { Database, Writer } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { Admission, Bringing, Reading } from '../access/admission.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import { writeAdmitted } from '../policies/write-admitted.ts'
import { ensureRepository } from '../projects/repositories.ts'
import { reviveBlob } from './blob-rows.ts'
import { linkBlob } from './links.ts'
import { passContent } from './pass-content.ts'

export interface MountServices {
  readonly database: Database
  readonly clock: Clock
  readonly leaseMs: number
}

const findSourceLink = preparedQuery<{ repositoryId: number; digest: string }, { digest: string }>((db, param) =>
  db
    .selectFrom('repository_blob')
    .select('digest')
    .where('repository_id', '=', param('repositoryId'))
    .where('digest', '=', param('digest')),
)

/**
 * Makes a blob that the actor can already read in `source` readable here too. Returns false when `source` does not link
 * it, or may not be read any more: then the client uploads (distribution-spec v1.1 §end-11).
 */
export async function mountBlob(
  { database, clock, leaseMs }: MountServices,
  admission: Admission<Bringing>,
  digest: Digest,
  source: Admission<Reading>,
): Promise<boolean> {
  const sourceId = source.repositoryId
  if (sourceId === undefined) return false
  return await writeAdmitted(database, admission, async (tx) => {
    if (!(await mayStillRead(tx, source))) return false
    await passContent(tx, source, digest, 0)
    await passContent(tx, admission, digest, 0)
    const now = clock.now()
    // The blob's row first: that is the order in which garbage collection takes its locks.
    const linked = async () => (await findSourceLink.first(tx, { repositoryId: sourceId, digest })) !== undefined
    if (!(await reviveBlob(tx, digest, linked))) return false
    const { projectId, repositoryName: name } = admission
    const repositoryId = await ensureRepository(tx, { projectId, name }, now)
    await linkBlob(tx, { repositoryId, digest, protectedUntil: now + leaseMs, now })
    return true
  })
}

async function mayStillRead(tx: Writer, source: Admission<Reading>): Promise<boolean> {
  try {
    await source.confirm(tx)
    return true
  } catch (error) {
    if (error instanceof DomainError) return false
    throw error
  }
}
