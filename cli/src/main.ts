#!/usr/bin/env bun
// Before everything: in an executable the order of imports further in is not kept, and X.509 throws without it.
import 'reflect-metadata'
import { runProgram } from './run-program.ts'
import { endWithTheReader } from './standard-output.ts'

const args = process.argv.slice(2)

/** The parent of workers is small: it loads no more than it needs. */
const { composeProgram } = args[0]?.startsWith('serve')
  ? await import('./serve-program.ts')
  : await import('./program.ts')
endWithTheReader()
process.exitCode = await runProgram(composeProgram(), args)
