import { createHash } from 'node:crypto'

/**
 * A scanner adapter as the Pluggable Scanner API v1.2 describes one, for tests. It is no real scanner: it pulls the image with the
 * credential that it was given, as every adapter does, and reports what its scenario says. A test makes it lie, hang or flood.
 */
export interface ScannerAdapterForTest extends AsyncDisposable {
  readonly url: string
  readonly scans: readonly AdapterRequest[]
  /** Paths of everything it was asked, with the credential of the request. */
  readonly asked: readonly { readonly path: string; readonly headers: Headers }[]
  /** What the next requests get. */
  behave(behaviour: AdapterBehaviour): void
}

export interface AdapterRequest {
  readonly registry: { readonly url: string; readonly authorization: string }
  readonly artifact: {
    readonly repository: string
    readonly digest: string
    readonly tag?: string
    readonly mime_type: string
  }
  readonly enabled_capabilities?: readonly { readonly type: string; readonly produces_mime_types: readonly string[] }[]
}

export interface AdapterBehaviour {
  readonly metadata?: () => Response | Promise<Response>
  readonly scan?: (request: AdapterRequest) => Response | Promise<Response>
  readonly report?: (asked: {
    readonly request: AdapterRequest
    readonly polls: number
    readonly accept: string
  }) => Response | Promise<Response>
}

export interface AdapterOptions {
  /** Refuses everything without this header. */
  readonly credential?: readonly [header: string, value: string]
  readonly registryAuthorization?: 'Basic' | 'Bearer'
  /** As adapters of v1.1: capabilities have no type, and reports are of the older form. */
  readonly isOld?: boolean
  /** Pulls of the image before its report is there. */
  readonly name?: string
}

const newer = 'application/vnd.security.vulnerability.report; version=1.1'
const older = 'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0'

export function startScannerAdapter(options: AdapterOptions = {}): ScannerAdapterForTest {
  const { credential, isOld = false, name = 'Scripted' } = options
  const scans: AdapterRequest[] = []
  const polls = new Map<string, number>()
  const asked: { path: string; headers: Headers }[] = []
  const pulled = new Map<string, Promise<string>>()
  let behaviour: AdapterBehaviour = {}
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url)
      asked.push({ path: pathname, headers: request.headers })
      if (credential !== undefined && request.headers.get(credential[0]) !== credential[1])
        return Response.json({ error: { message: 'who are you' } }, { status: 401 })
      if (pathname === '/api/v1/metadata') return (await behaviour.metadata?.()) ?? metadataOf(options)
      if (pathname === '/api/v1/scan' && request.method === 'POST') {
        const body = (await request.json()) as AdapterRequest
        const answer = await behaviour.scan?.(body)
        if (answer !== undefined) return answer
        const id = String(scans.push(body) - 1)
        pulled.set(id, pull(body))
        return Response.json({ id }, { status: 202 })
      }
      const [, id = ''] = /^\/api\/v1\/scan\/([^/]+)\/report$/.exec(pathname) ?? []
      const scan = scans[Number(id)]
      if (scan === undefined) return Response.json({ error: { message: 'cannot find scan job' } }, { status: 404 })
      const count = (polls.get(id) ?? 0) + 1
      polls.set(id, count)
      const accept = request.headers.get('accept') ?? ''
      const answer = await behaviour.report?.({ request: scan, polls: count, accept })
      if (answer !== undefined) return answer
      if (count === 1)
        return new Response(null, { status: 302, headers: { 'refresh-after': '1', location: request.url } })
      const problem = await pulled.get(id)
      if (problem !== '') return Response.json({ error: { message: problem } }, { status: 500 })
      return Response.json(reportOf(scan, { name }), { headers: { 'content-type': isOld ? older : newer } })
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    scans,
    asked,
    behave: (next) => void (behaviour = next),
    [Symbol.asyncDispose]: async () => await server.stop(true),
  }
}

function metadataOf({ isOld = false, name = 'Scripted', registryAuthorization = 'Basic' }: AdapterOptions): Response {
  const consumes = [
    'application/vnd.docker.distribution.manifest.v2+json',
    'application/vnd.oci.image.manifest.v1+json',
  ]
  const capability = { consumes_mime_types: consumes, produces_mime_types: isOld ? [older] : [newer, older] }
  return Response.json({
    scanner: { name, vendor: 'Tests', version: '1.2.3' },
    capabilities: [isOld ? capability : { type: 'vulnerability', ...capability }],
    properties: {
      'harbor.scanner-adapter/scanner-type': 'os-package-vulnerability',
      'harbor.scanner-adapter/registry-authorization-type': registryAuthorization,
    },
  })
}

/** A report that says of each layer that it has one vulnerability: so its pull can be seen in it. */
export function reportOf(
  { artifact }: Pick<AdapterRequest, 'artifact'>,
  {
    name = 'Scripted',
    vulnerabilities = [vulnerabilityOf('CVE-2026-0001')] as readonly object[],
    digest = artifact.digest,
  } = {},
): object {
  return {
    generated_at: new Date().toISOString(),
    artifact: { ...artifact, digest },
    scanner: { name, vendor: 'Tests', version: '1.2.3' },
    severity: 'High',
    vulnerabilities,
  }
}

export const vulnerabilityOf = (id: string, more: object = {}): object => ({
  id,
  package: 'openssl',
  version: '3.0.1',
  fix_version: '3.0.2',
  severity: 'High',
  description: 'Buffers overflow.',
  links: ['https://example.org/advisory'],
  preferred_cvss: { score_v3: 7.5, vector_v3: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N' },
  cwe_ids: ['CWE-120'],
  vendor_attributes: { CVSS: { nvd: { V3Score: 9.8, V3Vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' } } },
  ...more,
})

/** Gets manifest and blobs by the digests in it. @returns the problem, or nothing */
async function pull({ registry, artifact: { repository, digest, mime_type: type } }: AdapterRequest): Promise<string> {
  const base = `${registry.url}/v2/${repository}`
  const headers = { authorization: registry.authorization }
  const manifest = await fetch(`${base}/manifests/${digest}`, { headers: { ...headers, accept: type } })
  if (manifest.status !== 200) return `pulling the manifest: ${manifest.status}`
  const { config, layers } = (await manifest.json()) as { config: { digest: string }; layers: { digest: string }[] }
  for (const blob of [config, ...layers]) {
    const answer = await fetch(`${base}/blobs/${blob.digest}`, { headers })
    if (answer.status !== 200) return `pulling ${blob.digest}: ${answer.status}`
    const hash = createHash('sha256')
      .update(await answer.bytes())
      .digest('hex')
    if (`sha256:${hash}` !== blob.digest) return `${blob.digest} came as ${hash}`
  }
  return ''
}
