import type { Command } from 'commander'
import { registerServeCommand } from './commands/serve.ts'
import { composeBareProgram } from './run-program.ts'

/** `berth serve` alone. */
export function composeProgram(): Command {
  const program = composeBareProgram()
  registerServeCommand(program)
  return program
}
