import { spawn, type ChildProcess } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CertificateFiles } from './private-authority.ts'
import { findClient } from './real-client.ts'
import { findFreePort } from './registry.ts'

const programs = { service: findClient('pebble'), dns: findClient('pebble-challtestsrv') }

/** Why there is no certificate service here; undefined when there is one. */
export const pebbleMissing =
  programs.service === undefined || programs.dns === undefined ? 'not on this machine: pebble' : undefined

/** Ports of one that will be started: whoever is to know them is told before. */
export interface PebblePorts {
  readonly service: number
  readonly management: number
  readonly dns: number
  readonly dnsManagement: number
}

export async function findPebblePorts(): Promise<PebblePorts> {
  const [service, management, dns, dnsManagement] = [
    await findFreePort(),
    await findFreePort(),
    await findFreePort(),
    await findFreePort(),
  ]
  return { service, management, dns, dnsManagement }
}

export const directoryOf = ({ service }: PebblePorts): string => `https://127.0.0.1:${service}/dir`

export interface PebbleOptions {
  readonly ports: PebblePorts
  /** The certificate of the service itself. */
  readonly certificate: CertificateFiles
  /** Where it asks for HTTP-01. */
  readonly httpPort: number
  /** Of a hundred good nonces, so many are refused. */
  readonly refusedNonces?: number
  readonly validitySeconds?: number
  /** It waits so long before it looks at a proof. */
  readonly sleepSeconds?: number
}

export interface Pebble extends AsyncDisposable {
  /** PEM of the root of this moment. */
  root(): Promise<string>
  /** Starts it again with nothing remembered. */
  forget(): Promise<void>
}

/** Let's Encrypt's small service for tests, with a DNS that sends every name to this machine. */
export async function startPebble(folder: string, options: PebbleOptions): Promise<Pebble> {
  if (programs.service === undefined || programs.dns === undefined) throw new Error(pebbleMissing)
  const { ports, certificate, httpPort, refusedNonces = 0, validitySeconds, sleepSeconds } = options
  const { service: port, management, dns, dnsManagement } = ports
  const file = join(folder, 'pebble.json')
  const pebble = {
    ...{ listenAddress: `127.0.0.1:${port}`, managementListenAddress: `127.0.0.1:${management}` },
    ...{ certificate: certificate.certificateFile, privateKey: certificate.privateKeyFile, httpPort, tlsPort: 1 },
    ...(validitySeconds === undefined ? {} : { certificateValidityPeriod: validitySeconds }),
  }
  await writeFile(file, JSON.stringify({ pebble }))
  const off = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-defaultIPv6', '', '-defaultIPv4', '127.0.0.1']
  const at = ['-dns01', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${dnsManagement}`]
  const names = spawn(programs.dns, [...off, ...at], { stdio: 'ignore' })
  const wait = sleepSeconds === undefined ? { PEBBLE_VA_NOSLEEP: '1' } : { PEBBLE_VA_SLEEPTIME: String(sleepSeconds) }
  const start = async () => {
    const child = spawn(programs.service!, ['-config', file, '-dnsserver', `127.0.0.1:${dns}`], {
      stdio: 'ignore',
      env: { ...process.env, PEBBLE_WFE_NONCEREJECT: String(refusedNonces), PEBBLE_AUTHZREUSE: '0', ...wait },
    })
    const answers = () =>
      fetch(directoryOf(ports), { tls: { rejectUnauthorized: false } }).then(
        (answer) => answer.ok,
        () => false,
      )
    const deadline = performance.now() + 20_000
    while (!(await answers())) {
      if (child.exitCode !== null || performance.now() > deadline) throw new Error('pebble does not answer')
      await Bun.sleep(50)
    }
    return child
  }
  let child = await start()
  return {
    root: async () =>
      await (await fetch(`https://127.0.0.1:${management}/roots/0`, { tls: { rejectUnauthorized: false } })).text(),
    forget: async () => {
      await end(child)
      child = await start()
    },
    [Symbol.asyncDispose]: async () => {
      await end(child)
      await end(names)
    },
  }
}

async function end(child: ChildProcess): Promise<void> {
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await exited
}
