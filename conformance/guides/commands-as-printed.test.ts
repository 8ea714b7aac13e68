import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { large, render } from '../deploy/helm-chart.ts'
import { runCommand, tryCommand } from '../harness/command.ts'
import { createUniqueImage } from '../harness/image.ts'
import { clientsFolder, findClient, skipLoudly } from '../harness/real-client.ts'
import { startRegistry, type RegistryUnderTest } from '../harness/registry.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { V2Client } from '../harness/v2-client.ts'
import { blocksFor, environments, guideBlocks } from './guide-blocks.ts'

setDefaultTimeout(180_000)

const checkout = join(import.meta.dir, '..', '..')
const english = <Block extends { readonly file: string }>(blocks: readonly Block[]) =>
  blocks.filter(({ file }) => !file.includes('zh-CN'))

test('every block that is marked to be run names an environment that a test knows', () => {
  expect(guideBlocks.length).toBeGreaterThan(15)
  const known: readonly string[] = environments
  expect(guideBlocks.filter(({ environment }) => !known.includes(environment))).toEqual([])
})

skipLoudly('guides, blocks for docker and compose', 'they pull images of others, and there is no Docker Hub here')

const absent = ['helm', 'jq', 'kubernetes-check'].filter((name) => findClient(name) === undefined)
if (absent.length > 0) skipLoudly('guides, Kubernetes', `not on this machine: ${absent.join(', ')}`)
else {
  describe('on Kubernetes', () => {
    for (const { file, commands } of english(blocksFor('helm')))
      test(`the chart is packed and rendered as ${file} prints it`, async () => {
        await using folder = await createTemporaryFolder()
        await symlink(join(checkout, 'deploy'), join(folder.path, 'deploy'))
        const said = await run(commands, folder.path)
        expect(said).toMatchObject({ code: 0, stderr: '' })
        expect(said.stdout).toContain('registry.example.com/berth:')
      })

    for (const { file, commands } of english(blocksFor('kubernetes')))
      test(`the Job of ${file} makes a pod that an API server creates, with the settings of the registry`, async () => {
        await using folder = await createTemporaryFolder()
        const deployment = (await render(large)).only('Deployment')
        await writeFile(join(folder.path, 'deployment.json'), JSON.stringify(deployment))
        await writeFile(join(folder.path, 'kubectl'), kubectl, { mode: 0o755 })
        const said = await run(commands, folder.path)
        expect(said).toMatchObject({ code: 0 })
        const job = JSON.parse(await runCommand(['cat', join(folder.path, 'applied.json')]))
        const [container] = job.spec.template.spec.containers
        expect(container.args).toEqual(['restore', '--from', 's3://backups/registry'])
        expect(container.env).toEqual(deployment.spec.template.spec.containers[0].env)
        // The checker knows no Jobs: it judges the pod that the Job makes.
        const pod = { apiVersion: 'v1', kind: 'Pod', metadata: job.metadata, spec: job.spec.template.spec }
        expect(await tryCommand([findClient('kubernetes-check')!], { stdin: JSON.stringify(pod) })).toMatchObject({
          code: 0,
        })
      })
  })
}

/** Answers as the API server would, and keeps what was applied. */
const kubectl = `#!/bin/sh
here=$(dirname "$0")
case "$*" in
  *"get deployment"*) cat "$here/deployment.json" ;;
  apply*) cat > "$here/applied.json" ;;
esac
`

describe('on a registry', () => {
  test('calls of the API answer as they are printed', async () => {
    for (const { file, commands } of english(blocksFor('api'))) {
      await using registry = await startRegistry({ transport: 'https' })
      await pushTwo(registry)
      const failed: string[] = []
      for (const line of commandsOf(commands)) {
        const { code, stderr, stdout } = await run(
          withName(`${prelude(commands)}\n${line}`, registry),
          '/tmp',
          registry,
        )
        if (code !== 0) failed.push(`${file}: ${line}: ${stderr} ${stdout}`)
      }
      expect(failed).toEqual([])
    }
  })

  for (const [environment, program] of [
    ['chart-push', 'helm'],
    ['oras', 'oras'],
  ] as const) {
    if (findClient(program) === undefined) skipLoudly(`guides, ${program}`, `not on this machine: ${program}`)
    else
      test(`${program} pushes and pulls as it is printed`, async () => {
        for (const { commands } of english(blocksFor(environment))) {
          await using registry = await startRegistry({ transport: 'https' })
          await using folder = await createTemporaryFolder()
          await writeFile(join(folder.path, 'notes.txt'), 'notes')
          await runCommand(
            [
              'sh',
              '-ec',
              `${findClient('helm')} create app >/dev/null; sed -i 's/^version:.*/version: 1.0.0/' app/Chart.yaml; ${findClient('helm')} package app`,
            ],
            { cwd: folder.path },
          )
          const { host, username, password } = registry
          const login = environment === 'oras' ? `oras login ${host} -u ${username} -p ${password}\n` : ''
          const typed = commands.replace(
            'helm registry login registry.example.com',
            `helm registry login registry.example.com -u ${username} -p ${password}`,
          )
          const said = await run(login + withName(typed, registry), folder.path, registry)
          expect({ ...said }).toMatchObject({ code: 0 })
        }
      })
  }
})

/** `library/app` with the tag v1, and something to copy it to. */
async function pushTwo(registry: RegistryUnderTest): Promise<void> {
  const client = new V2Client(registry)
  await client.pushImage('library/app', createUniqueImage(), 'v1')
}

/** The lines that set a name, which each call needs. */
const prelude = (commands: string): string =>
  commands
    .split('\n')
    .filter((line) => /^\w+=/.test(line))
    .join('\n')

/** Calls, one by one: curl ends with 0 whatever the registry answers, so each is asked to fail. */
const commandsOf = (commands: string): readonly string[] =>
  commands
    .split(/\n(?=curl)/)
    .map((part) => part.replaceAll(/^\w+=.*\n?/gm, ''))
    .filter((part) => part.startsWith('curl'))
    .map((part) => part.replace(/^curl /, 'curl --silent --show-error --fail-with-body '))

const withName = (commands: string, { host, url, password }: RegistryUnderTest): string =>
  commands
    .replaceAll('https://registry.example.com', url)
    .replaceAll('registry.example.com', host)
    .replaceAll('--fail-with-body -u admin ', `--fail-with-body -u admin:${password} `)

async function run(commands: string, folder: string, registry?: RegistryUnderTest) {
  const authority = registry?.authorityFile
  return await tryCommand(['bash', '-ec', commands], {
    cwd: folder,
    env: {
      HOME: folder,
      PATH: [folder, clientsFolder, process.env['PATH']].join(':'),
      ...(authority === undefined ? {} : { CURL_CA_BUNDLE: authority, SSL_CERT_FILE: authority }),
    },
  })
}
