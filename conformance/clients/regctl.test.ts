import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { runCommand, tryCommand } from '../harness/command.ts'
import { createIndex, createUniqueImage } from '../harness/image.ts'
import { switchOn } from '../harness/project-switch.ts'
import { describeClient } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { V2Client } from '../harness/v2-client.ts'

const timeoutMs = 120_000

describeClient('regctl', ['regctl'], (scenario) => {
  test(
    'one platform of an index is copied into a project that takes sparse indexes, and refused by another',
    async () => {
      const { registry, programs } = scenario()
      await using folder = await createTemporaryFolder()
      const env = { REGCTL_CONFIG: join(folder.path, 'regctl.json'), HOME: folder.path }
      const regctl = (...args: string[]) => runCommand([programs.regctl, ...args], { env })
      const trust =
        registry.authorityFile === undefined
          ? ['--tls', 'disabled']
          : ['--cacert', await Bun.file(registry.authorityFile).text()]
      await regctl('registry', 'set', '--skip-check', ...trust, registry.host)
      await regctl('registry', 'login', registry.host, '-u', registry.username, '-p', registry.password)
      const [whole, sparse] = [registry.newRepository(), registry.newRepository()]
      const index = createIndex([createUniqueImage('amd64'), createUniqueImage('arm64')])
      await new V2Client(registry).pushImage(whole, index, 'v1')
      const [from, to] = [`${registry.host}/${whole}:v1`, `${registry.host}/${sparse}:v1`]
      const copy = ['image', 'copy', '--platforms', 'linux/amd64', from, to]

      const refused = await tryCommand([programs.regctl, ...copy], { env })
      expect(refused.code).not.toBe(0)
      await switchOn(registry, 'sparse_indexes')
      await regctl(...copy)
      expect((await regctl('image', 'digest', to)).trim()).toBe(index.descriptor.digest)
      expect(await regctl('image', 'config', '--platform', 'linux/amd64', to)).toContain('amd64')
      const absent = await tryCommand([programs.regctl, 'image', 'config', '--platform', 'linux/arm64', to], { env })
      expect(absent.code).not.toBe(0)
    },
    timeoutMs,
  )
})
