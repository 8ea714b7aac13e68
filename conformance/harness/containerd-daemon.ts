import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tryCommand } from './command.ts'
import { createTemporaryFolder } from './temporary-folder.ts'

export interface Containerd extends AsyncDisposable {
  readonly folder: string
  /** For `ctr --address`. */
  readonly socket: string
}

const disabled = [
  'io.containerd.grpc.v1.cri',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.internal.v1.opt',
]

/** A containerd of its own. Without its plug-ins for Kubernetes and for disks of their own it needs nothing of the machine. */
export async function startContainerd(containerd: string, ctr: string): Promise<Containerd> {
  await using cleanup = new AsyncDisposableStack()
  const { path: folder } = cleanup.use(await createTemporaryFolder())
  const socket = join(folder, 'containerd.sock')
  const config = join(folder, 'config.toml')
  await writeFile(
    config,
    `version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ${JSON.stringify(disabled)}
[grpc]
  address = "${socket}"
`,
  )
  const log = join(folder, 'stderr.log')
  const child = Bun.spawn([containerd, '--config', config], {
    ...{ stdin: 'ignore', stdout: 'ignore', stderr: Bun.file(log) },
  })
  cleanup.defer(async () => {
    child.kill('SIGTERM')
    await child.exited
  })
  for (let attempt = 0; (await tryCommand([ctr, '--address', socket, 'version'])).code !== 0; attempt += 1) {
    if (attempt === 100) throw new Error(`containerd did not start\n${await Bun.file(log).text()}`)
    await Bun.sleep(100)
  }
  const owned = cleanup.move()
  return { folder, socket, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
