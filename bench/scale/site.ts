import pg from 'pg'
import { Connection, type Endpoint } from '../client/connection.ts'
import { RegistryRequests } from '../client/registry-requests.ts'
import { measureWork, type Measurement } from '../measurement.ts'
import { usageOf } from '../process-usage.ts'
import type { LoopResult } from '../client/closed-loop.ts'
import type { Subject } from '../subjects/subject.ts'
import type { PostgresCluster } from './postgres-cluster.ts'
import { databaseName } from './prepare.ts'
import { shapeOf, type Shape } from './shape.ts'

/** A measurement with what the database did for it. */
export interface DatabaseMeasurement extends Measurement {
  readonly statements: number
  readonly databaseCpuSeconds: number
  /** Pages that were not in PostgreSQL's own memory. */
  readonly blocksRead: number
}

/** One running registry over one generated database, and the accounts that ask it. */
export interface Site extends AsyncDisposable {
  readonly name: string
  readonly shape: Shape
  readonly endpoint: Endpoint
  /** May pull from every project. */
  readonly puller: RegistryRequests
  /** May push to every project. */
  readonly pusher: RegistryRequests
  readonly administrator: RegistryRequests
  query(statement: string): Promise<Record<string, unknown>[]>
  measure(work: () => Promise<LoopResult>): Promise<DatabaseMeasurement>
}

const password = 'Bench-account-1'
const roles = { puller: 3, pusher: 2 }

export async function openSite(cluster: PostgresCluster, manifests: number, subject: Subject): Promise<Site> {
  const { endpoint } = subject
  const client = new pg.Client({ connectionString: cluster.url(databaseName(manifests)) })
  await client.connect()
  const query = async (statement: string) => (await client.query<Record<string, unknown>>(statement)).rows
  await query('create extension if not exists pg_stat_statements')
  const administrator = new RegistryRequests(endpoint, subject.administratorAuthorization())
  for (const [username, role] of Object.entries(roles)) {
    const user = JSON.stringify({
      username,
      password,
      email: `${username}@example.com`,
      realname: username,
      comment: '',
    })
    const headers = { authorization: subject.administratorAuthorization()!, 'content-type': 'application/json' }
    const url = `http://${endpoint.host}:${endpoint.port}/api/v2.0/users`
    const answer = await fetch(url, { method: 'POST', headers, body: user })
    if (answer.status !== 201 && answer.status !== 409) throw new Error(`no account: ${await answer.text()}`)
    await query(
      `insert into project_member (project_id, entity_type, entity_id, role_id, created_at)
       select project.id, 'user', user_account.id, ${role}, 0 from project, user_account
       where username = '${username}' on conflict do nothing`,
    )
  }
  await query('analyze project_member')
  const requestsOf = (username: string) => new RegistryRequests(endpoint, `Basic ${btoa(`${username}:${password}`)}`)
  const statistics = async () => {
    const [row] = await query(
      `select sum(calls)::bigint as calls from pg_stat_statements
       where dbid = (select oid from pg_database where datname = current_database()) and query not like '%pg_stat%'`,
    )
    const [blocks] = await query(`select blks_read from pg_stat_database where datname = current_database()`)
    const { cpuSeconds } = await usageOf(cluster.pid)
    return { calls: Number(row!['calls'] ?? 0), blocks: Number(blocks!['blks_read']), cpuSeconds }
  }
  return {
    name: `${manifests} manifests`,
    shape: shapeOf(manifests),
    endpoint,
    puller: requestsOf('puller'),
    pusher: requestsOf('pusher'),
    administrator,
    query,
    async measure(work) {
      const before = await statistics()
      const measurement = await measureWork(subject, work)
      const after = await statistics()
      return {
        ...measurement,
        statements: after.calls - before.calls,
        databaseCpuSeconds: after.cpuSeconds - before.cpuSeconds,
        blocksRead: after.blocks - before.blocks,
      }
    },
    async [Symbol.asyncDispose]() {
      await client.end()
      await subject.stop()
    },
  }
}

export async function withConnection<Result>(
  site: Site,
  use: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await Connection.open(site.endpoint)
  try {
    return await use(connection)
  } finally {
    connection.close()
  }
}
