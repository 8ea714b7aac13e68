import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../test/berth-process.ts'
import { commandsOf } from '../../test/command-line.ts'
import { composeProgram } from '../program.ts'
import { commandLinePage } from './command-line-page.ts'
import { english } from './page-words.ts'

test('the page of commands is that of the program: bun tools/write-reference.ts writes it', () => {
  expect(readFileSync(join(root, 'docs/reference/command-line.md'), 'utf8')).toBe(
    commandLinePage(composeProgram(), english),
  )
})

test('every command stands on the page with a description', () => {
  const page = commandLinePage(composeProgram(), english)
  for (const [path, command] of commandsOf()) {
    if (path === 'serve-worker') continue
    expect(page).toContain(`berth ${path}`)
    expect([path, command.description()]).toEqual([path, expect.stringMatching(/\w/)])
  }
})
