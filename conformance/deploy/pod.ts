import { chmod, chown, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runCommand } from '../harness/command.ts'
import { findClient } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import type { Rendered, Untyped } from './helm-chart.ts'

const podman = findClient('podman')
const root = join(import.meta.dir, '..', '..')

/** Why a pod of the chart cannot be run here; undefined when it can. */
export async function findWhyNoPodRuns(): Promise<string | undefined> {
  if (podman === undefined) return 'not on this machine: podman'
  if (process.getuid?.() !== 0)
    return 'it runs as root only: the file system of the container is made for another account'
  await using folder = await createTemporaryFolder()
  const rootFileSystem = join(folder.path, 'rootfs')
  await copyProgram('/bin/true', rootFileSystem, '/bin/true')
  await makeMountPoints(rootFileSystem)
  // Kernels with cgroups of both versions refuse every container, and podman waits a minute before it says so.
  const probe = Bun.spawn(
    [podman, ...podmanState(folder.path), 'run', '--rm', ...ownMachine, '--rootfs', rootFileSystem, '/bin/true'],
    { stdout: 'ignore', stderr: 'pipe', timeout: 30_000 },
  )
  const [code, said] = await Promise.all([probe.exited, new Response(probe.stderr).text()])
  if (code === 0) return undefined
  return `podman runs no container on this machine: ${said.trim().split('\n').at(-1) || `it ended with ${code}`}`
}

/** The services of a test listen on loopback; podman would raise the limits above what this machine may give. */
const ownMachine = ['--network=host', '--ulimit=nofile=4096:4096', '--ulimit=nproc=4096:4096']

/** Where podman keeps what belongs to one test, and how it runs without systemd. */
function podmanState(folder: string): string[] {
  return [
    `--root=${folder}/podman`,
    `--runroot=${folder}/run`,
    '--storage-driver=vfs',
    '--cgroup-manager=cgroupfs',
    '--events-backend=none',
  ]
}

/** A root file system with the executable and what it is linked to: less than any image has. */
export async function makeRootFileSystem(folder: string): Promise<void> {
  await using built = await createTemporaryFolder()
  const executable = join(built.path, 'berth')
  await runCommand([process.execPath, join(root, 'tools', 'build.mjs'), '--outfile', executable])
  await copyProgram(executable, folder, '/usr/local/bin/berth')
  await makeMountPoints(folder)
}

async function copyProgram(program: string, rootFileSystem: string, place: string): Promise<void> {
  const libraries = (await runCommand(['ldd', program])).match(/\/\S+/g) ?? []
  const files = [[program, place] as const, ...[...new Set(libraries)].map((library) => [library, library] as const)]
  for (const [from, to] of files) {
    await mkdir(join(rootFileSystem, dirname(to)), { recursive: true })
    await copyFile(from, join(rootFileSystem, to))
  }
}

async function makeMountPoints(rootFileSystem: string): Promise<void> {
  for (const place of ['data', 'tmp', 'proc', 'sys', 'dev', 'etc/berth']) {
    await mkdir(join(rootFileSystem, place), { recursive: true })
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

  const command = (...args: string[]) => [podman!, ...podmanState(folder), ...args]
  const child = Bun.spawn(
    command(
      'run',
      `--name=${name}`,
      '--rm',
      ...ownMachine,
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
