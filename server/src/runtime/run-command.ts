import { execFile } from 'node:child_process'

const deadlineMs = 30_000
const maxOutputBytes = 1 << 20

/** A command ended badly, or not at all. What it printed on standard output is never in here. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
}

/**
 * Runs a command that the operator configured, gives it `input`, and returns what it printed on standard output.
 * @throws CommandFailed with its exit code and the end of its standard error
 */
export async function runCommand(
  command: string,
  { args = [], input = '' }: { readonly args?: readonly string[]; readonly input?: string | Uint8Array } = {},
): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    // `$0` and `$@` of the shell: arguments are never parsed as a part of the command.
    const child = execFile(
      '/bin/sh',
      ['-c', args.length === 0 ? command : `${command} "$@"`, 'sh', ...args],
      { encoding: 'buffer', timeout: deadlineMs, maxBuffer: maxOutputBytes, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout)
        const said = stderr.toString('utf8').trim().slice(-500)
        const why =
          error.killed === true ? `it took longer than ${deadlineMs / 1_000} s` : `it ended with ${error.code}`
        reject(new CommandFailed(said === '' ? why : `${why}: ${said}`))
      },
    )
    child.stdin?.on('error', () => {}) // a command need not read
    child.stdin?.end(input)
  })
}
