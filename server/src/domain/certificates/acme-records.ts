import type { Database } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import type { AcmeAccount, AcmeChallenge } from '../../clients/acme/acme-service.ts'
import { placeIn, sealedColumn } from '../secrets/sealed-column.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { makeAccountKey } from './x509.ts'

export const acmeAccountSecrets = sealedColumn({
  ...{ table: 'acme_account', column: 'private_key', key: 'directory' },
  holds: 'keys of accounts at certificate services',
  givenUp: 'deleted',
})

interface RecordServices {
  readonly database: Database
  readonly clock: Clock
}

interface AccountServices extends RecordServices {
  readonly secrets: Secrets
}

/** The account at a directory, made when there is none: several processes that ask at once get the same one. */
export async function ensureAcmeAccount(services: AccountServices, directory: string): Promise<AcmeAccount> {
  const { database, secrets } = services
  const account = (await findAccount(database, directory)) ?? (await insertAccount(services, directory))
  return {
    privateKey: await secrets.open(database.read, placeIn(acmeAccountSecrets, directory), account.private_key),
    url: account.url ?? undefined,
    keepUrl: async (url) => {
      await database.write(async (tx) => {
        await tx
          .updateTable('acme_account')
          .set({ url: url ?? null })
          .where('directory', '=', directory)
          .execute()
      })
    },
  }
}

const findAccount = async ({ read }: Pick<Database, 'read'>, directory: string) =>
  await read.selectFrom('acme_account').selectAll().where('directory', '=', directory).executeTakeFirst()

async function insertAccount({ database, clock, secrets }: AccountServices, directory: string) {
  const key = await makeAccountKey()
  return await database.write(async (tx) => {
    const sealed = await secrets.seal(tx, placeIn(acmeAccountSecrets, directory), key)
    const row = { directory, private_key: sealed, url: null, created_at: clock.now() }
    await tx
      .insertInto('acme_account')
      .values(row)
      .onConflict((conflict) => conflict.column('directory').doNothing())
      .execute()
    return await tx.selectFrom('acme_account').selectAll().where('directory', '=', directory).executeTakeFirstOrThrow()
  })
}

/** An order ends long before. What a process left behind when it died goes with the next one. */
const keptMs = 60 * 60_000

/** Answers of HTTP-01. Whichever process is asked finds them. */
export class AcmeChallenges {
  readonly #services: RecordServices

  constructor(services: RecordServices) {
    this.#services = services
  }

  async find(token: string): Promise<string | undefined> {
    const { database, clock } = this.#services
    const row = await database.read
      .selectFrom('acme_challenge')
      .select('key_authorization')
      .where('token', '=', token)
      .where('expires_at', '>', clock.now())
      .executeTakeFirst()
    return row?.key_authorization
  }

  /** Puts it up, and returns what takes it down. */
  async put({ token, keyAuthorization }: AcmeChallenge): Promise<() => Promise<void>> {
    const { database, clock } = this.#services
    const now = clock.now()
    const row = { token, key_authorization: keyAuthorization, expires_at: now + keptMs }
    await database.write(async (tx) => {
      await tx.deleteFrom('acme_challenge').where('expires_at', '<=', now).execute()
      await tx
        .insertInto('acme_challenge')
        .values(row)
        .onConflict((conflict) => conflict.column('token').doUpdateSet(row))
        .execute()
    })
    return async () => {
      await database.write(async (tx) => {
        await tx.deleteFrom('acme_challenge').where('token', '=', token).execute()
      })
    }
  }
}
