import { expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { runCommand } from '../harness/command.ts'
import { createImage, writeLayout } from '../harness/image.ts'
import { describeClient } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'

const timeoutMs = 120_000

describeClient('several clients', ['crane', 'skopeo'], (scenario) => {
  for (const where of ['to one repository', 'to different repositories']) {
    test(
      `push the same new layer ${where} at the same time, and each finds it whole`,
      async () => {
        const { registry, programs } = scenario()
        await using folder = await createTemporaryFolder()
        const image = createImage({ layers: [[{ path: 'random', content: randomBytes(20_000_000) }]] })
        const layout = join(folder.path, 'layout')
        await writeLayout(layout, image, 'v1')
        const env = {
          DOCKER_CONFIG: folder.path,
          REGISTRY_AUTH_FILE: join(folder.path, 'auth.json'),
          SSL_CERT_FILE: registry.authorityFile,
        }
        const credentials = `${registry.username}:${registry.password}`
        const login = [programs.crane, 'auth', 'login', registry.host, '-u', registry.username, '--password-stdin']
        await runCommand(login, { env, stdin: registry.password })
        const verify = registry.authorityFile === undefined ? ['--dest-tls-verify=false'] : []
        const shared = registry.newRepository()
        const pushes = Array.from({ length: 8 }, async (_, at) => {
          const name = `${registry.host}/${where === 'to one repository' ? shared : registry.newRepository()}:push-${at}`
          const skopeo = [programs.skopeo, '--insecure-policy', 'copy', ...verify, '--dest-creds', credentials]
          if (at % 2 === 0) await runCommand([programs.crane, 'push', layout, name], { env })
          else await runCommand([...skopeo, `oci:${layout}:v1`, `docker://${name}`], { env })
          return name
        })
        for (const name of await Promise.all(pushes)) {
          expect((await runCommand([programs.crane, 'digest', name], { env })).trim()).toBe(image.descriptor.digest)
          await runCommand([programs.crane, 'validate', '--remote', name], { env })
        }
      },
      timeoutMs,
    )
  }
})
