#!/usr/bin/env bun
import { runProgram } from './run-program.ts'

const args = process.argv.slice(2)

/** The parent of workers is small: it loads no more than it needs. */
const { composeProgram } = args[0]?.startsWith('serve')
  ? await import('./serve-program.ts')
  : await import('./program.ts')
process.exitCode = await runProgram(composeProgram(), args)
