/** How a program ended that a scenario ran. */
export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  /** Added to the environment of the tests. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly stdin?: string
  readonly cwd?: string
  readonly timeoutMs?: number
}

const defaultTimeoutMs = 120_000

/** Runs a program to its end and says how it ended; killed after the time limit. */
export async function tryCommand(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const child = Bun.spawn([...command], {
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: new TextEncoder().encode(options.stdin ?? ''),
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: options.timeoutMs ?? defaultTimeoutMs,
    killSignal: 'SIGKILL',
  })
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { code, stdout, stderr }
}

/** As `tryCommand`; throws with everything the program said when it did not end well. Gives what it wrote. */
export async function runCommand(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await tryCommand(command, options)
  if (code !== 0) throw new Error(`${command.join(' ')}\nended with ${code}\n${stdout}\n${stderr}`)
  return stdout
}
