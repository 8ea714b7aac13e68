import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeProgram } from '../program.ts'
import { listCompleted } from './command-tree.ts'
import { completionScript, shells, type Shell } from './scripts.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-completion-'))
  for (const shell of shells)
    writeFileSync(join(folder, shell), completionScript(shell, listCompleted(composeProgram())))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What a real shell offers behind these words; the last one is begun. */
const ask: Readonly<Record<Shell, (words: readonly string[]) => string[]>> = {
  bash: (words) => [
    'bash',
    '--norc',
    '-c',
    'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _berth; printf "%s\\n" "${COMPREPLY[@]}"',
    join(folder, 'bash'),
    ...words,
  ],
  zsh: (words) => [
    'zsh',
    '-f',
    '-c',
    // The two that talk to the line editor print instead; everything else is the script's own.
    '_describe() { print -l -- ${(P)2} }; _files() { print FILES }; compadd() { print -l -- "$@" }; source "$0"; words=("$@"); CURRENT=$#; _berth',
    join(folder, 'zsh'),
    ...words,
  ],
  fish: (words) => ['fish', '--no-config', '-c', `source ${join(folder, 'fish')}; complete -C '${words.join(' ')}'`],
}

const cases: readonly (readonly [words: readonly string[], offers: readonly string[], not: readonly string[]])[] = [
  [['berth', ''], ['login', 'project', 'gc', 'completion'], ['serve-worker']],
  [['berth', 'gc', ''], ['run', 'list', 'logs'], ['login']],
  [['berth', 'projects', 'member', ''], ['add', 'remove'], ['run']],
  [['berth', 'gc', 'run', '--dry-run', '--'], ['--follow', '--delete-untagged'], ['--garbage-collection-lease']],
  [['berth', 'project', 'list', '--output', ''], ['table', 'wide', 'json', 'yaml'], ['member']],
]

for (const shell of shells) {
  const isThere = Bun.which(shell) !== null
  if (!isThere) console.log(`SKIPPED: ${shell} is not on this machine`)

  test.skipIf(!isThere).each(cases)(`${shell} offers what can stand behind %p`, (words, offers, not) => {
    const { stdout, stderr, exitCode } = Bun.spawnSync(ask[shell](words))
    expect([exitCode, stderr.toString()]).toEqual([0, ''])
    const offered = stdout
      .toString()
      .split('\n')
      .map((line) => line.split(/[\t:]/, 1)[0]!)
    expect(offered).toEqual(expect.arrayContaining([...offers]))
    for (const word of not) expect(offered).not.toContain(word)
  })

  test.skipIf(!isThere)(`${shell} finds no fault in its script`, () => {
    expect(Bun.spawnSync([shell, '-n', join(folder, shell)]).stderr.toString()).toBe('')
  })
}

test('each flag that a command shows can be completed', () => {
  for (const { path, flags } of listCompleted(composeProgram()))
    expect([path, flags.every(({ names }) => names[0]?.startsWith('--'))]).toEqual([path, true])
})
