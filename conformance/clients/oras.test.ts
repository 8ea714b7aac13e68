import { expect, test } from 'bun:test'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand, tryCommand } from '../harness/command.ts'
import { createUniqueImage, writeLayout } from '../harness/image.ts'
import { describeClient } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'

const timeoutMs = 120_000
const sbomType = 'application/vnd.example.sbom.v1'
const signatureType = 'application/vnd.example.signature.v1'

interface Referrers {
  readonly referrers?: readonly { readonly artifactType: string; readonly digest: string }[]
}

describeClient('oras', ['oras'], (scenario) => {
  const setUp = async () => {
    const { registry, programs } = scenario()
    const folder = await createTemporaryFolder()
    const authFile = join(folder.path, 'auth.json')
    const transport = registry.authorityFile === undefined ? ['--plain-http'] : ['--ca-file', registry.authorityFile]
    const options = { cwd: folder.path, env: { DOCKER_CONFIG: folder.path } }
    const flags = [...transport, '--registry-config', authFile]
    const oras = (verb: string[], ...args: string[]) => runCommand([programs.oras, ...verb, ...flags, ...args], options)
    const attempt = (verb: string[], ...args: string[]) =>
      tryCommand([programs.oras, ...verb, ...flags, ...args], options)
    const login = (password: string) =>
      tryCommand([programs.oras, 'login', ...flags, '-u', registry.username, '--password-stdin', registry.host], {
        ...options,
        stdin: password,
      })
    return { registry, folder, transport, authFile, oras, attempt, login, options, program: programs.oras }
  }

  test(
    'files are pushed as an artifact and pulled with the same bytes',
    async () => {
      const { registry, folder, oras, login } = await setUp()
      await using _ = folder
      expect((await login(registry.password)).code).toBe(0)
      const there = `${registry.host}/${registry.newRepository()}:v1`
      const content = crypto.randomUUID()
      await writeFile(join(folder.path, 'file.txt'), content)
      await oras(['push'], '--artifact-type', sbomType, '--annotation', 'org.example.a=b', there, 'file.txt:text/plain')

      await oras(['pull'], '--output', 'out', there)
      expect(await Bun.file(join(folder.path, 'out', 'file.txt')).text()).toBe(content)
      expect(JSON.parse(await oras(['manifest', 'fetch'], there))).toMatchObject({
        artifactType: sbomType,
        annotations: { 'org.example.a': 'b' },
      })
    },
    timeoutMs,
  )

  test(
    'what is attached to an image is found from it, by type too, and copied with it',
    async () => {
      const { registry, folder, oras, login, transport, authFile, options, program } = await setUp()
      await using _ = folder
      await login(registry.password)
      const image = createUniqueImage()
      await writeLayout(join(folder.path, 'layout'), image, 'v1')
      const there = `${registry.host}/${registry.newRepository()}:v1`
      const side = (name: 'from' | 'to') => [
        ...(transport[0] === '--plain-http' ? [`--${name}-plain-http`] : [`--${name}-ca-file`, transport[1] ?? '']),
        `--${name}-registry-config`,
        authFile,
      ]
      await runCommand([program, 'cp', '--from-oci-layout', ...side('to'), 'layout:v1', there], options)
      await writeFile(join(folder.path, 'sbom.json'), '{}')
      await writeFile(join(folder.path, 'signature'), crypto.randomUUID())
      await oras(['attach'], '--artifact-type', sbomType, there, 'sbom.json:application/json')
      await oras(['attach'], '--artifact-type', signatureType, there, 'signature:application/octet-stream')

      const discover = async (name: string, ...args: string[]) =>
        (JSON.parse(await oras(['discover'], '--format', 'json', ...args, name)) as Referrers).referrers ?? []
      const all = await discover(there)
      expect(all.map(({ artifactType }) => artifactType).toSorted()).toEqual([sbomType, signatureType])
      const some = await discover(there, '--artifact-type', signatureType)
      expect(some.map(({ artifactType }) => artifactType)).toEqual([signatureType])

      const copy = `${registry.host}/${registry.newRepository()}:copied`
      await runCommand([program, 'cp', '--recursive', ...side('from'), ...side('to'), there, copy], options)
      expect((await discover(copy)).map(({ digest }) => digest).toSorted()).toEqual(
        all.map(({ digest }) => digest).toSorted(),
      )
    },
    timeoutMs,
  )

  test(
    'blobs, tags and manifests are handled one by one',
    async () => {
      const { registry, folder, oras, attempt, login } = await setUp()
      await using _ = folder
      await login(registry.password)
      const repository = `${registry.host}/${registry.newRepository()}`
      await writeFile(join(folder.path, 'file.txt'), crypto.randomUUID())
      await oras(['push'], `${repository}:v1`, 'file.txt:text/plain')
      await oras(['tag'], `${repository}:v1`, 'v2', 'v3')
      expect((await oras(['repo', 'tags'], repository)).trim().split('\n')).toEqual(['v1', 'v2', 'v3'])

      await writeFile(join(folder.path, 'blob'), crypto.randomUUID())
      const pushed = JSON.parse(await oras(['blob', 'push'], '--descriptor', repository, 'blob')) as { digest: string }
      const fetched = await oras(['blob', 'fetch'], '--output', '-', `${repository}@${pushed.digest}`)
      expect(fetched).toBe(await Bun.file(join(folder.path, 'blob')).text())

      await oras(['manifest', 'delete'], '--force', `${repository}:v1`)
      expect((await attempt(['manifest', 'fetch'], `${repository}:v2`)).stderr).toMatch(/not found|MANIFEST_UNKNOWN/i)
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
