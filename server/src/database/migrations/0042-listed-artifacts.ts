import { sql } from 'kysely'
import type { Dialect, Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/**
 * What lists need: the artifacts that stand for themselves, in the order of their list, so that a page far back costs no
 * more than its entries in an index; and the parts of names of repositories, for a search that does not look at every name.
 * Triggers keep them, so that a process of an older version on this schema keeps them too. They are tables, because a
 * column of `artifact` would keep every reader waiting while it is filled.
 */
export const listedArtifacts: Migration = {
  name: '0042-listed-artifacts',
  async up(tx: Writer, dialect: Dialect) {
    const sqlite = dialect === 'sqlite'
    const long = sqlite ? 'integer' : 'bigint'
    const name = sqlite ? 'text' : 'text collate "C"'
    const placed = { name: 'listed_artifact', key: 'repository_id, pushed_at, id', of: 'artifact', by: 'id' }
    const parts = { name: 'repository_name_part', key: 'part, repository_id', of: 'repository', by: 'repository_id' }
    // Keys of a table that is full are made in a fraction of the time; only PostgreSQL can.
    const keysOf = ({ key, of, by }: typeof placed) => [
      `primary key (${key})`,
      `foreign key (${by}) references ${of} (id) on delete cascade`,
    ]
    const create = (table: typeof placed, columns: string) =>
      sqlite
        ? `create table ${table.name} (${[columns, ...keysOf(table)].join(', ')}) strict, without rowid`
        : `create table ${table.name} (${columns})`
    const addKeys = (table: typeof placed) =>
      sqlite ? [] : keysOf(table).map((key) => `alter table ${table.name} add ${key}`)
    for (const statement of [
      create(placed, `repository_id ${long} not null, pushed_at ${long} not null, id ${long} not null`),
      create(parts, `part ${name} not null, repository_id ${long} not null`),
      ...(sqlite ? triggersOfSqlite : triggersOfPostgres),
      `insert into listed_artifact (${placed.key})
        select repository_id, pushed_at, id from artifact where subject_digest is null and id not in (
          select child_id from artifact_child
            where not exists (select 1 from tag where tag.artifact_id = artifact_child.child_id)
          union select artifact_id from tag where ${isAccessoryTag})`,
      ...addKeys(placed),
      `create unique index listed_artifact_artifact on listed_artifact (id)`,
      sqlite ? partsInSqlite('repository', 'repository,') : partsInPostgres('repository', 'repository,'),
      ...addKeys(parts),
      `create index repository_name_part_repository on repository_name_part (repository_id)`,
    ])
      await sql.raw(statement).execute(tx)
  },
}

const isAccessoryTag = `(tag.name like 'sha256-%.sig' or tag.name like 'sha256-%.att' or tag.name like 'sha256-%.sbom')`

/**
 * A referrer is not listed, nor an artifact that a tool named after another one. A child of an index is by a name of its
 * own.
 */
const isListed = (id: string) => `(subject_digest is null
  and (exists (select 1 from tag where tag.artifact_id = ${id})
    or not exists (select 1 from artifact_child where artifact_child.child_id = ${id}))
  and not exists (select 1 from tag where tag.artifact_id = ${id} and ${isAccessoryTag}))`

const lookAt = (id: string) => `
  delete from listed_artifact where id = ${id}
    and not exists (select 1 from artifact where artifact.id = ${id} and ${isListed(id)});
  insert into listed_artifact (repository_id, pushed_at, id)
    select repository_id, pushed_at, id from artifact where id = ${id} and ${isListed(id)}
      and not exists (select 1 from listed_artifact as listed where listed.id = ${id});`

const accessoryName = (row: string) => isAccessoryTag.replaceAll('tag.name', `${row}.name`)

/**
 * Changes of these tables, the artifacts that they concern, and when an artifact has to be looked at. An artifact may have 20,000
 * tags, so one more, or one less, must not look at all others: a further name of what is listed already changes nothing, and
 * neither does a name that goes from what is in no index.
 */
const tagged = {
  artifact: 'new.artifact_id',
  matters: `${accessoryName('new')} or not exists (select 1 from listed_artifact where id = new.artifact_id)`,
}
const untagged = {
  artifact: 'old.artifact_id',
  matters: `${accessoryName('old')} or exists (select 1 from artifact_child where child_id = old.artifact_id)
    and not exists (select 1 from tag where artifact_id = old.artifact_id)`,
}
const always = '1 = 1'

const changes = [
  { event: 'insert on tag', looks: [tagged] },
  { event: 'delete on tag', looks: [untagged] },
  { event: 'update of artifact_id on tag', looks: [untagged, tagged] },
  { event: 'insert on artifact_child', looks: [{ artifact: 'new.child_id', matters: always }] },
  { event: 'delete on artifact_child', looks: [{ artifact: 'old.child_id', matters: always }] },
] as const

/** A new artifact has neither names nor indexes. */
const ofArtifacts = [
  {
    event: 'insert on artifact',
    statement: `insert into listed_artifact (repository_id, pushed_at, id)
      select new.repository_id, new.pushed_at, new.id where new.subject_digest is null;`,
  },
  {
    event: 'update of pushed_at on artifact',
    statement: `update listed_artifact set pushed_at = new.pushed_at where id = new.id;`,
  },
] as const

const nameOf = (event: string) => `listed_after_${event.replaceAll(' ', '_')}`

/** As much of a name from each of its characters on: a longer text is compared with the names that this finds. */
const partLength = 16
const maxNameLength = 255

const positions = `json_each('[${Array.from({ length: maxNameLength }, (_, at) => at + 1).join(',')}]')`
const partsInSqlite = (row: string, from = '') => `insert or ignore into repository_name_part (part, repository_id)
  select substr(${row}.name, value, ${partLength}), ${row}.id from ${from} ${positions} where value <= length(${row}.name)`

const triggersOfSqlite = [
  ...changes.map(
    ({ event, looks }) =>
      `create trigger ${nameOf(event)} after ${event} when ${looks.map(({ matters }) => `(${matters})`).join(' or ')}
        begin ${looks.map(({ artifact }) => lookAt(artifact)).join(' ')} end`,
  ),
  ...ofArtifacts.map(({ event, statement }) => `create trigger ${nameOf(event)} after ${event} begin ${statement} end`),
  `create trigger name_parts_after_insert after insert on repository begin ${partsInSqlite('new')}; end`,
]

const partsInPostgres = (row: string, from = '') => `insert into repository_name_part (part, repository_id)
  select distinct substr(${row}.name, at, ${partLength}), ${row}.id
  from ${from} generate_series(1, length(${row}.name)) as at`

const trigger = (name: string, event: string, statements: string) => [
  // A restore drops the tables to make them anew, and the functions stay.
  `create or replace function ${name}() returns trigger language plpgsql set enable_seqscan = off as $$ begin ${statements} return null; end $$`,
  `create trigger ${name} after ${event} for each row execute function ${name}()`,
]

const triggersOfPostgres = [
  // Locked first: whoever tags an artifact and whoever puts it into an index each see what the other has done. Its plans
  // are kept by each connection, also from a time when the tables were so small that reading all of them was best.
  `create or replace function lock_artifact(changed bigint) returns void language plpgsql set enable_seqscan = off as $$ begin
    perform 1 from artifact where id = changed for no key update;
  end $$`,
  `create or replace function look_at_artifact(changed bigint) returns void language plpgsql set enable_seqscan = off as $$ begin
    ${lookAt('changed')}
  end $$`,
  ...changes.flatMap(({ event, looks }) =>
    trigger(
      nameOf(event),
      event,
      looks
        .map(
          ({ artifact, matters }) =>
            `perform lock_artifact(${artifact}); if ${matters} then perform look_at_artifact(${artifact}); end if;`,
        )
        .join(' '),
    ),
  ),
  ...ofArtifacts.flatMap(({ event, statement }) => trigger(nameOf(event), event, statement)),
  ...trigger('name_parts_after_insert', 'insert on repository', `${partsInPostgres('new')};`),
]
