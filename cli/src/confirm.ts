import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { CommandError } from './command-error.ts'

export function addConfirmFlag(command: Command): void {
  command.option('-y, --yes', 'do it without asking; needed where there is no terminal')
}

export function addDryRunFlag(command: Command, what = 'only say what would go'): void {
  command.option('--dry-run', what)
}

export const isDryRun = (flags: Readonly<Record<string, unknown>>): boolean => flags['dryRun'] === true

/**
 * Says what goes, and asks for a yes on a terminal.
 * @throws CommandError when the answer is another, or when there is nobody to ask and no `--yes`
 */
export async function confirm(whatGoes: string, flags: Readonly<Record<string, unknown>>): Promise<void> {
  if (flags['yes'] === true) return
  if (process.stdin.isTTY !== true) {
    throw new CommandError(`not done: ${whatGoes}`, { next: 'add --yes to do it without being asked', kind: 'usage' })
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const interrupted = new AbortController()
  terminal.on('SIGINT', () => interrupted.abort())
  try {
    const answer = await terminal.question(`${whatGoes}. Go on? [y/N] `, { signal: interrupted.signal })
    if (/^y(es)?$/i.test(answer.trim())) return
  } catch (error) {
    if (!interrupted.signal.aborted) throw error
    process.stderr.write('\n')
  } finally {
    terminal.close()
  }
  throw new CommandError('nothing was changed')
}
