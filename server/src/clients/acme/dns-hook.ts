import { execFile } from 'node:child_process'
import { AcmeFailure, type DnsRecord, type DnsRecords } from './acme-service.ts'

/** Providers take minutes until all of their servers know a record. */
const timeoutMs = 10 * 60_000
const maxOutputBytes = 64 * 1024

/** Calls `command present|cleanup name. value`, as lego's `exec` provider does: its scripts fit. No shell stands between. */
export function composeDnsHook(command: string): DnsRecords {
  const run = (action: 'present' | 'cleanup', { name, value }: DnsRecord) =>
    new Promise<void>((resolve, reject) => {
      const options = { timeout: timeoutMs, maxBuffer: maxOutputBytes, killSignal: 'SIGKILL' } as const
      execFile(command, [action, name, value], options, (error, _stdout, stderr) => {
        if (error === null) return resolve()
        const said = stderr.trim().slice(-300) || error.message
        reject(new AcmeFailure(`the command for DNS, ${command} ${action} ${name}, failed: ${said}`, { cause: error }))
      })
    })
  return { present: (record) => run('present', record), cleanUp: (record) => run('cleanup', record) }
}
