import { connect } from 'node:net'
import { proxyFor } from '#server/config/proxy-environment.ts'
import { good, problem, type Finding } from './finding.ts'

const timeoutMs = 3_000

/** Whether the proxy that the environment names for the address is there. Nothing to say where it names none. */
export async function checkProxy(url: URL, env?: Readonly<Record<string, string | undefined>>): Promise<Finding[]> {
  const proxy = proxyFor(url, env)
  if (proxy === undefined) return []
  const subject = `proxy for ${url.host}`
  const address = proxy.url.includes('://') ? proxy.url : `http://${proxy.url}`
  const remedy = [
    `if ${url.hostname} is to be reached directly: export NO_PROXY=${url.hostname}`,
    'dockerd has settings of its own: systemctl show docker -p Environment; /etc/systemd/system/docker.service.d/, or "proxies" in /etc/docker/daemon.json',
  ]
  if (!URL.canParse(address)) return [problem(subject, `${proxy.variable} is no URL`, remedy)]
  const { hostname, port, host } = new URL(address)
  const error = await tryToConnect(hostname, Number(port || 80))
  if (error === undefined) return [good(subject, `${proxy.variable} leads through ${host}, which answers`)]
  return [problem(subject, `${proxy.variable} leads through ${host}, which does not answer: ${error}`, remedy)]
}

function tryToConnect(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port, timeout: timeoutMs }, () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.on('timeout', () => {
      socket.destroy()
      resolve(`nothing within ${timeoutMs / 1000} s`)
    })
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) =>
      resolve(code === 'ECONNREFUSED' ? 'the connection is refused' : (code ?? message)),
    )
  })
}
