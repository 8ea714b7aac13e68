import { afterAll, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { adminToken, root, serve } from '../cli/test/berth-process.ts'
import { tar } from '../conformance/harness/tar.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-build-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('the executable serves in an empty folder with nothing else: sign in, push, pull, the console, a chart, stop', async () => {
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
    await pushChart(registry.url, headers)
    // Its dependencies are read in a thread, whose program must be in the executable too.
    const chart = `${registry.url}/api/v2.0/projects/library/repositories/app/artifacts/chart`
    const dependencies = await fetch(`${chart}/additions/dependencies`)
    expect(await dependencies.json()).toEqual([{ name: 'redis', version: '7', repository: '' }])
    const page = await (await fetch(registry.url)).text()
    const [entry = ''] = /\/assets\/main-\w+\.js/.exec(page) ?? []
    const answer = await fetch(registry.url + entry, { headers: { 'accept-encoding': 'br' } })
    expect([answer.status, answer.headers.get('content-encoding')]).toEqual([200, 'br'])
  } finally {
    expect(await registry.stop()).toBe(0)
  }
  expect(readdirSync(empty)).toEqual(['berth-data'])
}, 120_000)

async function pushChart(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const layer = gzipSync(tar([{ path: 'app/Chart.yaml', content: 'dependencies: [{name: redis, version: 7}]' }]))
  const descriptors = []
  for (const [mediaType, bytes] of [
    ['application/vnd.cncf.helm.config.v1+json', Buffer.from('{}')],
    ['application/vnd.cncf.helm.chart.content.v1.tar+gzip', layer],
  ] as const) {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    const upload = `${url}/v2/library/app/blobs/uploads/?digest=${digest}`
    expect((await fetch(upload, { method: 'POST', headers, body: new Uint8Array(bytes) })).status).toBe(201)
    descriptors.push({ mediaType, digest, size: bytes.length })
  }
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const [config, ...layers] = descriptors
  const pushed = await fetch(`${url}/v2/library/app/manifests/chart`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': mediaType },
    body: JSON.stringify({ schemaVersion: 2, mediaType, config, layers }),
  })
  expect(pushed.status).toBe(201)
}
