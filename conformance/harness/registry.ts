import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { runCommand, tryCommand, type CommandResult } from './command.ts'
import { createCertificate } from './private-authority.ts'
import { createTemporaryFolder } from './temporary-folder.ts'

export type Transport = 'http' | 'https'

/** The registry that scenarios speak to, with an account that may push to and delete from any repository they name. */
export interface RegistryUnderTest extends AsyncDisposable {
  readonly transport: Transport
  /** `host:port`, as it stands in the name of an image. */
  readonly host: string
  /** Without a slash at its end. */
  readonly url: string
  readonly username: string
  readonly password: string
  /** PEM file of the authority that signed the certificate; undefined over plain HTTP. */
  readonly authorityFile: string | undefined
  /** What only whoever started the registry can do; undefined for one that runs elsewhere. */
  readonly control: RegistryControl | undefined
  /** A repository that nobody used before, in a project that exists. */
  newRepository(hint?: string): string
}

export interface RegistryControl {
  /** Where its data lies. */
  readonly dataFolder: string
  /** Runs `berth …` on its data, and gives what it wrote. */
  berth(args: readonly string[], stdin?: string): Promise<string>
  /** As `berth`, and says how it ended; with `env` besides the settings of the registry. */
  tryBerth(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CommandResult>
  /** Its process, as it is now. */
  pid(): number
  /** What the process has written so far, standard output first. */
  said(): Promise<string>
  /**
   * Ends the process (SIGKILL: as a crash would), if it still runs, and starts another on the same data and port, with
   * `env` besides the settings it was started with first.
   */
  restart(signal: 'SIGTERM' | 'SIGKILL', env?: Readonly<Record<string, string>>): Promise<void>
  /** The signal that the process died of; waits until it is dead. */
  death(): Promise<Bun.Subprocess['signalCode']>
}

export interface StartOptions {
  readonly transport?: Transport
  readonly env?: Readonly<Record<string, string>>
  /** Flags of `berth serve`. */
  readonly flags?: readonly string[]
  /** Put before the command, as in `nsenter … --`; the address to listen on then is `listenHost`. */
  readonly prefix?: readonly string[]
  readonly listenHost?: string
}

const readyWithinMs = 20_000
const checkout = join(import.meta.dir, '..', '..')

/**
 * Settings of a registry that runs already: BERTH_CONFORMANCE_URL, and, where they differ from the defaults,
 * BERTH_CONFORMANCE_USERNAME, _PASSWORD, _PROJECT and _CA (PEM file).
 */
function findRunningRegistry(): RegistryUnderTest | undefined {
  const url = process.env['BERTH_CONFORMANCE_URL']?.replace(/\/+$/, '')
  if (url === undefined || url === '') return undefined
  return {
    transport: url.startsWith('https:') ? 'https' : 'http',
    host: new URL(url).host,
    url,
    username: process.env['BERTH_CONFORMANCE_USERNAME'] ?? 'admin',
    password: process.env['BERTH_CONFORMANCE_PASSWORD'] ?? 'Harbor12345',
    authorityFile: process.env['BERTH_CONFORMANCE_CA'],
    control: undefined,
    newRepository,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** The transports that can be tested: both, or that of the registry that runs already. */
export function transportsUnderTest(): readonly Transport[] {
  const running = findRunningRegistry()
  if (running === undefined) return ['http', 'https']
  console.error(`conformance: only ${running.transport} is tested, because BERTH_CONFORMANCE_URL is set`)
  return [running.transport]
}

/** Starts the registry of this checkout on a free port with empty data, or gives the one that runs already. */
export async function startRegistry(options: StartOptions = {}): Promise<RegistryUnderTest> {
  const running = findRunningRegistry()
  if (running !== undefined) return running

  const { transport = 'http', env = {}, flags = [], prefix = [], listenHost = '127.0.0.1' } = options
  await using cleanup = new AsyncDisposableStack()
  const folder = cleanup.use(await createTemporaryFolder())
  const certificate =
    transport === 'https' ? await createCertificate(folder.path, { addresses: [listenHost] }) : undefined
  const port = await findFreePort()
  const workers = env['BERTH_WORKERS'] ?? process.env['BERTH_CONFORMANCE_WORKERS'] ?? '1'
  const password = randomBytes(12).toString('base64url')
  const dataFolder = join(folder.path, 'data')

  const program = [process.execPath, join(checkout, 'cli', 'src', 'main.ts')]
  const settings = {
    ...withoutBerthSettings(process.env),
    BERTH_DATA_FOLDER: dataFolder,
    BERTH_ADMIN_PASSWORD: password,
    BERTH_WORKERS: workers,
    ...listenSettings(listenHost, port, certificate),
    ...env,
  }
  const url = `${transport}://${listenHost}:${port}`
  const start = async (more: Readonly<Record<string, string>> = {}) => {
    const logs = ['stdout', 'stderr'].map((name) => join(folder.path, `${name}-${crypto.randomUUID()}.log`))
    const [stdout = '', stderr = ''] = logs
    const child = Bun.spawn([...prefix, ...program, 'serve', ...flags], {
      cwd: folder.path,
      env: { ...settings, ...more },
      stdin: 'ignore',
      stdout: Bun.file(stdout),
      stderr: Bun.file(stderr),
      // Workers are a group of their own: a crash of the machine ends them with their parent.
      detached: true,
    })
    const said = async (): Promise<string> => (await Promise.all(logs.map((log) => Bun.file(log).text()))).join('\n')
    try {
      await waitUntilReady(url, { child, prefix, said })
    } catch (error) {
      await end(child, 'SIGKILL')
      throw error
    }
    return { child, said }
  }
  let serving = await start()
  cleanup.defer(() => end(serving.child, 'SIGTERM'))
  const owned = cleanup.move()
  return {
    transport,
    host: `${listenHost}:${port}`,
    url,
    username: 'admin',
    password,
    authorityFile: certificate?.authorityFile,
    newRepository,
    control: {
      dataFolder,
      berth: (args, stdin) =>
        runCommand([...program, ...args], { cwd: folder.path, env: settings, stdin: stdin ?? '' }),
      tryBerth: (args, more = {}) =>
        tryCommand([...program, ...args], { cwd: folder.path, env: { ...settings, ...more } }),
      pid: () => serving.child.pid,
      said: () => serving.said(),
      async restart(signal, more) {
        await end(serving.child, signal)
        serving = await start(more)
      },
      async death() {
        if (workers !== '1') return await deathOfWorker(serving)
        await serving.child.exited
        return serving.child.signalCode
      },
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Ends a process and waits for it; with SIGKILL when it does not follow. */
async function end(child: Bun.Subprocess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const killAll = () => {
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // all have ended
    }
  }
  if (signal === 'SIGKILL') killAll()
  else child.kill(signal)
  const killer = setTimeout(killAll, 15_000)
  await child.exited
  clearTimeout(killer)
  killAll()
}

/** The signal that a worker died of, as its parent says; the parent goes on. */
async function deathOfWorker({ child, said }: { child: Bun.Subprocess; said: () => Promise<string> }) {
  while (child.exitCode === null) {
    const line = (await said()).split('\n').find((text) => text.includes('a worker has ended'))
    if (line !== undefined) return (JSON.parse(line) as { signal: Bun.Subprocess['signalCode'] }).signal
    await Bun.sleep(20)
  }
  return child.signalCode
}

let repositories = 0

function newRepository(hint = 'app'): string {
  repositories += 1
  const project = process.env['BERTH_CONFORMANCE_PROJECT'] ?? 'library'
  return `${project}/conformance-${randomBytes(4).toString('hex')}-${repositories}/${hint}`
}

function listenSettings(
  host: string,
  port: number,
  certificate: { certificateFile: string; privateKeyFile: string } | undefined,
): Record<string, string> {
  if (certificate === undefined) return { BERTH_HTTP_HOST: host, BERTH_HTTP_PORT: String(port) }
  return {
    BERTH_HTTPS_HOST: host,
    BERTH_HTTPS_PORT: String(port),
    BERTH_HTTPS_CERTIFICATE: certificate.certificateFile,
    BERTH_HTTPS_PRIVATE_KEY: certificate.privateKeyFile,
  }
}

/** What the developer has set for their own registry must not reach the one under test. */
function withoutBerthSettings(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('BERTH_')))
}

interface Waiting {
  readonly child: Bun.Subprocess
  readonly prefix: readonly string[]
  readonly said: () => Promise<string>
}

async function waitUntilReady(url: string, { child, prefix, said }: Waiting): Promise<void> {
  const deadline = performance.now() + readyWithinMs
  while (performance.now() < deadline) {
    if (child.exitCode !== null)
      throw new Error(`the registry ended with ${child.exitCode} instead of starting\n${await said()}`)
    if (prefix.length === 0 ? await answersReady(url) : (await said()).includes(url)) return
    await Bun.sleep(50)
  }
  throw new Error(`the registry was not ready after ${readyWithinMs} ms\n${await said()}`)
}

async function answersReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/ready`, { tls: { rejectUnauthorized: false } })
    return response.status === 200
  } catch {
    return false // nobody listens yet
  }
}

export async function findFreePort(): Promise<number> {
  const server = createServer()
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') reject(new Error('no port'))
      else resolve(address.port)
    })
  })
  await new Promise((resolve) => server.close(resolve))
  return port
}
