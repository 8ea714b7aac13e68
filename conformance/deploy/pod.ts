import { chmod, chown, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runCommand } from '../harness/command.ts'
import { findClient } from '../harness/real-client.ts'
import type { Rendered, Untyped } from './helm-chart.ts'

const podman = findClient('podman')
const root = join(import.meta.dir, '..', '..')

/** Why a pod of the chart cannot be run here; undefined when it can. */
export const podmanMissing =
  podman === undefined
    ? 'not on this machine: podman'
    : process.getuid?.() === 0
      ? undefined
      : 'it runs as root only: the file system of the container is made for another account'

/** A root file system with the executable and what it is linked to: less than any image has. */
export async function makeRootFileSystem(folder: string): Promise<void> {
  const executable = join(folder, 'usr', 'local', 'bin', 'berth')
  await mkdir(dirname(executable), { recursive: true })
  await runCommand([process.execPath, join(root, 'tools', 'build.mjs'), '--outfile', executable])
  for (const library of new Set((await runCommand(['ldd', executable])).match(/\/\S+/g))) {
    if (library.startsWith(folder)) continue
    await mkdir(join(folder, dirname(library)), { recursive: true })
    await copyFile(library, join(folder, library))
  }
  for (const place of ['data', 'tmp', 'proc', 'sys', 'dev', 'etc/berth']) {
    await mkdir(join(folder, place), { recursive: true })
  }
}

export interface RunningPod extends AsyncDisposable {
  /** Inside the container, as the kernel sees the process. */
  status(): Promise<string>
  mounts(): Promise<string>
  logs(): Promise<string>
  /** SIGTERM; how the process ended. */
  stop(): Promise<number>
}

/**
 * Runs the container of a rendered Deployment with what its pod says: account, capabilities, read-only root, arguments,
 * environment, volumes. `secrets`: by name, what the Secrets hold. `env` comes over the pod's.
 */
export async function runPod(options: {
  readonly rendered: Rendered
  readonly rootFileSystem: string
  /** Of the test: volumes lie in it. */
  readonly folder: string
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly env: Readonly<Record<string, string>>
}): Promise<RunningPod> {
  const { rendered, folder, rootFileSystem } = options
  const { spec } = rendered.only('Deployment').spec.template
  const [container] = spec.containers
  const { runAsUser: uid, runAsGroup: gid, fsGroup } = spec.securityContext
  const { securityContext } = container
  const name = `berth-${crypto.randomUUID()}`

  const sources = new Map<string, string>()
  for (const volume of spec.volumes) {
    const place = join(folder, 'volumes', volume.name)
    await mkdir(place, { recursive: true })
    sources.set(volume.name, place)
    const files: [string, string][] = Object.entries(
      volume.configMap === undefined ? {} : (rendered.only('ConfigMap').data ?? {}),
    )
    for (const { secret } of volume.projected?.sources ?? []) {
      for (const { key, path } of secret.items) files.push([path, options.secrets[secret.name]![key]!])
    }
    for (const [path, text] of files) {
      await writeFile(join(place, path), text)
      await chown(join(place, path), 0, fsGroup)
      await chmod(join(place, path), 0o440)
    }
    // The kubelet gives a volume to the group of the pod; it stays root's.
    await chown(place, 0, fsGroup)
    await chmod(place, 0o2775)
  }
  const mounts = container.volumeMounts.map(
    ({ name: volume, mountPath, subPath, readOnly }: Record<string, Untyped>) => {
      const source = join(sources.get(volume)!, subPath ?? '')
      return `--volume=${source}:${mountPath}${readOnly === true ? ':ro' : ''}`
    },
  )
  const env = new Map<string, string>(
    container.env.map((each: { name: string; value: string }) => [each.name, each.value]),
  )
  for (const [key, value] of Object.entries(options.env)) env.set(key, value)

  const own = [
    `--root=${folder}/podman`,
    `--runroot=${folder}/run`,
    '--storage-driver=vfs',
    '--cgroup-manager=cgroupfs',
  ]
  const command = (...args: string[]) => [podman!, ...own, '--events-backend=none', ...args]
  const child = Bun.spawn(
    command(
      'run',
      `--name=${name}`,
      '--rm',
      // The services of the test listen on loopback.
      '--network=host',
      // podman would raise these above what this machine may give.
      '--ulimit=nofile=4096:4096',
      '--ulimit=nproc=4096:4096',
      `--user=${uid}:${gid}`,
      `--group-add=${fsGroup}`,
      ...(securityContext.readOnlyRootFilesystem ? ['--read-only', '--read-only-tmpfs=false'] : []),
      ...securityContext.capabilities.drop.map((each: string) => `--cap-drop=${each}`),
      ...(securityContext.allowPrivilegeEscalation ? [] : ['--security-opt=no-new-privileges']),
      ...mounts,
      ...[...env].map(([key, value]) => `--env=${key}=${value}`),
      '--rootfs',
      rootFileSystem,
      '/usr/local/bin/berth',
      ...container.args,
    ),
    { stdout: Bun.file(join(folder, 'out.log')), stderr: Bun.file(join(folder, 'error.log')) },
  )
  const pid = async () => Number(await runCommand(command('inspect', '--format={{.State.Pid}}', name)))
  const logs = async () =>
    (await Bun.file(join(folder, 'error.log')).text()) + (await Bun.file(join(folder, 'out.log')).text())
  const stop = async () => {
    if (child.exitCode === null) {
      await runCommand(command('kill', '--signal=TERM', name))
      await child.exited
    }
    return child.exitCode!
  }
  return {
    status: async () => await Bun.file(`/proc/${await pid()}/status`).text(),
    mounts: async () => await Bun.file(`/proc/${await pid()}/mounts`).text(),
    logs,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  }
}
