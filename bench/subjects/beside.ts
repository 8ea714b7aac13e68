import type { SubjectKind } from './subject.ts'

/**
 * A registry that runs already at a plain HTTP address, without access control: Distribution 3, zot, another Berth. It keeps
 * its store from one workload to the next, and is never stopped.
 */
export function beside(name: string, url: string): SubjectKind {
  const { protocol, hostname: host, port } = new URL(url)
  if (protocol !== 'http:') throw new Error(`--beside ${name}: only http:// can be compared, not ${url}`)
  const endpoint = { host, port: Number(port === '' ? 80 : port), tls: false }
  return {
    name,
    async start({ tls }) {
      if (tls !== undefined) throw new Error(`${name} has no TLS here: leave the workloads with TLS out (--plain)`)
      const startedAt = performance.now()
      const answer = await fetch(new URL('/v2/', url))
      if (answer.status !== 200) throw new Error(`${name} at ${url} answers ${answer.status}, not 200, to /v2/`)
      return {
        name,
        endpoint,
        pid: listenerOf(endpoint.port),
        readyMs: performance.now() - startedAt,
        authorization: async () => undefined,
        administratorAuthorization: () => undefined,
        stop: async () => undefined,
      }
    },
  }
}

/** The process that listens on the port; its processor time and memory are measured. */
function listenerOf(port: number): number {
  const { stdout } = Bun.spawnSync(['ss', '-Hltnp', `sport = :${port}`])
  const pid = /pid=(\d+)/.exec(stdout.toString())?.[1]
  if (pid === undefined) throw new Error(`no process of this machine listens on port ${port} (as far as ss shows it)`)
  return Number(pid)
}
