import { spawnSync } from 'node:child_process'

export interface ToolOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a program of the system and gives its output. @throws Error with its messages when it fails */
export function runTool(command: readonly [string, ...string[]], { cwd, env }: ToolOptions = {}): string {
  const [file, ...args] = command
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, ...env, LC_ALL: 'C', TZ: 'UTC' },
  })
  if (error) throw new Error(`${file} could not be started (${error.message}). On Debian: ${packages[file] ?? file}`)
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}:\n${stderr || stdout}`)
  return stdout
}

const packages: Readonly<Record<string, string>> = {
  'dpkg-deb': 'apt-get install dpkg',
  rpmbuild: 'apt-get install rpm',
  'apt-get': 'the image is put together from packages of Debian, so this must be a Debian machine',
}

/** True when the program is there. */
export const hasTool = (name: string): boolean => Bun.which(name) !== null
