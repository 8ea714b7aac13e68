import { expect, test } from 'bun:test'
import type { Command } from 'commander'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../test/berth-process.ts'
import { commandsOf } from '../../test/command-line.ts'
import { composeProgram } from '../program.ts'
import { commandLinePage } from './command-line-page.ts'
import { english } from './page-words.ts'
import { chinese, chineseDescriptions } from './page-words.zh-CN.ts'

test.each([
  ['docs/reference/command-line.md', english],
  ['docs/reference/zh-CN/command-line.md', chinese],
] as const)('%s is that of the program: bun tools/write-reference.ts writes it', (page, words) => {
  expect(readFileSync(join(root, page), 'utf8')).toBe(commandLinePage(composeProgram(), words))
})

test('a translation is of a command that there is', () => {
  const known = new Set<string>()
  const walk = (command: Command, path: readonly string[]) => {
    for (const each of command.commands) {
      known.add([...path, each.name()].join(' '))
      walk(each, [...path, each.name()])
    }
  }
  walk(composeProgram(), [])
  expect(Object.keys(chineseDescriptions).filter((path) => !known.has(path))).toEqual([])
})

test('every command stands on the page with a description', () => {
  const page = commandLinePage(composeProgram(), english)
  for (const [path, command] of commandsOf()) {
    if (path === 'serve-worker') continue
    expect(page).toContain(`berth ${path}`)
    expect([path, command.description()]).toEqual([path, expect.stringMatching(/\w/)])
  }
})
