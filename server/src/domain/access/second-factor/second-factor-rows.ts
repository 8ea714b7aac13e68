import type { Database, Writer } from '../../../database/database.ts'
import { lockRows } from '../../../database/locking.ts'
import { placeIn, sealedColumn } from '../../secrets/sealed-column.ts'
import type { Secrets } from '../../secrets/secrets.ts'

/** Secrets of the apps that make codes. Who loses the outer key loses the second factors: people set up new ones. */
export const totpSecrets = sealedColumn({
  table: 'second_factor',
  column: 'secret',
  key: 'user_id',
  holds: 'second factors of people',
  givenUp: 'deleted',
})

/** Seals and opens, whatever the keys are. */
export type SecretBox = Pick<Secrets, 'seal' | 'open'>

export interface SecondFactorRow {
  readonly secret: string
  /** Undefined while nobody has proved that their app has it. */
  readonly confirmedAt: number | undefined
  readonly lastStep: number
  readonly wrongCodes: number
  readonly wrongAt: number
}

/** The row of a person, which waits for others that read it to change it, with its secret opened. */
export async function lockSecondFactor(
  { database, secrets }: { readonly database: Database; readonly secrets: SecretBox },
  tx: Writer,
  userId: number,
): Promise<SecondFactorRow | undefined> {
  const query = tx.selectFrom('second_factor').selectAll().where('user_id', '=', userId)
  const row = await lockRows(database, query).executeTakeFirst()
  if (row === undefined) return undefined
  return {
    secret: await secrets.open(tx, placeIn(totpSecrets, userId), row.secret),
    confirmedAt: row.confirmed_at ?? undefined,
    lastStep: row.last_step,
    wrongCodes: row.wrong_codes,
    wrongAt: row.wrong_at,
  }
}
