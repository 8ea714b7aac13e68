import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findClient } from './real-client.ts'
import { findFreePort, type RegistryUnderTest } from './registry.ts'
import { createTemporaryFolder } from './temporary-folder.ts'

const program = findClient('haproxy')

/** Why there is no load balancer here; undefined when there is one. */
export const loadBalancerMissing = program === undefined ? 'not on this machine: haproxy' : undefined

export interface LoadBalancer extends AsyncDisposable {
  readonly host: string
  readonly url: string
}

/** HAProxy before the registries, one request to each in turn: no session is sticky. */
export async function startLoadBalancer(registries: readonly RegistryUnderTest[]): Promise<LoadBalancer> {
  if (program === undefined) throw new Error(loadBalancerMissing)
  await using cleanup = new AsyncDisposableStack()
  const folder = cleanup.use(await createTemporaryFolder())
  const port = await findFreePort()
  const file = join(folder.path, 'haproxy.cfg')
  await writeFile(file, configuration(port, registries))
  const child = Bun.spawn([program, '-db', '-f', file], { stdout: 'ignore', stderr: 'pipe' })
  cleanup.defer(async () => {
    child.kill('SIGKILL')
    await child.exited
  })
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; ; tries++) {
    const answer = await fetch(`${url}/ready`).catch(() => undefined)
    if (answer?.status === 200) break
    if (tries > 200 || child.exitCode !== null) throw new Error(`HAProxy: ${await new Response(child.stderr).text()}`)
    await Bun.sleep(50)
  }
  const owned = cleanup.move()
  return { host: `127.0.0.1:${port}`, url, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** What the guide on replicas recommends, with shorter times. */
const configuration = (port: number, registries: readonly RegistryUnderTest[]) => `
global
  maxconn 2000
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 15s
  timeout http-keep-alive 10s
  retries 3
  option redispatch
  retry-on conn-failure
frontend registry
  bind 127.0.0.1:${port}
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend replicas
backend replicas
  balance roundrobin
  option httpchk
  http-check send meth GET uri /ready ver HTTP/1.1 hdr Host replica
  default-server check inter 500ms fastinter 200ms fall 2 rise 1
${registries.map(({ host }, index) => `  server replica-${index + 1} ${host}`).join('\n')}
`
