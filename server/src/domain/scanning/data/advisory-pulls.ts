import type { Reader, Writer } from '../../../database/database.ts'

/** When an artifact was last asked for, and which it was. `source`: `registry.example.com/aquasecurity/trivy-db:2`. */
export interface AdvisoryPull {
  readonly digest: string
  readonly pulled_at: number
}

export async function findPull(reader: Reader, source: string): Promise<AdvisoryPull | undefined> {
  return await reader
    .selectFrom('advisory_pull')
    .select(['digest', 'pulled_at'])
    .where('source', '=', source)
    .executeTakeFirst()
}

export async function recordPull(tx: Writer, source: string, digest: string, now: number): Promise<void> {
  await tx
    .insertInto('advisory_pull')
    .values({ source, digest, pulled_at: now })
    .onConflict((conflict) => conflict.column('source').doUpdateSet({ digest, pulled_at: now }))
    .execute()
}
