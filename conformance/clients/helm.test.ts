import { expect, test } from 'bun:test'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand, tryCommand } from '../harness/command.ts'
import { describeClient } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'

const timeoutMs = 120_000

describeClient('helm', ['helm'], (scenario) => {
  const setUp = async () => {
    const { registry, programs } = scenario()
    const folder = await createTemporaryFolder()
    const transport = registry.authorityFile === undefined ? ['--plain-http'] : ['--ca-file', registry.authorityFile]
    const options = {
      cwd: folder.path,
      env: {
        HOME: folder.path,
        HELM_CACHE_HOME: join(folder.path, 'cache'),
        HELM_CONFIG_HOME: join(folder.path, 'config'),
        HELM_DATA_HOME: join(folder.path, 'data'),
      },
    }
    const helm = (...args: string[]) => runCommand([programs.helm, ...args], options)
    const login = (password: string) =>
      tryCommand(
        [programs.helm, 'registry', 'login', ...transport, '-u', registry.username, '--password-stdin', registry.host],
        {
          ...options,
          stdin: password,
        },
      )
    return { registry, folder, transport, helm, login }
  }

  test(
    'a chart is packed, pushed, shown and pulled with the same bytes',
    async () => {
      const { registry, folder, transport, helm, login } = await setUp()
      await using _ = folder
      expect(await login(registry.password)).toMatchObject({ code: 0 })
      await mkdir(join(folder.path, 'demo', 'templates'), { recursive: true })
      await writeFile(
        join(folder.path, 'demo', 'Chart.yaml'),
        'apiVersion: v2\nname: demo\nversion: 1.2.3+build.1\ndescription: a chart\n',
      )
      await writeFile(join(folder.path, 'demo', 'values.yaml'), `id: ${crypto.randomUUID()}\n`)
      await helm('package', 'demo')
      const there = `oci://${registry.host}/${registry.newRepository('charts')}`

      await helm('push', ...transport, 'demo-1.2.3+build.1.tgz', there)
      expect(await helm('show', 'chart', ...transport, `${there}/demo`, '--version', '1.2.3+build.1')).toContain(
        'a chart',
      )
      await helm('pull', ...transport, `${there}/demo`, '--version', '1.2.3+build.1', '--destination', 'cache')
      const packed = await Bun.file(join(folder.path, 'demo-1.2.3+build.1.tgz')).bytes()
      expect(await Bun.file(join(folder.path, 'cache', 'demo-1.2.3+build.1.tgz')).bytes()).toEqual(packed)
    },
    timeoutMs,
  )

  test(
    'a wrong password is refused at login',
    async () => {
      const { folder, login } = await setUp()
      await using _ = folder
      const refused = await login('wrong')
      expect(refused.code).not.toBe(0)
      expect(refused.stderr).toMatch(/unauthorized|401/i)
    },
    timeoutMs,
  )
})
