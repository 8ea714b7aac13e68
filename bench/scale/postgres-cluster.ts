import { spawn, spawnSync } from 'node:child_process'
import { chown, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPostgres } from '../../tools/test-postgres.mjs'
import { freePort } from '../subjects/server-process.ts'

export interface PostgresCluster extends AsyncDisposable {
  readonly pid: number
  /** The address of one of its databases. */
  url(database: string): string
}

/**
 * A PostgreSQL server over `folder`, which is made when it is not there and stays. While it is filled nothing is synced
 * and nothing logged beyond need; `durable` is how it then serves.
 * @throws when no PostgreSQL is installed
 */
export async function startCluster(
  folder: string,
  { durable }: { readonly durable: boolean },
): Promise<PostgresCluster> {
  const bin = findPostgres()
  if (bin === undefined) throw new Error('no PostgreSQL server found (Debian: apt-get install postgresql)')
  const owner = process.getuid?.() === 0 ? await accountOf('postgres') : undefined
  const data = join(folder, 'data')
  if (!(await isThere(join(data, 'PG_VERSION')))) {
    await mkdir(folder, { recursive: true })
    if (owner !== undefined) await chown(folder, owner.uid, owner.gid)
    const made = spawnSync(
      join(bin, 'initdb'),
      ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
      { ...owner, cwd: folder, encoding: 'utf8' },
    )
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr ?? made.error}`)
  }
  const settings = durable ? serving : filling
  await writeFile(join(data, 'postgresql.auto.conf'), [...always(folder), ...settings, ''].join('\n'))
  const port = freePort()
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port)], {
    ...owner,
    cwd: folder,
    stdio: 'ignore',
  })
  const until = Date.now() + 120_000
  while (!(await isReady(data, server.pid!))) {
    if (server.exitCode !== null || Date.now() > until)
      throw new Error('the PostgreSQL of the benchmark does not start')
    await Bun.sleep(100)
  }
  return {
    pid: server.pid!,
    url: (database) => `postgres://postgres@127.0.0.1:${port}/${database}`,
    async [Symbol.asyncDispose]() {
      const exited = new Promise((resolve) => server.once('exit', resolve))
      server.kill('SIGINT')
      await exited
    },
  }
}

const always = (folder: string) => [
  `unix_socket_directories = '${folder}'`,
  `listen_addresses = '127.0.0.1'`,
  `max_connections = 100`,
  `shared_buffers = 2GB`,
  `effective_cache_size = 8GB`,
  `random_page_cost = 1.1`,
  `max_wal_size = 8GB`,
  `shared_preload_libraries = 'pg_stat_statements'`,
]
const filling = [
  `fsync = off`,
  `full_page_writes = off`,
  `wal_level = minimal`,
  `max_wal_senders = 0`,
  `autovacuum = off`,
  `maintenance_work_mem = 768MB`,
  `max_parallel_maintenance_workers = 1`,
]
const serving = [`fsync = on`, `autovacuum = on`, `track_io_timing = on`]

async function accountOf(name: string): Promise<{ uid: number; gid: number }> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((each) => each.startsWith(`${name}:`))
  if (line === undefined) throw new Error(`PostgreSQL refuses to run as root, and there is no user ${name}`)
  const [, , uid, gid] = line.split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

async function isThere(file: string): Promise<boolean> {
  return await Bun.file(file).exists()
}

// Its first line is the process, its last the server's own word for its state.
async function isReady(data: string, pid: number): Promise<boolean> {
  const file = Bun.file(join(data, 'postmaster.pid'))
  if (!(await file.exists())) return false
  const lines = (await file.text()).trimEnd().split('\n')
  return lines[0] === String(pid) && lines.at(-1)!.trim() === 'ready'
}
