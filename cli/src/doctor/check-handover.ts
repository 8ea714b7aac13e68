import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { good, warning, type Finding } from './finding.ts'

/** Does the kernel hand connections over when a certificate changes? Nothing to say where it cannot (before Linux 5.14). */
export function checkHandover(root: string): Finding[] {
  let value: string
  try {
    value = readFileSync(join(root, 'proc/sys/net/ipv4/tcp_migrate_req'), 'utf8').trim()
  } catch {
    return []
  }
  if (value === '1') return [good('certificate change', 'the kernel hands new connections over')]
  return [
    warning('certificate change', 'the kernel resets connections that are opened at that moment', [
      "echo 'net.ipv4.tcp_migrate_req = 1' > /etc/sysctl.d/60-berth.conf && sysctl --system",
      'in a container: --sysctl net.ipv4.tcp_migrate_req=1',
    ]),
  ]
}
