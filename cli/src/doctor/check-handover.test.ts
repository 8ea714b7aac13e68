import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkHandover } from './check-handover.ts'

const root = mkdtempSync(join(tmpdir(), 'berth-handover-'))
afterAll(() => rmSync(root, { recursive: true }))

test('a kernel that resets connections at a change of certificate is a warning with the command', () => {
  const folder = join(root, 'proc/sys/net/ipv4')
  expect(checkHandover(root)).toEqual([])
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'tcp_migrate_req'), '0\n')
  expect(checkHandover(root)).toMatchObject([{ status: 'warning' }])
  expect(checkHandover(root)[0]!.remedy![0]).toContain('net.ipv4.tcp_migrate_req = 1')
  writeFileSync(join(folder, 'tcp_migrate_req'), '1\n')
  expect(checkHandover(root)).toMatchObject([{ status: 'good' }])
})
