import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { proxyFor } from '#server/config/proxy-environment.ts'
import { checkLimits } from './check-limits.ts'
import { checkProxy } from './check-proxy.ts'

const root = mkdtempSync(join(tmpdir(), 'berth-limits-'))
afterAll(() => rmSync(root, { recursive: true }))

test.each([
  ['64', 'warning'],
  ['1048576', 'good'],
  ['unlimited', 'good'],
])('%s open files is %s', (limit, status) => {
  mkdirSync(join(root, 'proc/self'), { recursive: true })
  writeFileSync(join(root, 'proc/self/limits'), `Limit Soft Hard Units\nMax open files  ${limit}  1048576  files\n`)
  expect(checkLimits(root).status as string).toBe(status)
})

const registry = new URL('https://registry.example.com:8443')

test.each([
  [{}, undefined],
  [{ HTTPS_PROXY: 'http://p:1' }, 'HTTPS_PROXY'],
  [{ https_proxy: 'http://p:1' }, 'https_proxy'],
  [{ HTTP_PROXY: 'http://p:1' }, undefined],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a, .example.com' }, undefined],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'registry.example.com:8443' }, undefined],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'le.com' }, 'HTTPS_PROXY'],
  [{ HTTPS_PROXY: 'http://p:1', no_proxy: '*' }, undefined],
])('with %p the proxy is that of %p', (env, variable) => {
  expect(proxyFor(registry, env)?.variable).toBe(variable!)
})

test('a proxy that is dead is named, with its variable, NO_PROXY and the settings of dockerd', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const env = { HTTPS_PROXY: `http://127.0.0.1:${port}` }
  expect((await checkProxy(registry, env))[0]).toMatchObject({ status: 'good' })
  await new Promise((resolve) => server.close(resolve))
  const [found] = await checkProxy(registry, env)
  expect(found).toMatchObject({ status: 'problem', summary: expect.stringContaining('HTTPS_PROXY') })
  expect(found!.remedy!.join('\n')).toMatch(/NO_PROXY[\s\S]*docker/)
  expect(await checkProxy(registry, {})).toEqual([])
})
