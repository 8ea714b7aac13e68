#!/usr/bin/env bun
import { runProgram } from './run-program.ts'
import { endWithTheReader } from './standard-output.ts'

const args = process.argv.slice(2)

/** The parent of workers is small: it loads no more than it needs. */
const { composeProgram } = args[0]?.startsWith('serve')
  ? await import('./serve-program.ts')
  : await import('./program.ts')
endWithTheReader()
process.exitCode = await runProgram(composeProgram(), args)
