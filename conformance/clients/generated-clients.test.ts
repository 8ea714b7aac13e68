import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../harness/command.ts'
import { clientsFolder, findClient, skipLoudly } from '../harness/real-client.ts'
import { addProject, describeControlledScenario } from '../harness/scenario.ts'

const openApiTypescript = join(clientsFolder, 'openapi-typescript', 'node_modules', '.bin', 'openapi-typescript')
const openApiPython = join(clientsFolder, 'openapi-python-client', 'bin', 'openapi-python-client')
const oapiCodegen = findClient('oapi-codegen')
const go = Bun.which('go') ?? Bun.which('/usr/local/go/bin/go')
const tsc = join(import.meta.dir, '..', '..', 'node_modules', '.bin', 'tsc')

/** Reads projects with the generated types alone; a field that is misread does not compile. */
const typescriptProgram = `
import type { components, paths } from ${JSON.stringify('./api.ts')}
type Answer = paths['/projects']['get']['responses']['200']['content']['application/json']
const [url, authorization] = process.argv.slice(2) as [string, string]
const answer = await fetch(url + '/projects?page_size=1', { headers: { authorization } })
const projects = (await answer.json()) as Answer
const first: components['schemas']['Project'] | undefined = projects[0]
const created: string | undefined = first?.creation_time
console.log(JSON.stringify({ name: first?.name, created: created?.slice(0, 2) }))
// @ts-expect-error: no project has it
void first?.no_such_field
`

describeControlledScenario('clients that are generated from the description', (registry) => {
  let folder = ''
  const fetched = async (name: string) => {
    const file = join(folder, name)
    await writeFile(file, await (await fetch(`${registry().url}/api/v2.0/${name}`)).text())
    return file
  }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-generated-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  if (!existsSync(openApiTypescript)) skipLoudly('openapi-typescript', 'not on this machine: openapi-typescript')
  else
    test('in TypeScript compile, know the fields, and read what the registry answers', async () => {
      await addProject(registry())
      for (const [document, module] of [
        ['openapi.json', 'api.ts'],
        ['openapi-distribution.json', 'distribution.ts'],
      ] as const)
        await runCommand([openApiTypescript, await fetched(document), '-o', join(folder, module)])
      const program = join(folder, 'program.ts')
      await writeFile(program, typescriptProgram)
      await writeFile(join(folder, 'package.json'), '{"type":"module"}')
      const strict = [
        '--strict',
        '--noEmit',
        '--ignoreConfig',
        '--skipLibCheck',
        '--target',
        'esnext',
        '--module',
        'nodenext',
      ]
      const types = ['--types', 'bun', '--typeRoots', join(import.meta.dir, '..', '..', 'node_modules', '@types')]
      await runCommand([
        ...[tsc, ...strict, '--allowImportingTsExtensions', ...types],
        ...[program, join(folder, 'distribution.ts')],
      ])
      const { url, username, password } = registry()
      const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
      const stdout = await runCommand([process.execPath, program, `${url}/api/v2.0`, authorization])
      expect(JSON.parse(stdout)).toMatchObject({ name: expect.any(String), created: '20' })
    }, 120_000)

  if (!existsSync(openApiPython)) skipLoudly('openapi-python-client', 'not on this machine: openapi-python-client')
  else
    test('in Python have the operations and the things', async () => {
      const out = join(folder, 'python')
      const made = await runCommand([
        ...[openApiPython, 'generate', '--meta', 'none', '--path', await fetched('openapi.json')],
        ...['--output-path', out],
      ])
      expect(made).not.toMatch(/WARNING|Unable to/)
      const { username, password, url } = registry()
      const python = join(clientsFolder, 'openapi-python-client', 'bin', 'python')
      const program = [
        'import sys; sys.path.insert(0, sys.argv[1])',
        'import base64',
        'from python import AuthenticatedClient',
        'from python.api.project import list_projects',
        'token = base64.b64encode(f"{sys.argv[3]}:{sys.argv[4]}".encode()).decode()',
        'client = AuthenticatedClient(base_url=sys.argv[2], token=token, prefix="Basic")',
        'print(list_projects.sync(client=client)[0].creation_time.year)',
      ]
      const stdout = await runCommand([
        ...[python, '-c', program.join('\n'), folder, `${url}/api/v2.0`, username, password],
      ])
      expect(Number(stdout)).toBeGreaterThan(2000)
    }, 300_000)

  if (oapiCodegen === undefined || go === null) skipLoudly('oapi-codegen', 'not on this machine: oapi-codegen or Go')
  else
    test('in Go compile, and read what the registry answers', async () => {
      const module = join(folder, 'go-client')
      await cp(join(import.meta.dir, 'go-client'), module, { recursive: true })
      await mkdir(join(module, 'api'))
      const out = join(module, 'api', 'api.go')
      const document = await fetched('openapi.json')
      await runCommand([oapiCodegen, '-package', 'api', '-generate', 'types,client', '-o', out, document])
      const program = join(folder, 'go-program')
      await runCommand([go, 'build', '-buildvcs=false', '-o', program, '.'], { cwd: module, timeoutMs: 300_000 })
      const { url, username, password } = registry()
      expect(Number(await runCommand([program, `${url}/api/v2.0`, username, password]))).toBeGreaterThan(2000)
    }, 400_000)
})
