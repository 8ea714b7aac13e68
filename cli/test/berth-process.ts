import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const fromSource = [process.execPath, join(root, 'cli/src/main.ts')]

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface BerthOptions {
  readonly cwd: string
  /** How berth is called; default: this source tree. */
  readonly command?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Where it says that it is alive; default: /health on its plain port. */
  readonly healthUrl?: string
}

/** Runs one command of berth to its end, with nothing of our own environment but PATH, and `stdin` to read. */
export async function berth(
  args: readonly string[],
  { cwd, command = fromSource, env = {}, stdin = '' }: BerthOptions & { readonly stdin?: string },
): Promise<Finished> {
  const child = Bun.spawn([...command, ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdin: Buffer.from(stdin),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { code, stdout, stderr }
}

export interface Serving extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Everything it has written so far, both streams. */
  output(): string
  /** Sends a signal and goes on. */
  signal(signal: NodeJS.Signals): void
  /** Resolves when it has written these words. */
  says(words: string): Promise<void>
  /** Resolves when it has ended, however it came to that. */
  ended(): Promise<void>
  /** Sends SIGTERM and waits for the end. */
  stop(): Promise<number>
}

/** Starts `berth serve` and waits until it answers. */
export async function serve(
  args: readonly string[],
  { cwd, command = fromSource, env = {}, healthUrl }: BerthOptions,
): Promise<Serving> {
  const port = await freePort()
  const child = Bun.spawn([...command, 'serve', '--host', '127.0.0.1', '--port', String(port), ...args], {
    cwd,
    // One process, unless a test is about several.
    env: { PATH: process.env['PATH'] ?? '', BERTH_WORKERS: '1', ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  let output = ''
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    for await (const chunk of stream) output += new TextDecoder().decode(chunk)
  }
  const collected = Promise.all([collect(child.stdout), collect(child.stderr)])
  const url = `http://127.0.0.1:${port}`
  for (const deadline = Date.now() + 20_000; !(await answers(healthUrl ?? `${url}/health`)); await Bun.sleep(20)) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL')
      await collected
      throw new Error(`berth serve did not start: ${output}`)
    }
  }
  const stop = async () => {
    child.kill('SIGTERM')
    const code = await child.exited
    await collected
    return code
  }
  const says = async (words: string) => {
    while (!output.includes(words)) {
      if (child.exitCode !== null) throw new Error(`it ended without saying "${words}": ${output}`)
      await Bun.sleep(10)
    }
  }
  const ended = async () => void (await Promise.all([child.exited, collected]))
  const signal = (name: NodeJS.Signals) => child.kill(name)
  return {
    url,
    port,
    output: () => output,
    signal,
    says,
    ended,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { tls: { rejectUnauthorized: false } })).ok
  } catch {
    return false
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** A token for the administrator of a fresh registry. */
export async function adminToken(url: string, repository: string): Promise<string> {
  const basic = Buffer.from('admin:Harbor12345').toString('base64')
  const answer = await fetch(`${url}/service/token?service=harbor-registry&scope=repository:${repository}:pull,push`, {
    headers: { authorization: `Basic ${basic}` },
  })
  return ((await answer.json()) as { token: string }).token
}
