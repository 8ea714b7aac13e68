import type { Command } from 'commander'
import type { Finished } from './berth-process.ts'
import { composeProgram } from '../src/program.ts'
import { runProgram } from '../src/run-program.ts'

/** Runs one command line in this process: commands by the dozen need no process each. */
export async function commandLine(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const written = { stdout: '', stderr: '' }
  const [log, error, write] = [console.log, console.error, process.stdout.write.bind(process.stdout)]
  const before = { ...process.env }
  console.log = (text: unknown) => void (written.stdout += `${String(text)}\n`)
  console.error = (text: unknown) => void (written.stderr += `${String(text)}\n`)
  process.stdout.write = (piece: Uint8Array | string) => {
    written.stdout += typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8')
    return true
  }
  Object.assign(process.env, env)
  process.exitCode = 0
  try {
    const code = await runProgram(composeProgram(), args)
    return { code, ...written }
  } finally {
    for (const name of Object.keys(env)) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
    process.exitCode = 0
    Object.assign(console, { log, error })
    process.stdout.write = write
  }
}

/** Every command with what it does itself, by its words: `project member add`. */
export function commandsOf(program: Command = composeProgram(), words: readonly string[] = []): Map<string, Command> {
  const found = new Map<string, Command>()
  for (const command of program.commands) {
    const path = [...words, command.name()]
    if (command.commands.length === 0 || command.options.length > 0) found.set(path.join(' '), command)
    for (const [name, below] of commandsOf(command, path)) found.set(name, below)
  }
  return found
}
