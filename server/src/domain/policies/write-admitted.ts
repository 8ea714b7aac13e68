import type { Database, Durability, Writer } from '../../database/database.ts'
import type { Admission } from '../access/admission.ts'
import { unlessRepositoryGone } from '../projects/repositories.ts'

/**
 * One transaction of a verb that was admitted. It begins with the door gates, as account and rights are then: a body of
 * hours may lie between the door and this moment.
 * @throws DomainError of the door gates, REPOSITORY_UNKNOWN when it went at the same moment, and what `work` throws
 */
export async function writeAdmitted<T>(
  database: Database,
  admission: Admission,
  work: (tx: Writer) => Promise<T>,
  durability: Durability = 'durable',
): Promise<T> {
  return await unlessRepositoryGone(admission.repositoryName, async () =>
    database.write(async (tx) => {
      await admission.confirm(tx)
      return await work(tx)
    }, durability),
  )
}
