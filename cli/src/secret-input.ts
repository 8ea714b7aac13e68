import type { Command } from 'commander'
import { CommandError } from './command-error.ts'

/** Secrets never stand on the command line, where `ps` and the shell's history show them. */
export function addPasswordFlag(command: Command): void {
  command.option('--password-stdin', 'read the password from standard input (its first line)')
}

/**
 * A password that is known already: from standard input when asked to, else from the terminal, not shown.
 * @throws CommandError when there is no terminal, or when nothing was given
 */
export async function readPassword(flags: Readonly<Record<string, unknown>>, whose: string): Promise<string> {
  if (flags['passwordStdin'] === true) return await firstLineOf(process.stdin)
  if (process.stdin.isTTY === true) return await promptSecret(`Password of ${whose}: `)
  throw new CommandError('there is no terminal to ask for the password on', {
    next: 'pipe it in: --password-stdin < password-file',
  })
}

/**
 * The new password: from standard input when asked to, else from the terminal, typed twice and not shown.
 * @throws CommandError when there is no terminal, when nothing was given, or when the two differ
 */
export async function readNewPassword(flags: Readonly<Record<string, unknown>>): Promise<string> {
  if (flags['passwordStdin'] === true) return await firstLineOf(process.stdin)
  if (process.stdin.isTTY !== true) {
    throw new CommandError('there is no terminal to ask for the password on', {
      next: 'pipe it in: berth user … --password-stdin < password-file',
    })
  }
  const password = await promptSecret('New password: ')
  if ((await promptSecret('The same again: ')) !== password) throw new CommandError('the two passwords differ')
  return password
}

const maxInput = 4096

async function firstLineOf(input: AsyncIterable<Uint8Array | string>): Promise<string> {
  let text = ''
  for await (const chunk of input) {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8')
    if (text.includes('\n') || text.length > maxInput) break
  }
  const line = text.split(/\r?\n/, 1)[0] ?? ''
  if (line === '') throw new CommandError('standard input holds no password')
  return line
}

async function promptSecret(question: string): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(question)
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  let typed: string[] = []
  try {
    for await (const keys of stdin.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
      for (const key of keys) {
        if (key === '\r' || key === '\n' || key === '\u0004') return typed.join('')
        if (key === '\u0003') throw new CommandError('interrupted', { kind: 'interrupted' })
        if (key === '\u007f' || key === '\b') typed = typed.slice(0, -1)
        else typed.push(key)
      }
    }
    return typed.join('')
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    stderr.write('\n')
  }
}

/** A secret that a robot shall have: standard input alone has it. */
export const readSecretFlag = (): Promise<string> => firstLineOf(process.stdin)
