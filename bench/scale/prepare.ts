import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { berth } from '../subjects/berth.ts'
import { freePort } from '../subjects/server-process.ts'
import type { Subject } from '../subjects/subject.ts'
import { generate } from './generate.ts'
import type { PostgresCluster } from './postgres-cluster.ts'
import { shapeOf } from './shape.ts'

export const databaseName = (manifests: number): string => `berth_${manifests}`

/** Makes the database with as many manifests, unless it is there. */
export async function prepareDatabase(
  cluster: PostgresCluster,
  manifests: number,
  start: (database: string) => Promise<Subject>,
  progress: (line: string) => void,
): Promise<void> {
  const name = databaseName(manifests)
  const administrator = new pg.Client({ connectionString: cluster.url('postgres') })
  await administrator.connect()
  try {
    const known = await administrator.query('select 1 from pg_database where datname = $1', [name])
    if (known.rowCount === 1) return
    // Under another name until it is complete.
    await administrator.query(`drop database if exists ${name}_part`)
    await administrator.query(`create database ${name}_part`)
    const subject = await start(`${name}_part`)
    await subject.stop()
    await generate(cluster.url(`${name}_part`), shapeOf(manifests), progress)
    await administrator.query(`alter database ${name}_part rename to ${name}`)
  } finally {
    await administrator.end()
  }
}

/** Berth from this source tree over a database of the cluster. */
export async function startBerth(
  options: {
    readonly command: readonly string[]
    readonly folder: string
    readonly environment?: Record<string, string>
  },
  databaseUrl: string,
): Promise<Subject> {
  const folder = join(options.folder, new URL(databaseUrl).pathname.slice(1))
  await mkdir(folder, { recursive: true })
  const kind = berth({
    command: options.command,
    authorization: 'bearer',
    environment: { BERTH_DATABASE_URL: databaseUrl, ...options.environment },
    readyWithinMs: 900_000,
  })
  return await kind.start({ folder, port: freePort(), tls: undefined })
}
