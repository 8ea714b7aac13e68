import pg from 'pg'
import { baseLayers, perRepository, type Shape } from './shape.ts'

/**
 * Fills a database that Berth has just made with a registry of the given shape, by SQL. Keys and indexes are made when
 * their table is full; references are not checked again, for the numbers they come from are right.
 */
export async function generate(url: string, shape: Shape, progress: (line: string) => void): Promise<void> {
  const started = performance.now()
  const say = (what: string) => progress(`${((performance.now() - started) / 1000).toFixed(0)} s: ${what}`)
  await using main = await connect(url)
  const { query } = main
  await query(functions)
  const references = await query(
    `select conrelid::regclass::text as relation, conname as name, pg_get_constraintdef(oid) as definition
     from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace`,
  )
  for (const { relation, name } of references) await query(`alter table ${relation} drop constraint ${name}`)
  const waiting = tables(shape)
  await Promise.all(
    Array.from({ length: connections }, async () => {
      await using own = await connect(url)
      for (let table = waiting.shift(); table !== undefined; table = waiting.shift()) await fill(own.query, table, say)
    }),
  )
  for (const { table, rows } of derived) await fill(query, { table, rows }, say)
  for (const { relation, name, definition } of references) {
    await query(`alter table ${relation} add constraint ${name} ${definition} not valid`)
  }
  for (const table of ['project', 'repository', 'artifact']) {
    await query(`select setval(pg_get_serial_sequence('${table}', 'id'), (select max(id) from ${table}))`)
  }
  await query('vacuum (freeze, analyze)')
  say('vacuum')
}

type Query = (statement: string) => Promise<Record<string, string>[]>

/** Tables are filled several at a time. */
const connections = 4

async function connect(url: string): Promise<AsyncDisposable & { readonly query: Query }> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return {
    query: async (statement) => (await client.query<Record<string, string>>(statement)).rows,
    [Symbol.asyncDispose]: () => client.end(),
  }
}

interface FilledTable {
  readonly table: string
  /** The statement that fills it. */
  readonly rows: string
}

