import { join } from 'node:path'
import { findClient } from './real-client.ts'
import { createTemporaryFolder } from './temporary-folder.ts'

export interface DockerDaemon extends AsyncDisposable {
  /** For DOCKER_HOST. */
  readonly host: string
}

const startsWithinMs = 30_000

/**
 * A docker daemon of its own, with data, socket and state in a temporary folder and no network for containers.
 * `prefix` is put before its command, `more` behind it.
 */
export async function startDockerDaemon(
  dockerd: string,
  prefix: readonly string[] = [],
  more: readonly string[] = [],
): Promise<DockerDaemon> {
  await using cleanup = new AsyncDisposableStack()
  const folder = cleanup.use(await createTemporaryFolder())
  const socket = join(folder.path, 'docker.sock')
  const log = join(folder.path, 'docker.log')
  const child = Bun.spawn(
    [
      ...prefix,
      dockerd,
      ...['--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver=vfs'],
      ...['--data-root', join(folder.path, 'data'), '--exec-root', join(folder.path, 'exec')],
      ...['--pidfile', join(folder.path, 'docker.pid'), '--host', `unix://${socket}`],
      ...more,
    ],
    { stdin: 'ignore', stdout: 'ignore', stderr: Bun.file(log) },
  )
  cleanup.defer(async () => {
    child.kill('SIGTERM')
    await child.exited
  })
  const docker = findClient('docker') ?? 'docker'
  const deadline = performance.now() + startsWithinMs
  for (;;) {
    const probe = Bun.spawn([docker, '--host', `unix://${socket}`, 'version'], { stdout: 'ignore', stderr: 'ignore' })
    if ((await probe.exited) === 0) break
    if (child.exitCode !== null || performance.now() > deadline) {
      throw new Error(`dockerd did not start\n${await Bun.file(log).text()}`)
    }
    await Bun.sleep(100)
  }
  const owned = cleanup.move()
  return { host: `unix://${socket}`, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
