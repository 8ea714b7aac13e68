import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** The description of a repository waits in the trash for the artifacts that bring the repository back. */
export const trashRepository: Migration = {
  name: '0024-trash-repository',
  async up(tx: Writer, dialect: Dialect) {
    const sqlite = dialect === 'sqlite'
    const long = sqlite ? 'integer' : 'bigint'
    const name = sqlite ? 'text' : 'text collate "C"'
    await sql
      .raw(
        `create table trash_repository (
          project_id ${long} not null,
          repository ${name} not null,
          description text not null,
          deleted_at ${long} not null,
          primary key (project_id, repository)
        ${sqlite ? ') strict, without rowid' : ')'}`,
      )
      .execute(tx)
    await sql.raw(`create index trash_repository_age on trash_repository (deleted_at)`).execute(tx)
  },
}
