import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { conditions } from '../conditions.ts'
import { startCluster, type PostgresCluster } from './postgres-cluster.ts'
import { databaseName, prepareDatabase, startBerth } from './prepare.ts'
import { measurePair, type Measured, type Pair } from './pair.ts'
import { markdownRow, markdownHead, summarise, type Row } from './report.ts'
import { openSite, type Site } from './site.ts'
import { workloads } from './workloads.ts'

const usage = `Measures Berth over PostgreSQL with 10,000 manifests and with many, side by side, and prints ratios.

  npm run bench -- scale [options]

  --manifests <n>     of the large database (default 10000000, which takes 20 GB and half an hour to make)
  --folder <path>     where the databases lie (default: /var/tmp/berth-scale)
  --only <words>      only workloads whose name contains one of these words (comma-separated)
  --rounds <n>        measurements per line (default 3)
  --connections <n>   of the client (default 2)
  --seconds <n>       per measurement (default 5)
  --generate-only     make the databases and stop
  --keep              leave the databases for the next run
  --json <file>       all measurements
`

const { values: options } = parseArgs({
  options: {
    manifests: { type: 'string', default: '10000000' },
    folder: { type: 'string', default: '/var/tmp/berth-scale' },
    only: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '5' },
    'generate-only': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (options.help) {
  console.log(usage)
  process.exit(0)
}
const small = 10_000
const large = Number(options.manifests)
const folder = resolve(options.folder)
const command = [process.execPath, resolve(import.meta.dir, '../../cli/src/main.ts')]
const progress = (line: string) => console.error(line)
const words = options.only?.split(',').map((word) => word.trim().toLowerCase())
const isWanted = (name: string) => words === undefined || words.some((word) => name.toLowerCase().includes(word))

/** Bytes of blobs are not what is measured here: they lie in memory where that is possible. */
const storage = join('/dev/shm', `berth-scale-${process.pid}`)
const start = (cluster: PostgresCluster) => async (database: string) =>
  await startBerth(
    {
      command,
      folder,
      environment: {
        BERTH_STORAGE_FOLDER: join(storage, database),
        // One second, so that a round of garbage collection comes when it is asked for.
        BERTH_GARBAGE_COLLECTION_INTERVAL: '1s',
      },
    },
    cluster.url(database),
  )

await mkdir(folder, { recursive: true })
try {
  {
    await using cluster = await startCluster(join(folder, 'postgres'), { durable: false })
    for (const manifests of [small, large]) await prepareDatabase(cluster, manifests, start(cluster), progress)
  }
  if (!options['generate-only']) await measureAll()
} finally {
  await rm(storage, { recursive: true, force: true })
  if (!options.keep) await rm(folder, { recursive: true, force: true })
}

async function measureAll(): Promise<void> {
  await using cluster = await startCluster(join(folder, 'postgres'), { durable: true })
  await using sites = new AsyncDisposableStack()
  const open = async (manifests: number) =>
    sites.use(await openSite(cluster, manifests, await start(cluster)(databaseName(manifests))))
  const pair = [await open(small), await open(large)] as const
  const pace = { connections: Number(options.connections), durationMs: Number(options.seconds) * 1000 }
  const rows: Row[] = []
  console.log(markdownHead)
  for (const workload of workloads()) {
    if (!isWanted(workload.name)) continue
    const rounds: Pair<Measured>[] = []
    for (let round = 0; round < Number(options.rounds); round++) rounds.push(await measurePair(pair, workload, pace))
    const row = { workload: workload.name, rounds }
    rows.push(row)
    console.log(markdownRow(summarise(row)))
  }
  for (const site of pair) console.log(`\n${site.name}:\n${await sizes(site)}`)
  console.log(
    Object.entries(await conditions(folder))
      .map(([name, value]) => `- ${name}: ${value}`)
      .join('\n'),
  )
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify(rows, null, 2))
}

async function sizes(site: Site): Promise<string> {
  const tables = await site.query(
    `select relname as name, reltuples::bigint as rows, pg_table_size(oid)::bigint as bytes,
       pg_indexes_size(oid)::bigint as keys
     from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and reltuples > 1000
     order by pg_total_relation_size(oid) desc`,
  )
  const megabytes = (bytes: unknown) => (Number(bytes) / 1e6).toFixed(0)
  const lines = tables.map(
    ({ name, rows, bytes, keys }) => `| ${String(name)} | ${String(rows)} | ${megabytes(bytes)} | ${megabytes(keys)} |`,
  )
  return ['| table | rows | MB | MB of indexes |', '|---|---|---|---|', ...lines].join('\n')
}
