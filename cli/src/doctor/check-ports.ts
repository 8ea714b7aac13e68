import { createServer } from 'node:net'
import { request } from 'node:http'
import { request as requestTls } from 'node:https'
import type { Config } from '#server/config/config.ts'
import { good, problem, warning, type Finding } from './finding.ts'

export interface Port {
  readonly setting: string
  readonly host: string
  readonly port: number
  readonly secure: boolean
}

export function portsOf(config: Config): Port[] {
  return [
    ...(config.https === undefined
      ? []
      : [{ setting: 'https.port', host: config.https.host, port: config.https.port, secure: true }]),
    ...(config.http === undefined
      ? []
      : [{ setting: 'http.port', host: config.http.host, port: config.http.port, secure: false }]),
    ...(config.metrics.listen === undefined
      ? []
      : [{ setting: 'metrics.port', ...config.metrics.listen, secure: false }]),
  ]
}

/** Is the port free, or does Berth serve there already, or another program? */
export async function checkPort(port: Port): Promise<{ finding: Finding; serving: boolean }> {
  const subject = `port ${port.port}`
  const error = await tryToListen(port)
  if (error === undefined) return { serving: false, finding: good(subject, `is free for ${port.setting}`) }
  if (error.code === 'EACCES') {
    const remedy = [
      'sudo setcap cap_net_bind_service=+ep $(command -v berth)',
      `or choose a port above 1023: ${port.setting}`,
    ]
    return { serving: false, finding: problem(subject, 'may not be opened by this user', remedy) }
  }
  if (error.code === 'EADDRNOTAVAIL') {
    return {
      serving: false,
      finding: problem(subject, `${port.host} is no address of this machine`, ['ip -brief address shows them']),
    }
  }
  if (error.code !== 'EADDRINUSE')
    return { serving: false, finding: problem(subject, `cannot be opened: ${error.message}`) }
  const answer = await askHealth(localAddress(port.host), port.port, port.secure)
  if (answer === 'berth' || (answer === 'other' && port.setting === 'metrics.port')) {
    return { serving: true, finding: good(subject, 'is served by Berth') }
  }
  const remedy = [
    `ss -ltnp 'sport = :${port.port}' shows the program`,
    `stop it, or choose another port: ${port.setting}`,
  ]
  if (answer === 'other') return { serving: false, finding: problem(subject, 'is taken by another program', remedy) }
  return { serving: false, finding: warning(subject, 'is taken, and nobody answers there', remedy) }
}

function tryToListen({ host, port }: Port): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', resolve)
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

/** Asks which program answers GET /health there. The certificate does not matter here. */
export function askHealth(
  host: string,
  port: number,
  secure: boolean,
  timeoutMs = 3_000,
): Promise<'berth' | 'other' | 'nobody'> {
  return new Promise((resolve) => {
    const options = { host, port, path: '/health', timeout: timeoutMs, rejectUnauthorized: false }
    const asked = (secure ? requestTls : request)(options, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      response.on('end', () => {
        const redirects = response.statusCode === 308 && body.includes('registry')
        resolve((response.statusCode === 200 && body.includes('"status":"ok"')) || redirects ? 'berth' : 'other')
      })
    })
    asked.on('timeout', () => asked.destroy(new Error('timeout')))
    asked.on('error', (error: NodeJS.ErrnoException) =>
      resolve(/ECONN|timeout/.test(`${error.code} ${error.message}`) ? 'nobody' : 'other'),
    )
    asked.end()
  })
}

/** Where a server that listens on all addresses can be reached from here. */
export const localAddress = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host)
