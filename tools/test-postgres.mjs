// A throw-away PostgreSQL server for the tests. Plain Node >= 18 without packages.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync, chownSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** The folder with initdb and postgres, or undefined when no PostgreSQL server is installed. */
export function findPostgres() {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...versions.map((version) => join(debian, version, 'bin')),
  ]
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

/**
 * Starts a server on a free loopback port, with its data in a temporary folder and without fsync.
 * Returns `{ url, stop(), restart(signal) }`; undefined when PostgreSQL is not installed or the machine has no user to run it.
 * As root it runs as the user `postgres`, because PostgreSQL refuses to run as root.
 */
export async function startTestPostgres() {
  const bin = findPostgres()
  if (bin === undefined) return undefined
  const owner = process.getuid?.() === 0 ? findUser('postgres') : {}
  if (owner === undefined) return undefined

  const folder = mkdtempSync(join(tmpdir(), 'berth-postgres-'))
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid)
  const data = join(folder, 'data')
  const initdb = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
    { ...owner, cwd: folder, encoding: 'utf8' },
  )
  if (initdb.status !== 0) {
    rmSync(folder, { recursive: true, force: true })
    throw new Error(`initdb failed: ${initdb.stderr ?? initdb.error}`)
  }
  writeFileSync(join(data, 'postgresql.auto.conf'), settings(folder), { flag: 'a' })

  const port = await findFreePort()
  const start = async () => {
    const log = []
    const server = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port)], {
      ...owner,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    server.stderr.on('data', (chunk) => log.push(chunk))
    server.on('error', (error) => log.push(String(error)))
    const deadline = Date.now() + 30_000
    while (!isReady(data)) {
      if (server.exitCode !== null || Date.now() > deadline) {
        await endServer(server, 'SIGINT')
        rmSync(folder, { recursive: true, force: true })
        throw new Error(`the test PostgreSQL did not start: ${log.join('')}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return server
  }
  let server = await start()
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      await endServer(server, 'SIGINT') // fast shutdown: does not wait for clients
      rmSync(folder, { recursive: true, force: true })
    },
    /** SIGINT: as an operator restarts it; SIGQUIT: as a crash does, with recovery afterwards. */
    async restart(signal) {
      await endServer(server, signal)
      server = await start()
    },
  }
}

const settings = (folder) =>
  [
    `unix_socket_directories = '${folder}'`,
    `listen_addresses = '127.0.0.1'`,
    `fsync = off`,
    `full_page_writes = off`,
    `max_connections = 200`,
    `shared_buffers = 32MB`,
    `autovacuum = off`,
    '',
  ].join('\n')

function findUser(name) {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name}:`))
  if (line === undefined) return undefined
  const [, , uid, gid] = line.split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

function findFreePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

// The last line of this file is the server's own word for its state.
function isReady(data) {
  const file = join(data, 'postmaster.pid')
  return existsSync(file) && readFileSync(file, 'utf8').trimEnd().endsWith('ready')
}

async function endServer(server, signal) {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exited = new Promise((resolve) => server.once('exit', resolve))
  server.kill(signal)
  const killer = setTimeout(() => server.kill('SIGKILL'), 10_000)
  await exited
  clearTimeout(killer)
}

// `node tools/test-postgres.mjs`: prints the address and serves until interrupted.
if (process.argv[1] !== undefined && import.meta.url === new URL(`file://${process.argv[1]}`).href) {
  const postgres = await startTestPostgres()
  if (postgres === undefined) {
    console.error('no PostgreSQL server found (apt-get install postgresql)')
    process.exit(1)
  }
  console.log(`BERTH_TEST_POSTGRES=${postgres.url}`)
  const end = async () => {
    await postgres.stop()
    process.exit(0)
  }
  process.on('SIGINT', end)
  process.on('SIGTERM', end)
}
