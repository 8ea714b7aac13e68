import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { berth, serve } from '../../test/berth-process.ts'

setDefaultTimeout(120_000)

let folder: string
const run = async (...args: string[]) => await berth(args, { cwd: folder })
const onData = async (...args: string[]) => await run(...args, '--data', join(folder, 'data'))

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-audit-'))
  // The first start makes the registry.
  await (await serve(['--data', join(folder, 'data')], { cwd: folder })).stop()
  for (const name of ['one', 'two', 'three']) expect((await onData('project', 'create', name)).code).toBe(0)
  const checkpoint = await onData('audit', 'checkpoint', '-o', 'json')
  expect([checkpoint.code, checkpoint.stderr]).toEqual([0, ''])
  writeFileSync(join(folder, 'kept.json'), checkpoint.stdout)
  expect((await onData('project', 'create', 'four')).code).toBe(0)
  const exported = await onData('audit', 'export', 'audit.jsonl')
  expect([exported.code, exported.stderr]).toEqual([0, ''])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('berth audit verify', () => {
  const lines = () => readFileSync(join(folder, 'audit.jsonl'), 'utf8').trimEnd().split('\n')
  const verifyLines = async (changed: readonly string[], ...flags: string[]) => {
    writeFileSync(join(folder, 'changed.jsonl'), `${changed.join('\n')}\n`)
    const { code, stdout } = await run('audit', 'verify', '--file', 'changed.jsonl', '-o', 'json', ...flags)
    const { findings } = JSON.parse(stdout || '{"findings":[]}') as { findings: { code: string; sequence: number }[] }
    return [code, ...findings.map((finding) => `${finding.code} ${finding.sequence}`)]
  }

  test('looks at a registry, and at an export without one', async () => {
    const here = await onData('audit', 'verify')
    expect([here.code, here.stderr]).toEqual([0, ''])
    expect(here.stdout).toMatch(/^links 1 to \d+: \d+ records as sealed, 0 purged\nlast checkpoint: 1,/)
    expect((await run('audit', 'verify', '--file', 'audit.jsonl', '--checkpoint', 'kept.json')).code).toBe(0)
  })

  test('names the place of a record that was changed, taken out or moved, and the end that was cut off', async () => {
    const all = lines()
    const links = all.flatMap((line, at) => (line.startsWith('{"kind":"link"') ? [at] : []))
    const [first = 0, second = 0] = links
    expect(await verifyLines(all)).toEqual([0])
    expect(await verifyLines(all.map((line) => line.replaceAll('"one"', '"won"')))).toEqual([
      1,
      expect.stringMatching(/^record-changed \d+$/),
    ])
    expect(await verifyLines(all.filter((_, at) => at !== second))).toEqual([1, 'links-missing 2'])
    const moved = all.with(first, all[second]!).with(second, all[first]!)
    expect(await verifyLines(moved)).toEqual([1, 'links-missing 1', 'record-inserted 1'])
    const last = links.at(-1)!
    expect(await verifyLines(all.filter((_, at) => at !== last))).toEqual([1, `tail-cut ${links.length}`])
  })

  test('takes no export that was broken off for a whole one', async () => {
    const { code, stderr } = await (async () => {
      writeFileSync(join(folder, 'broken.jsonl'), `${lines().slice(0, -1).join('\n')}\n`)
      return await run('audit', 'verify', '--file', 'broken.jsonl')
    })()
    expect([code, stderr]).toEqual([1, expect.stringContaining('broken off')])
  })

  test('believes no other key than the one that is named', async () => {
    const [, key = ''] = /"key\\*":\\*"([0-9a-f]{64})/.exec(readFileSync(join(folder, 'kept.json'), 'utf8')) ?? []
    expect(await verifyLines(lines(), '--key', key)).toEqual([0])
    expect(await verifyLines(lines(), '--key', '0'.repeat(64))).toContain('key-unknown 0')
  })
})

test('an export as CSV has a line for each record, with its place and its hashes', async () => {
  const { code } = await onData('audit', 'export', 'audit.csv')
  const [titles = '', first = ''] = readFileSync(join(folder, 'audit.csv'), 'utf8').split('\n')
  expect([code, titles]).toEqual([0, expect.stringMatching(/^sequence,id,time,username,.*,record_hash,hash$/)])
  expect(first).toMatch(/^1,.*sha256:[0-9a-f]{64},sha256:[0-9a-f]{64}$/)
})

test('a file that is there is not written over', async () => {
  const { code, stderr } = await onData('audit', 'export', 'audit.jsonl')
  expect([code, stderr]).toEqual([5, expect.stringContaining('audit.jsonl')])
})
