import { openSync, closeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Connection, type Endpoint } from '../client/connection.ts'

export interface ServerProcess {
  readonly pid: number
  readonly readyMs: number
  stop(): Promise<void>
}

/**
 * Starts a server and asks for `path` over a fresh connection until an answer with one of
 * `statuses` comes.
 */
export async function startServer(options: {
  readonly command: readonly string[]
  readonly folder: string
  readonly environment: Record<string, string>
  readonly workingFolder: string
  readonly endpoint: Endpoint
  readonly path: string
  readonly statuses: readonly number[]
  readonly readyWithinMs?: number | undefined
}): Promise<ServerProcess> {
  const logFile = join(options.folder, 'server.log')
  const log = openSync(logFile, 'a')
  const startedAt = performance.now()
  const child = Bun.spawn([...options.command], {
    cwd: options.workingFolder,
    env: { ...process.env, ...options.environment },
    stdin: 'ignore',
    stdout: log,
    stderr: log,
  })
  closeSync(log)
  const stop = async () => {
    child.kill('SIGTERM')
    const killer = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await child.exited
    clearTimeout(killer)
  }
  const readyWithinMs = options.readyWithinMs ?? 30_000
  while (performance.now() - startedAt < readyWithinMs && child.exitCode === null) {
    if (await answers(options.endpoint, options.path, options.statuses)) {
      return { pid: child.pid, readyMs: performance.now() - startedAt, stop }
    }
    await Bun.sleep(2)
  }
  await stop()
  throw new Error(`${options.command.join(' ')} does not serve:\n${(await readFile(logFile, 'utf8')).slice(-2000)}`)
}

async function answers(endpoint: Endpoint, path: string, statuses: readonly number[]): Promise<boolean> {
  try {
    const connection = await Connection.open(endpoint)
    try {
      const head = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${endpoint.host}:${endpoint.port}\r\n\r\n`)
      return statuses.includes((await connection.exchange({ head })).status)
    } finally {
      connection.close()
    }
  } catch {
    // Not listening yet: the caller asks again until its time is over.
    return false
  }
}

/** A port that was free a moment ago. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = listener
  listener.stop(true)
  return port
}
