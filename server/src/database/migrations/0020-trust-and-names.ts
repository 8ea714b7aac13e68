import { sql } from 'kysely'
import { usernameKey } from '#contract/username.ts'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** Accounts to a page: their keys are made here, since databases fold names each in its own way. */
const pageSize = 1_000

/** Whose trust rules reach private networks; names of accounts as they are compared. */
export const trustAndNames: Migration = {
  name: '0020-trust-and-names',
  async up(tx: Writer, dialect: Dialect) {
    const flag = dialect === 'sqlite' ? 'integer' : 'smallint'
    const text = dialect === 'sqlite' ? 'text' : 'text collate "C"'
    const statements = [
      `alter table trust_rule add column private_networks ${flag} not null default 0`,
      // Robots of the registry itself are made and changed by system administrators.
      `update trust_rule set private_networks = 1
        where robot_id in (select id from robot where project_id is null)`,
      `alter table user_account add column name_key ${text}`,
      // Not unique: names that differ in case alone were two accounts, and stay so.
      `create index user_account_name_key on user_account (name_key)`,
    ]
    for (const statement of statements) await sql.raw(statement).execute(tx)
    await fillNameKeys(tx)
  },
}

async function fillNameKeys(tx: Writer): Promise<void> {
  for (let after = 0; ;) {
    const page = await sql<{ id: number | string; username: string }>`
      select id, username from user_account where id > ${after} order by id limit ${pageSize}`.execute(tx)
    for (const { id, username } of page.rows)
      await sql`update user_account set name_key = ${usernameKey(username)} where id = ${id}`.execute(tx)
    const last = page.rows.at(-1)
    if (last === undefined) return
    after = Number(last.id)
  }
}
