import { afterAll, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adminToken, root, serve } from '../cli/test/berth-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-build-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('the executable serves in an empty folder with nothing else: sign in, push, pull, the console, stop', async () => {
  const outfile = join(folder, 'berth')
  const build = Bun.spawnSync([process.execPath, join(root, 'tools/build.mjs'), '--outfile', outfile], {
    stdout: 'pipe',
    stderr: 'pipe',
  })
  expect(build.stderr.toString()).toBe('')
  expect(build.exitCode).toBe(0)

  const empty = join(folder, 'empty')
  mkdirSync(empty)
  const registry = await serve([], { cwd: empty, command: [outfile], env: { PATH: '/nonexistent' } })
  try {
    const headers = { authorization: `Bearer ${await adminToken(registry.url, 'library/app')}` }
    const digest = `sha256:${createHash('sha256').update('hello').digest('hex')}`
    const upload = `${registry.url}/v2/library/app/blobs/uploads/?digest=${digest}`
    expect((await fetch(upload, { method: 'POST', headers, body: 'hello' })).status).toBe(201)
    expect(await (await fetch(`${registry.url}/v2/library/app/blobs/${digest}`, { headers })).text()).toBe('hello')
    const page = await (await fetch(registry.url)).text()
    const [entry = ''] = /\/assets\/main-\w+\.js/.exec(page) ?? []
    const answer = await fetch(registry.url + entry, { headers: { 'accept-encoding': 'br' } })
    expect([answer.status, answer.headers.get('content-encoding')]).toEqual([200, 'br'])
  } finally {
    expect(await registry.stop()).toBe(0)
  }
  expect(readdirSync(empty)).toEqual(['berth-data'])
}, 120_000)
