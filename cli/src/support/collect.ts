import { execFileSync } from 'node:child_process'
import { request } from 'node:http'
import { request as requestTls } from 'node:https'
import { availableParallelism, freemem, homedir, loadavg, release, totalmem, type, uptime } from 'node:os'
import type { Config } from '#server/config/config.ts'
import type { RegistryApi } from '../api/registry-api.ts'
import { versionFacts } from '../commands/version.ts'
import { gather } from '../commands/status.ts'
import { diagnoseInstallation } from '../doctor/diagnose.ts'
import { localAddress, portsOf } from '../doctor/check-ports.ts'
import type { LoadedConfig } from '#server/config/load-config.ts'

/** One file of a bundle: its name, and what makes its text. What cannot be had is said in its place. */
export interface Part {
  readonly name: string
  readonly make: () => Promise<unknown>
}

const maxJobs = 50
const maxLogLines = 2_000

/** What a colleague asks for first, of a registry behind whichever door. */
export function partsOfRegistry(api: RegistryApi): Part[] {
  const rows = async (asked: Promise<{ readonly rows: readonly unknown[] }>) => (await asked).rows
  return [
    { name: 'status.json', make: () => gather(api) },
    { name: 'configuration.json', make: async () => (await api.call('GET /system/configuration')).settings },
    { name: 'settings.json', make: () => api.call('GET /configurations') },
    { name: 'jobs-failed.json', make: () => rows(api.list('GET /jobs', { query: { status: 'failed' } }, maxJobs)) },
    {
      name: 'jobs-unfinished.json',
      make: () => rows(api.list('GET /jobs', { query: { status: 'running,pending,delayed' } }, maxJobs)),
    },
    { name: 'job-queues.json', make: () => api.call('GET /jobservice/queues') },
    { name: 'job-workers.json', make: () => api.call('GET /jobservice/pools') },
    { name: 'schedules.json', make: () => rows(api.list('GET /schedules', {}, 0)) },
    { name: 'garbage-collection.json', make: () => rows(api.list('GET /system/gc', { query: {} }, 20)) },
    { name: 'scrub.json', make: () => api.call('GET /system/scrub') },
    { name: 'scrub-findings.json', make: () => rows(api.list('GET /system/scrub/findings', {}, maxJobs)) },
    { name: 'event-consumers.json', make: () => api.call('GET /events/consumers') },
    { name: 'quotas.json', make: () => rows(api.list('GET /quotas', { query: { sort: '-used.storage' } }, maxJobs)) },
  ]
}

/** What only the machine of the registry knows. */
export function partsOfMachine(load: () => LoadedConfig): Part[] {
  return [
    { name: 'machine.json', make: async () => machineFacts() },
    {
      name: 'doctor.json',
      make: () => diagnoseInstallation(load, { machine: { root: '/', home: homedir() }, now: () => Date.now() }),
    },
    { name: 'ready.json', make: () => ask(load().config, '/ready') },
    { name: 'metrics.txt', make: () => askMetrics(load().config) },
    { name: 'log.txt', make: async () => journal() },
  ]
}

export const versionPart: Part = { name: 'versions.json', make: async () => versionFacts() }

function machineFacts() {
  return {
    system: `${type()} ${release()}`,
    processors: availableParallelism(),
    memory_bytes: totalmem(),
    free_memory_bytes: freemem(),
    load: loadavg(),
    up_seconds: uptime(),
  }
}

/** The journal of the service, where systemd runs it. */
function journal(): string {
  const lines = ['-u', 'berth', '-n', String(maxLogLines), '--no-pager', '-o', 'cat']
  return execFileSync('journalctl', lines, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 10_000 })
}

async function askMetrics(config: Config): Promise<string> {
  const { enabled, path, listen, token } = config.metrics
  if (!enabled) throw new Error('metrics are off')
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  if (listen === undefined) return await ask(config, path, headers)
  return await askAt({ host: localAddress(listen.host), port: listen.port, secure: false }, path, headers)
}

function ask(config: Config, path: string, headers: Record<string, string> = {}): Promise<string> {
  const [port] = portsOf(config)
  if (port === undefined) throw new Error('the configuration opens no port')
  return askAt({ host: localAddress(port.host), port: port.port, secure: port.secure }, path, headers)
}

/** The registry of this machine, so its certificate does not matter. */
function askAt(
  { host, port, secure }: { readonly host: string; readonly port: number; readonly secure: boolean },
  path: string,
  headers: Record<string, string>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host, port, path, headers, timeout: 5_000, rejectUnauthorized: false }
    const asked = (secure ? requestTls : request)(options, (answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (piece: string) => (body += piece))
      answer.on('end', () => resolve(answer.statusCode === 200 ? body : `status ${answer.statusCode}\n${body}`))
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer')))
    asked.on('error', reject)
    asked.end()
  })
}
