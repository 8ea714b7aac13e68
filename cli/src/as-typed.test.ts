import { expect, test } from 'bun:test'
import { asTyped, nouns, rememberFlags, verbs } from './as-typed.ts'
import { composeProgram } from './program.ts'

test('messages can name every command of the program', () => {
  const known = new Set<string>([...nouns, ...verbs])
  const missing = composeProgram()
    .commands.map((command) => command.name())
    .filter((name) => !known.has(name) && name !== 'serve-worker')
  expect(missing).toEqual([])
})

test('a command in a message means the registry that was meant', () => {
  rememberFlags({ locatingFlags: ['--url', 'https://registry.example'] })
  try {
    expect(asTyped('see: berth job logs -f 3')).toEndWith('job logs --url https://registry.example -f 3')
    expect(asTyped('berth doctor --url https://other.example')).not.toContain('registry.example')
    expect(asTyped('sign in: berth login https://other.example')).not.toContain('registry.example')
    expect(asTyped('berth status --context prod now')).not.toContain('registry.example')
    expect(asTyped('a berth job')).toEndWith('a berth job')
  } finally {
    rememberFlags({ locatingFlags: [] })
  }
})
