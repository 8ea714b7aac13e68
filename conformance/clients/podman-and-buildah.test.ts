import { expect, test } from 'bun:test'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand, tryCommand } from '../harness/command.ts'
import { describeClient } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { copyAuthority } from '../harness/trust.ts'

const timeoutMs = 180_000

for (const name of ['podman', 'buildah'] as const) {
  describeClient(
    name,
    [name],
    (scenario) => {
      /** Everything the program keeps lies in a folder of the test. */
      const setUp = async () => {
        const { registry, programs } = scenario()
        const folder = await createTemporaryFolder()
        const trust = await copyAuthority(registry, join(folder.path, 'trust'))
        const verify = trust === undefined ? ['--tls-verify=false'] : ['--tls-verify=true', `--cert-dir=${trust}`]
        const policy = join(folder.path, 'policy.json')
        await writeFile(policy, '{"default":[{"type":"insecureAcceptAnything"}]}')
        // Without the file both refuse to work anonymously.
        await writeFile(join(folder.path, 'auth.json'), '{}')
        const env = {
          REGISTRY_AUTH_FILE: join(folder.path, 'auth.json'),
          TMPDIR: folder.path,
          XDG_RUNTIME_DIR: folder.path,
        }
        const own = [`--root=${folder.path}/root`, `--runroot=${folder.path}/run`, '--storage-driver=vfs']
        const store = name === 'podman' ? [...own, '--cgroup-manager=cgroupfs', '--events-backend=none'] : own
        const command = (args: readonly string[]) => [programs[name], ...store, ...args]
        const run = (...args: string[]) => runCommand(command(args), { env, cwd: folder.path })
        const attempt = (...args: string[]) => tryCommand(command(args), { env, cwd: folder.path })
        const login = (password = registry.password) =>
          tryCommand(command(['login', ...verify, '-u', registry.username, '--password-stdin', registry.host]), {
            env,
            stdin: password,
          })
        const signature = `--signature-policy=${policy}`
        return { registry, folder, verify, run, attempt, login, signature }
      }

      test(
        'an image that it built is pushed, removed here and pulled back the same',
        async () => {
          const { registry, folder, verify, run, login, signature } = await setUp()
          await using _ = folder
          expect((await login()).code).toBe(0)
          await writeContext(join(folder.path, 'context'))
          const image = `${registry.host}/${registry.newRepository()}:v1`

          await run('build', signature, '--isolation=chroot', '--no-cache', '-t', image, 'context')
          const built = (await run('images', '--quiet', '--no-trunc')).trim()
          await run('push', signature, ...verify, image)
          await run('rmi', image)
          expect((await run('images', '--quiet')).trim()).toBe('')
          await run('pull', signature, ...verify, image)
          expect((await run('images', '--quiet', '--no-trunc')).trim()).toBe(built)
        },
        timeoutMs,
      )

      for (const format of ['oci', 'v2s2']) {
        test(
          `a list of images for two architectures is pushed as ${format} and pulled for the other one`,
          async () => {
            const { registry, folder, verify, run, login, signature } = await setUp()
            await using _ = folder
            expect((await login()).code).toBe(0)
            await writeContext(join(folder.path, 'context'))
            const image = `${registry.host}/${registry.newRepository()}:multi`

            const platforms = 'linux/amd64,linux/arm64'
            await run(
              'build',
              signature,
              '--isolation=chroot',
              '--no-cache',
              '--platform',
              platforms,
              '--manifest',
              'list',
              'context',
            )
            const policy = name === 'podman' ? [] : [signature]
            await run(
              'manifest',
              'push',
              ...policy,
              '--all',
              '--format',
              format,
              ...verify,
              'list',
              `docker://${image}`,
            )
            await run('manifest', 'rm', 'list')
            await run('rmi', '--all', '--force')
            const pulled = await run('pull', '--quiet', signature, ...verify, '--arch', 'arm64', image)
            const id = pulled.trim().split('\n').at(-1) ?? ''
            const inspected = await run('inspect', ...(name === 'buildah' ? ['--type', 'image'] : []), id)
            expect(inspected).toMatch(/"[aA]rchitecture": "arm64"/)
          },
          timeoutMs,
        )
      }

      test(
        'a wrong password is refused at login, and without login nothing can be pushed',
        async () => {
          const { registry, folder, verify, run, attempt, login, signature } = await setUp()
          await using _ = folder
          const refused = await login('wrong')
          expect(refused.code).not.toBe(0)
          expect(refused.stderr).toMatch(/unauthorized|invalid username\/password/)
          await writeContext(join(folder.path, 'context'))
          await run('build', signature, '--isolation=chroot', '--no-cache', '-t', 'refused', 'context')
          const push = await attempt(
            'push',
            signature,
            ...verify,
            'refused',
            `docker://${registry.host}/${registry.newRepository()}:v1`,
          )
          expect(push.code).not.toBe(0)
          expect(push.stderr).toMatch(/unauthorized|authentication required|denied/)
        },
        timeoutMs,
      )
    },
    { needsRoot: true },
  )
}

/** Something to build an image from that no other test builds. */
async function writeContext(folder: string): Promise<void> {
  await mkdir(folder)
  await writeFile(join(folder, 'hello'), `${crypto.randomUUID()}\n`)
  await writeFile(join(folder, 'Containerfile'), 'FROM scratch\nCOPY hello /hello\nCMD ["/hello"]\n')
}
