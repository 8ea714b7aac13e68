import { SQL } from 'bun'
import { randomBytes } from 'node:crypto'
import { createUniqueImage } from '../conformance/harness/image.ts'
import { replicasMissing, startReplicas, type Replica } from '../conformance/harness/replicas.ts'
import { expectStatus, V2Client } from '../conformance/harness/v2-client.ts'
import { usageOf } from './process-usage.ts'

const usage = `One, two and three replicas on one PostgreSQL and one S3 server: requests per second, and what a request costs.

  BERTH_TEST_POSTGRES=postgres://… bun bench/replicas.ts [seconds per line, default 5]

Every replica has its own clients, without a balancer in between: on one machine it would compete for the processors.
`
if (replicasMissing !== undefined) {
  console.error(`${usage}\n${replicasMissing}`)
  process.exit(1)
}

const seconds = Number(process.argv[2] ?? 5)
/** Requests under way at each replica. */
const connections = 8

type Work = (client: V2Client, authorization: string) => Promise<unknown>

interface Measured {
  readonly requestsPerSecond: number
  readonly cpuMs: number
  readonly transactions: number
}

async function measure(replicas: readonly Replica[], sql: SQL, work: Work): Promise<Measured> {
  const clients = await Promise.all(
    replicas.map(async (replica) => {
      const client = new V2Client(replica, 'anonymous')
      const token = await new V2Client(replica).fetchToken('repository:library/bench:pull,push')
      return { client, authorization: `Bearer ${token}` }
    }),
  )
  const run = async (milliseconds: number): Promise<number> => {
    const until = performance.now() + milliseconds
    let done = 0
    await Promise.all(
      clients.flatMap(({ client, authorization }) =>
        Array.from({ length: connections }, async () => {
          for (; performance.now() < until; done++) await work(client, authorization)
        }),
      ),
    )
    return done
  }
  await run(1_000)
  const before = await stateOf(replicas, sql)
  const started = performance.now()
  const done = await run(seconds * 1_000)
  const elapsed = (performance.now() - started) / 1_000
  // PostgreSQL counts a little later.
  await Bun.sleep(1_500)
  const after = await stateOf(replicas, sql)
  return {
    requestsPerSecond: done / elapsed,
    cpuMs: ((after.cpuSeconds - before.cpuSeconds) / done) * 1_000,
    transactions: (after.transactions - before.transactions) / done,
  }
}

async function stateOf(replicas: readonly Replica[], sql: SQL) {
  const used = await Promise.all(replicas.map(({ control }) => usageOf(control.pid())))
  const [row] = await sql`select xact_commit from pg_stat_database where datname = current_database()`
  return {
    cpuSeconds: used.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    transactions: Number((row as { xact_commit: string }).xact_commit),
  }
}

await using site = await startReplicas(3, { env: { BERTH_LOG_LEVEL: 'error' } })
const sql = new SQL(site.databaseUrl)
const seed = new V2Client(site.replicas[0]!)
const repository = 'library/bench'
await seed.pushImage(repository, createUniqueImage(), 'v1')
const { digest } = await seed.pushBlob(repository, randomBytes(100_000))

const get =
  (path: string, method = 'GET'): Work =>
  async (client, authorization) => {
    const headers = { authorization, accept: '*/*' }
    const answer = await expectStatus(await client.request(`/v2/${repository}/${path}`, { method, headers }), 200)
    await answer.arrayBuffer()
  }
const push: Work = async (client, authorization) => {
  const bytes = randomBytes(100_000)
  const hash = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
  const path = `/v2/${repository}/blobs/uploads/?digest=sha256:${hash}`
  await expectStatus(await client.request(path, { method: 'POST', headers: { authorization }, body: bytes }), 201)
}

const works: Readonly<Record<string, Work>> = {
  'manifest by tag': get('manifests/v1'),
  'HEAD of a blob': get(`blobs/${digest}`, 'HEAD'),
  'blob of 100 kB, through Berth': get(`blobs/${digest}`),
  'push of a blob of 100 kB, one request': push,
}
console.log(
  '| request | replicas | requests/s | against one | CPU of Berth each | transactions each |\n|---|---|---|---|---|---|',
)
for (const [name, work] of Object.entries(works)) {
  let one: number | undefined
  for (const count of [1, 2, 3]) {
    const { requestsPerSecond, cpuMs, transactions } = await measure(site.replicas.slice(0, count), sql, work)
    one ??= requestsPerSecond
    const cells = [
      name,
      count,
      requestsPerSecond.toFixed(0),
      `${(requestsPerSecond / one).toFixed(2)} times`,
      `${cpuMs.toFixed(2)} ms`,
      transactions.toFixed(1),
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
}
await sql.close()
