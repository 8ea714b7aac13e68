import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { tryCommand } from '../harness/command.ts'
import { createUniqueImage } from '../harness/image.ts'
import { clientsFolder, findClient, skipLoudly } from '../harness/real-client.ts'
import { transportsUnderTest } from '../harness/registry.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, type ConsoleScenario } from './browser.ts'

const timeoutMs = 170_000
/** Not loopback, for which several clients have rules of their own. */
const address =
  Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.internal === false && each.family === 'IPv4')?.address ?? '127.0.0.1'
const chartFile = 'apiVersion: v2\nname: demo\nversion: 1.2.3\ndescription: a chart\n'

/** A person's machine: a home, a shell, and `sudo` that asks for nothing. */
class Terminal implements AsyncDisposable {
  readonly #folder: Awaited<ReturnType<typeof createTemporaryFolder>>
  #containerd: Bun.Subprocess | undefined

  private constructor(folder: Awaited<ReturnType<typeof createTemporaryFolder>>) {
    this.#folder = folder
  }

  static async open(): Promise<Terminal> {
    const folder = await createTemporaryFolder()
    const path = (name: string) => join(folder.path, name)
    await mkdir(path('bin'))
    await writeFile(path('bin/sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 })
    await writeFile(
      path('storage.conf'),
      `[storage]\ndriver = "vfs"\ngraphroot = "${path('images')}"\nrunroot = "${path('run')}"\n`,
    )
    return new Terminal(folder)
  }

  get path(): string {
    return this.#folder.path
  }

  get #env(): Record<string, string> {
    const at = (name: string) => join(this.path, name)
    return {
      HOME: this.path,
      XDG_RUNTIME_DIR: this.path,
      PATH: [at('bin'), clientsFolder, process.env['PATH'], '/usr/sbin', '/sbin'].join(':'),
      CONTAINERS_STORAGE_CONF: at('storage.conf'),
      CONTAINERD_ADDRESS: at('containerd.sock'),
      CONTAINERD_SNAPSHOTTER: 'native',
    }
  }

  /** Runs commands as they stand on the page; `typed` is answered to what asks at the terminal. */
  async run(commands: string, typed = ''): Promise<{ readonly code: number; readonly said: string }> {
    const script = join(this.path, `${crypto.randomUUID()}.sh`)
    await writeFile(script, `set -e\n${commands}\n`)
    // Passwords are read from a terminal, so there must be one.
    const command = ['script', '-qec', `sh ${script}`, '/dev/null']
    const { code, stdout, stderr } = await tryCommand(command, {
      cwd: this.path,
      env: this.#env,
      stdin: typed,
      timeoutMs: 60_000,
    })
    return { code, said: stdout + stderr }
  }

  async startContainerd(program: string): Promise<void> {
    const config = join(this.path, 'containerd.toml')
    await writeFile(
      config,
      `version = 2
root = "${this.path}/containerd"
state = "${this.path}/containerd-state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.internal.v1.opt"]
[grpc]
  address = "${this.path}/containerd.sock"
`,
    )
    this.#containerd = Bun.spawn([program, '--config', config], { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' })
    for (let attempt = 0; attempt < 100; attempt += 1) {
      if ((await tryCommand(['ctr', 'version'], { env: this.#env })).code === 0) return
      await Bun.sleep(100)
    }
    throw new Error('containerd did not start')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#containerd?.kill('SIGTERM')
    await this.#containerd?.exited
    await this.#folder[Symbol.asyncDispose]()
  }
}

/** Chromium does not obey this header where there is no TLS, and says so. */
const coop = /Cross-Origin-Opener-Policy/

/** The commands of a page by the name of their tab. */
async function commandsOn(page: Page): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const list = page.getByRole('tablist').first()
  for (const tab of await list.getByRole('tab').all()) {
    await tab.click()
    const panel = page.locator(`[id="${await tab.getAttribute('aria-controls')}"]`)
    found.set(await tab.innerText(), await panel.locator('pre').first().innerText())
  }
  return found
}

async function commandsAt(scenario: ConsoleScenario, path: string): Promise<Map<string, string>> {
  let found = new Map<string, string>()
  await scenario.visit({ as: scenario.administrator }, async ({ page, open, tolerate }) => {
    tolerate(coop)
    await open(path)
    await page.getByRole('tab').first().waitFor()
    found = await commandsOn(page)
  })
  return found
}

/** The password, for everything that asks for it, and the end of the input. */
const answers = ({ administrator }: ConsoleScenario) => `${administrator.password}\n`

for (const transport of transportsUnderTest())
  describeConsole(
    `commands run as they are shown, over ${transport} from a private project`,
    (scenario) => {
      let terminal: Terminal
      const project = 'payments'

      beforeAll(async () => {
        const { registry, administrator } = scenario()
        terminal = await Terminal.open()
        // What the page tells the reader to download first.
        if (registry.authorityFile !== undefined)
          await copyFile(registry.authorityFile, join(terminal.path, 'berth-ca.crt'))
        const made = await fetch(`${registry.url}/api/v2.0/projects`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            authorization: `Basic ${btoa(`${administrator.username}:${administrator.password}`)}`,
          },
          body: JSON.stringify({ project_name: project }),
          tls: { rejectUnauthorized: false },
        })
        expect(made.status).toBe(201)
        await new V2Client(registry).pushImage(`${project}/gateway`, createUniqueImage(), 'v1')
      }, 60_000)
      afterAll(async () => await terminal?.[Symbol.asyncDispose]())

      const expectDone = async (commands: string | undefined) => {
        const { code, said } = await terminal.run(commands ?? 'false', answers(scenario()))
        expect({ commands, code, said: code === 0 ? '' : said }).toEqual({ commands, code: 0, said: '' })
      }

      for (const [tab, program] of [
        ['podman', 'podman'],
        ['skopeo', 'skopeo'],
        ['crane', 'crane'],
      ] as const)
        withClients(`${tab} pulls an image`, [program], async () => {
          const commands = await commandsAt(scenario(), `/projects/${project}/repositories/gateway/artifacts/v1`)
          await expectDone(commands.get(tab))
        })

      withClients('containerd pulls an image', ['containerd', 'ctr'], async (_, containerd) => {
        await terminal.startContainerd(containerd)
        const commands = await commandsAt(scenario(), `/projects/${project}/repositories/gateway/artifacts/v1`)
        await expectDone(commands.get('containerd'))
      })

      withClients('Helm pushes a chart and pulls it', ['helm'], async () => {
        await mkdir(join(terminal.path, 'demo'))
        await writeFile(join(terminal.path, 'demo', 'Chart.yaml'), chartFile)
        await expectDone('helm package demo')
        const push = await pushCommands(scenario(), project)
        await expectDone(push.get('helm')?.replace('my-chart-1.0.0.tgz', 'demo-1.2.3.tgz'))
        await expectDone('rm demo-1.2.3.tgz')
        const pull = await commandsAt(scenario(), `/projects/${project}/repositories/demo/artifacts/1.2.3`)
        await expectDone(pull.get('helm'))
        expect(await readdir(terminal.path)).toContain('demo-1.2.3.tgz')
      })

      withClients('oras pushes a file and pulls it into a folder of its own', ['oras'], async () => {
        await writeFile(join(terminal.path, 'file.txt'), 'mine')
        const push = await pushCommands(scenario(), project)
        await expectDone(push.get('oras'))
        await writeFile(join(terminal.path, 'file.txt'), 'changed since')
        const pull = await commandsAt(scenario(), `/projects/${project}/repositories/my-file/artifacts/v1`)
        await expectDone(pull.get('oras'))
        expect(await Bun.file(join(terminal.path, 'file.txt')).text()).toBe('changed since')
        expect(await Bun.file(join(terminal.path, 'my-file', 'file.txt')).text()).toBe('mine')
      })

      withClients('podman pushes an image', ['podman'], async () => {
        const pull = await commandsAt(scenario(), `/projects/${project}/repositories/gateway/artifacts/v1`)
        const name = pull.get('podman')?.split(' ').at(-1) ?? ''
        const push = await pushCommands(scenario(), project)
        await expectDone(`${pull.get('podman')}\npodman tag ${name} my-image`)
        await expectDone(push.get('podman'))
      })
    },
    { transport, listenHost: address },
  )

/** A test for a machine that has the programs; the first path of them is given last. */
function withClients(
  title: string,
  programs: readonly string[],
  body: (names: readonly string[], first: string) => Promise<void>,
): void {
  const missing = [...programs, 'script'].filter((name) => findClient(name) === undefined)
  if (missing.length > 0) return skipLoudly(title, `not on this machine: ${missing.join(', ')}`)
  describe(title, () => {
    test('as the page shows it', async () => await body(programs, findClient(programs[0]!)!), timeoutMs)
  })
}

/** The commands of a project that push into it. */
async function pushCommands(scenario: ConsoleScenario, project: string): Promise<Map<string, string>> {
  let found = new Map<string, string>()
  await scenario.visit({ as: scenario.administrator }, async ({ page, open, tolerate }) => {
    tolerate(coop)
    await open(`/projects/${project}`)
    await page.getByRole('button', { name: 'Push commands' }).click()
    await page.getByRole('dialog').getByRole('tab').first().waitFor()
    found = await commandsOn(page)
  })
  return found
}
