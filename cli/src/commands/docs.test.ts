import { beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { buildConsole } from '../../../tools/build-console.mjs'
import { tryCommand } from '../../../conformance/harness/command.ts'

const berth = async (...args: string[]) =>
  await tryCommand([process.execPath, join(import.meta.dir, '..', 'main.ts'), 'docs', ...args])

beforeAll(async () => {
  await buildConsole()
})

test('a page is printed as it is written, without marks for machines', async () => {
  const { code, stdout } = await berth('tls', '--language', 'en')
  expect(code).toBe(0)
  expect(stdout).toStartWith('# TLS\n')
  expect((await berth('troubleshooting', '--language', 'zh-CN')).stdout).toStartWith('# 故障排查\n')
  expect((await berth('troubleshooting')).stdout).not.toMatch(/<a id|<!--/)
})

test('an address of the registry names a page, too', async () => {
  const { stdout } = await berth('/docs/troubleshooting#quota_exceeded', '--language', 'en')
  expect(stdout).toContain('QUOTA_EXCEEDED')
  expect(stdout.split('\n').length).toBeLessThan(6)
})

test('words find parts of pages, with the command that prints each', async () => {
  const { stdout } = await berth('disk', 'full', '--language', 'en')
  expect(stdout).toContain('docs operating#when-the-disk-is-full')
})

test('what is nowhere is said, with a next step', async () => {
  const { code, stderr } = await berth('zebra')
  expect(code).toBe(1)
  expect(stderr).toContain('docs')
  expect((await berth('tls', '--language', 'fr')).code).toBe(2)
})

test('the list names every guide', async () => {
  const { stdout } = await berth('--language', 'en')
  for (const topic of ['getting-started', 'troubleshooting', 'reference/permissions']) expect(stdout).toContain(topic)
})
