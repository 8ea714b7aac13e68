import { randomBytes } from 'node:crypto'
import { SQL } from 'bun'

const server = process.env['BERTH_TEST_POSTGRES'] ?? ''

/** Why there is no PostgreSQL here; undefined when there is one. */
export const postgresMissing = server === '' ? 'BERTH_TEST_POSTGRES does not name a PostgreSQL server' : undefined

/** An empty database that is dropped at the end. */
export async function createPostgresDatabase(): Promise<AsyncDisposable & { readonly url: string }> {
  const name = `berth_conformance_${randomBytes(6).toString('hex')}`
  const sql = new SQL(server)
  await sql.unsafe(`create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      await sql.unsafe(`drop database if exists ${name} with (force)`)
      await sql.close()
    },
  }
}
