import { findPostgres, startTestPostgres } from '../../tools/test-postgres.mjs'

/** Why no PostgreSQL server can be started here; undefined when one can. */
export const ownPostgresMissing = findPostgres() === undefined ? 'not on this machine: postgresql' : undefined

export interface OwnPostgres extends AsyncDisposable {
  readonly url: string
  /** SIGINT: as an operator does it; SIGQUIT: as a crash, with recovery behind it. Returns when it serves again. */
  restart(signal: 'SIGINT' | 'SIGQUIT'): Promise<void>
}

/** A PostgreSQL server of the scenario's own, so that it can be restarted without disturbing others. */
export async function startOwnPostgres(): Promise<OwnPostgres> {
  const server = await startTestPostgres()
  if (server === undefined) throw new Error('PostgreSQL cannot be run here')
  return {
    url: server.url,
    restart: (signal) => server.restart(signal),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}
