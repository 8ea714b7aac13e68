import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { referencePage, sampleFile } from './reference-page.ts'
import { settingDescriptions } from './setting-paths.ts'
import { settings } from './settings.ts'

const root = join(import.meta.dirname, '../../..')

test('the reference page is what the schema says (bun tools/write-reference.ts)', () => {
  expect(readFileSync(join(root, 'docs/reference/configuration.md'), 'utf8')).toBe(referencePage())
})

test('the sample file is what the schema says (bun tools/write-reference.ts)', () => {
  expect(readFileSync(join(root, 'deploy/berth.example.yml'), 'utf8')).toBe(sampleFile())
})

test('every setting has a description and a variable of its own', () => {
  for (const { path, description } of settingDescriptions) expect([path, description.length > 10]).toEqual([path, true])
  expect(new Set(settingDescriptions.map((each) => each.environment)).size).toBe(settingDescriptions.length)
})

test('the sample file, with its settings taken in, is a valid configuration', () => {
  const uncommented = sampleFile()
    .split('\n')
    .filter((line) => /^# ( {2})?[a-z0-9_]+:( |$)/.test(line))
    .map((line) => line.slice(2))
  expect(uncommented.length).toBeGreaterThan(settingDescriptions.length)
  const parsed = settings.safeParse(parse(uncommented.join('\n')))
  expect(parsed.error?.issues ?? []).toEqual([])
})
