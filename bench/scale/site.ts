import pg from 'pg'
import type { Endpoint } from '../client/connection.ts'
import { RegistryRequests } from '../client/registry-requests.ts'
import { usageOf } from '../process-usage.ts'
import type { Subject } from '../subjects/subject.ts'
import type { PostgresCluster } from './postgres-cluster.ts'
import { databaseName } from './prepare.ts'
import { shapeOf, type Shape } from './shape.ts'

/** What a registry and its database have done so far. */
export interface Usage {
  readonly statements: number
  readonly serverCpuSeconds: number
  /** Of the connections of this registry. */
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
  usage(): Promise<Usage>
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
  return {
    name: `${manifests} manifests`,
    shape: shapeOf(manifests),
    endpoint,
    puller: requestsOf('puller'),
    pusher: requestsOf('pusher'),
    administrator,
    query,
    async usage() {
      const [calls] = await query(
        `select sum(calls)::bigint as statements from pg_stat_statements
         where dbid = (select oid from pg_database where datname = current_database()) and query not like '%pg_stat%'`,
      )
      const [blocks] = await query(`select blks_read from pg_stat_database where datname = current_database()`)
      const backends = await query(
        `select pid from pg_stat_activity where datname = current_database() and application_name = 'berth'`,
      )
      const used = await Promise.all(backends.map(({ pid }) => usageOf(Number(pid))))
      return {
        statements: Number(calls!['statements'] ?? 0),
        serverCpuSeconds: (await usageOf(subject.pid)).cpuSeconds,
        databaseCpuSeconds: used.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
        blocksRead: Number(blocks!['blks_read']),
      }
    },
    async [Symbol.asyncDispose]() {
      await client.end()
      await subject.stop()
    },
  }
}