async function fill(query: Query, { table, rows }: FilledTable, say: (what: string) => void): Promise<void> {
  const keys = await query(
    `select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
     where contype in ('p', 'u') and conrelid = '${table}'::regclass order by contype`,
  )
  const indexes = await query(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
     where indrelid = '${table}'::regclass and not exists (select 1 from pg_constraint where conindid = indexrelid)`,
  )
  for (const { name } of keys) await query(`alter table ${table} drop constraint ${name}`)
  for (const { name } of indexes) await query(`drop index ${name}`)
  // A table that is empty in this transaction needs no log.
  await query('begin')
  // What they would do, `derived` does for all at once.
  await query(`alter table ${table} disable trigger user`)
  if (!isKept(table)) await query(`truncate ${table}`)
  await query(rows)
  await query(`alter table ${table} enable trigger user`)
  await query('commit')
  say(table)
  for (const { name, definition } of keys) await query(`alter table ${table} add constraint ${name} ${definition}`)
  for (const { definition } of indexes) await query(definition!)
  say(`keys of ${table}`)
}

const functions = `
  create or replace function scale_digest(name text) returns text immutable parallel safe language sql
    as $$ select 'sha256:' || repeat(md5(name), 2) $$;
`

const descriptor = (mediaType: string, digest: string) =>
  `'{"mediaType":"application/vnd.oci.image.${mediaType}","digest":"' || scale_digest(${digest}) || '","size":1000000}'`
const imageText = `'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":' ||
  ${descriptor('config.v1+json', `'config ' || m`)} || ',"layers":[' || ${descriptor('layer.v1.tar+gzip', `'layer ' || m`)} || ']}'`
const indexText = `'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[' ||
  ${descriptor('manifest.v1+json', `'manifest ' || (m - 1)`)} || ',' || ${descriptor('manifest.v1+json', `'manifest ' || (m - 2)`)} || ']}'`

/** Tables in which Berth has put something of its own at its first start. */
const isKept = (table: string): boolean => ['project', 'quota', 'event'].includes(table)

/** Times lie some weeks back, one second for each manifest. */
const bornAt = (manifest: string) => `(1700000000000 + ${manifest}::bigint * 10)`

function tables({ manifests, largest, repositories, projects }: Shape): FilledTable[] {
  const repositoryOf = (manifest: string) =>
    `(case when ${manifest} < ${largest} then 1 else 2 + (${manifest} - ${largest}) / ${perRepository} end)`
  const projectOf = (repository: string) => `(2 + (${repository} - 1) % ${projects})`
  const each = `generate_series(0, ${manifests - 1}) as m`
  const everyNth = (n: number) => `generate_series(0, ${manifests - 1}, ${n}) as m`
  const eachRepository = `generate_series(1, ${repositories}) as r`
  const hasBlobs = `m % 20 <> 19`
  /** What a repository links, each digest once: the columns that `select` makes of \`m\`, \`r\` and \`digest\`. */
  const links = (select: string) =>
    [
      `select ${repositoryOf('m')} as r, m, scale_digest('config ' || m) as digest from ${each} where ${hasBlobs}`,
      `select ${repositoryOf('m')}, m, scale_digest('layer ' || m) from ${each} where ${hasBlobs}`,
      `select ${repositoryOf('m')}, m, scale_digest('shared ' || m / 20) from ${everyNth(20)}`,
      `select r, 0, scale_digest('repository ' || r) from ${eachRepository}`,
    ]
      .map((part) => `select ${select} from (${part}) as part (r, m, digest)`)
      .join(' union all ')
  const base = `scale_digest('base ' || r % ${baseLayers})`

  return [
    {
      table: 'artifact_blob',
      rows: `insert into artifact_blob (artifact_id, repository_id, digest)
        select m + 1, r, scale_digest(name)
        from (select m, ${repositoryOf('m')} as r from ${each} where ${hasBlobs}) as manifest
        cross join lateral (values ('config ' || m), ('layer ' || m), ('shared ' || m / 20),
           ('repository ' || r), ('base ' || r % ${baseLayers})) as named (name)`,
    },
    {
      table: 'repository_blob',
      rows: `insert into repository_blob (repository_id, digest, protected_until, created_at)
        ${links(`r, digest, ${bornAt('m')} + 86400000, ${bornAt('m')}`)}
        union all select r, ${base}, ${bornAt('0')}, ${bornAt('0')} from ${eachRepository}`,
    },
    {
      table: 'project_blob',
      rows: `insert into project_blob (project_id, digest, size)
        ${links(`${projectOf('r')}, digest, 1000000`)}
        union all select * from (select distinct ${projectOf('r')}, ${base}, 1000000 from ${eachRepository}) as bases
        union all select ${projectOf(repositoryOf('m'))}, scale_digest('manifest ' || m), 500 from ${each}`,
    },
    {
      table: 'blob',
      rows: `insert into blob (digest, size, location, state, condemned_at, created_at)
        ${links(`digest, 1000000, 'blobs/uploaded/00/' || md5(digest), 'live', null::bigint, ${bornAt('m')}`)}
        union all select distinct ${base}, 1000000, 'blobs/uploaded/00/base', 'live', null::bigint, ${bornAt('0')}
          from ${eachRepository}`,
    },
    {
      table: 'artifact',
      rows: `insert into artifact (id, repository_id, digest, media_type, artifact_type, manifest_size, size,
          subject_digest, annotations, pushed_at, pulled_at)
        select m + 1, ${repositoryOf('m')}, scale_digest('manifest ' || m),
          case when m % 20 = 19 then 'application/vnd.oci.image.index.v1+json'
            else 'application/vnd.oci.image.manifest.v1+json' end,
          case m % 20 when 19 then '' when 9 then 'application/vnd.dev.cosign.artifact.sig.v1+json'
            else 'application/vnd.oci.image.config.v1+json' end,
          500, 7000500, case when m % 20 = 9 then scale_digest('manifest ' || m - 1) end, null, ${bornAt('m')}, null
        from ${each}`,
    },
    {
      table: 'artifact_payload',
      rows: `insert into artifact_payload (artifact_id, bytes)
        select m + 1, convert_to(case when m % 20 = 19 then ${indexText} else ${imageText} end, 'UTF8')
        from ${each}`,
    },
    {
      table: 'artifact_child',
      rows: `insert into artifact_child (parent_id, child_id)
        select m + 20, m + 20 - back from ${everyNth(20)} cross join generate_series(1, 2) as back`,
    },
    {
      table: 'tag',
      rows: `insert into tag (repository_id, name, artifact_id, pushed_at)
        select ${repositoryOf('m')}, 'v' || lpad(m::text, 8, '0'), m + 1, ${bornAt('m')}
        from ${each} where m % 20 not in (17, 18)`,
    },
    {
      table: 'event',
      rows: `insert into event (type, occurred_at, actor, project_id, resource, payload, username)
        select 'push_artifact', ${bornAt('m')}, 'user:1', ${projectOf(repositoryOf('m'))}, 'r' || m,
          '{"digest":"' || scale_digest('manifest ' || m) || '","tags":["v' || m || '"]}', 'admin'
        from ${everyNth(10)}`,
    },
    {
      table: 'project',
      rows: `insert into project (id, name, owner_id, public, created_at, updated_at)
        select p + 1, 'p' || lpad(p::text, 5, '0'), 1, 0, ${bornAt('0')}, ${bornAt('0')}
        from generate_series(1, ${projects}) as p`,
    },
    {
      table: 'quota',
      rows: `insert into quota (project_id, hard_bytes, updated_at)
        select p + 1, -1, ${bornAt('0')} from generate_series(1, ${projects}) as p`,
    },
    {
      table: 'repository',
      rows: `insert into repository (id, project_id, name, description, created_at, updated_at)
        select r, ${projectOf('r')}, 'p' || lpad((${projectOf('r')} - 1)::text, 5, '0') || '/r' || lpad(r::text, 7, '0'),
          '', ${bornAt('0')}, ${bornAt('0')}
        from ${eachRepository}`,
    },
  ]
}

/** What is computed from the tables before. */
const derived: readonly FilledTable[] = [
  {
    table: 'listed_artifact',
    rows: `insert into listed_artifact (repository_id, pushed_at, id) select repository_id, pushed_at, id
      from artifact where subject_digest is null and exists (select 1 from tag where tag.artifact_id = artifact.id)`,
  },
  {
    table: 'repository_name_part',
    rows: `insert into repository_name_part (part, repository_id) select distinct substr(name, at, 16), id
      from repository cross join lateral generate_series(1, length(name)) as at`,
  },
  {
    table: 'project_usage',
    rows: `insert into project_usage (project_id, bytes) select project_id, sum(size) from project_blob group by project_id`,
  },
]
