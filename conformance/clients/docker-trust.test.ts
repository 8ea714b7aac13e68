import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { runCommand, tryCommand } from '../harness/command.ts'
import { startDockerDaemon } from '../harness/docker-daemon.ts'
import { canCreateNetworkNamespace, createNetworkNamespace } from '../harness/network-namespace.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { startRegistry, transportsUnderTest } from '../harness/registry.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { tar } from '../harness/tar.ts'
import { copyAuthority } from '../harness/trust.ts'

const subject = 'docker and the certificate of a registry that is not on loopback'
const timeoutMs = 180_000

// Docker believes everything that loopback says, whatever its certificate. Only a registry on another address
// shows what an operator of a real one meets.
const programs = ['docker', 'dockerd', 'containerd', 'runc', 'ip', 'nsenter'] as const
const absent = programs.filter((name) => findClient(name) === undefined)
const started = process.env['BERTH_CONFORMANCE_URL'] === undefined || process.env['BERTH_CONFORMANCE_URL'] === ''
if (absent.length > 0) skipLoudly(subject, `not on this machine: ${absent.join(', ')}`)
else if (!started || !transportsUnderTest().includes('https'))
  skipLoudly(subject, 'the registry was not started by the tests')
else if (!(await canCreateNetworkNamespace())) skipLoudly(subject, 'no network namespace may be made here')
else {
  describe(subject, () => {
    test(
      'the authority in certs.d is believed, and without it nothing is sent',
      async () => {
        await using stack = new AsyncDisposableStack()
        const folder = stack.use(await createTemporaryFolder())
        const settings = join(folder.path, 'etc-docker')
        await mkdir(settings)
        const network = stack.use(await createNetworkNamespace([{ from: settings, to: '/etc/docker' }]))
        const registry = stack.use(
          await startRegistry({ transport: 'https', prefix: network.prefix, listenHost: network.address }),
        )
        const daemon = stack.use(await startDockerDaemon(findClient('dockerd') ?? '', network.prefix))
        const command = (args: readonly string[]) => [
          ...network.prefix,
          findClient('docker') ?? '',
          ...['--config', folder.path, '--host', daemon.host],
          ...args,
        ]
        const login = () =>
          tryCommand(command(['login', '-u', registry.username, '--password-stdin', registry.host]), {
            stdin: registry.password,
          })

        const stranger = await login()
        expect(stranger.code).not.toBe(0)
        expect(stranger.stderr).toContain('certificate signed by unknown authority')

        const trust = join(settings, 'certs.d', registry.host)
        await copyAuthority(registry, trust)
        expect(await login()).toMatchObject({ code: 0 })
        const name = `${registry.host}/${registry.newRepository()}:v1`
        await writeFile(join(folder.path, 'root.tar'), tar([{ path: 'hello', content: crypto.randomUUID() }]))
        const id = (await runCommand(command(['import', join(folder.path, 'root.tar'), name]))).trim()
        await runCommand(command(['push', name]))
        const list = name.replace(/v1$/, 'list')
        await runCommand(command(['manifest', 'create', list, name]))
        await runCommand(command(['manifest', 'push', list]))
        await runCommand(command(['rmi', '--force', id]))
        await runCommand(command(['pull', name]))
        expect(await runCommand(command(['images', '--no-trunc', '--quiet']))).toContain(id)

        await rm(trust, { recursive: true })
        const again = await tryCommand(command(['pull', name]))
        expect(again.code).not.toBe(0)
        expect(again.stderr).toContain('certificate signed by unknown authority')
      },
      timeoutMs,
    )
  })
}
