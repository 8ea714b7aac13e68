import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { createServer, type Server } from 'node:net'
import { ScannerClient } from '#server/clients/scanner/scanner-client.ts'
import { ScannerFailure, type ScannerAddress } from '#server/clients/scanner/scanner-adapter.ts'
import { maxAdapterFindings } from './adapter-report.ts'
import { ReportThreads } from './report-threads.ts'

setDefaultTimeout(60_000)

const type = 'application/vnd.security.vulnerability.report; version=1.1'
const digest = `sha256:${'a'.repeat(64)}`
const expected = { digest, scanner: { name: 'Trivy', vendor: 'Aqua', version: '1' } }
const endless = new AbortController().signal

const owned: AsyncDisposableStack[] = []
afterEach(async () => {
  for (const each of owned.splice(0)) await each.disposeAsync()
})

function compose(
  handle: (request: Request) => Response | Promise<Response>,
  { allowLocal = true, timeoutMs = 500, reportTimeoutMs = 20_000, address = {} as Partial<ScannerAddress> } = {},
) {
  const asked: string[] = []
  const stack = new AsyncDisposableStack()
  owned.push(stack)
  const server = Bun.serve({
    ...{ port: 0, hostname: '127.0.0.1', idleTimeout: 0 },
    fetch: (request) => {
      asked.push(new URL(request.url).pathname)
      return handle(request)
    },
  })
  stack.defer(() => server.stop(true))
  const threads = stack.use(new ReportThreads())
  const client = new ScannerClient({
    address: { url: `http://127.0.0.1:${server.port}`, auth: '', credential: '', insecure: false, ...address },
    ...{ allowLocal, timeoutMs, reportTimeoutMs },
  })
  const read = async () => {
    const report = await client.report('1', type, endless)
    if (report.kind === 'pending') return report
    return await threads.read(report.body, expected, endless)
  }
  return { client, asked, read }
}

const failure = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ScannerFailure)) throw new Error(`no failure of a scanner: ${String(error)}`)
  return error.message
}

const vulnerability = (id: string, more: object = {}) => ({
  id,
  package: 'openssl',
  version: '1',
  severity: 'High',
  ...more,
})
const reportOf = (vulnerabilities: readonly object[], about = digest) => ({
  artifact: { digest: about },
  vulnerabilities,
})

test.each([301, 302, 307, 308])('a redirect (%d) is followed nowhere, and no credential goes along', async (status) => {
  const elsewhere = compose(() => Response.json({}))
  const target = 'http://169.254.169.254/latest/meta-data/'
  const lying = compose(() => new Response(null, { status, headers: { location: target, 'refresh-after': '1' } }), {
    address: { auth: 'Bearer', credential: 'secret' },
  })
  expect(await failure(lying.client.metadata())).toBe(`it answered ${status}, not 200`)
  if (status === 302) expect(await lying.read()).toEqual({ kind: 'pending', refreshAfterSeconds: 1 })
  else expect(await failure(lying.read())).toBe(`it answered ${status}, not 200`)
  expect(elsewhere.asked).toEqual([])
})

test.each(['http://169.254.169.254', 'http://127.0.0.1:1', 'http://[::1]:1', 'http://0x7f000001:1'])(
  'an address of the machine or of a metadata service is not called: %s',
  async (url) => {
    const { client } = compose(() => Response.json({}), { allowLocal: false, address: { url } })
    expect(await failure(client.metadata())).toContain('which is not called')
  },
)

test('an adapter that does not answer, or not to its end, is left after its time', async () => {
  const hangs = compose(() => new Promise<Response>(() => {}))
  expect(await failure(hangs.client.metadata())).toContain('cannot be reached')
  const trickle = async function* () {
    for (;;) {
      yield new TextEncoder().encode(' ')
      await Bun.sleep(20)
    }
  }
  const trickles = compose(() => new Response(trickle() as unknown as BodyInit), { reportTimeoutMs: 500 })
  expect(await failure(trickles.client.metadata())).toContain('cannot be reached')
  expect(await failure(trickles.read())).toContain('cannot be reached')
})

test('a report without an end is left where the budget ends, long before it fills the memory', async () => {
  const chunk = new Uint8Array(1024 * 1024).fill(32)
  let sent = 0
  const flood = async function* () {
    for (; sent < 10 * 1024; sent += 1) yield chunk
  }
  const { read, client } = compose(() => new Response(flood() as unknown as BodyInit))
  expect(await failure(read())).toContain('the report has more than')
  expect(sent).toBeLessThan(1024)
  sent = 0
  expect(await failure(client.metadata())).toContain('the answer has more than')
})

test.each([
  ['nested', () => `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'nested more than'],
  ['no JSON', () => '{"vulnerabilities":[', 'is not JSON'],
  ['with a key twice', () => '{"vulnerabilities":[],"vulnerabilities":[]}', 'same key twice'],
  ['about another image', () => JSON.stringify(reportOf([], `sha256:${'b'.repeat(64)}`)), 'not about sha256:aaaa'],
  ['with a vulnerability without a package', () => JSON.stringify(reportOf([{ id: 'CVE-1' }])), 'vulnerability 1 of'],
  ['with an id without an end', () => JSON.stringify(reportOf([vulnerability('C'.repeat(5_000))])), 'is invalid'],
  [
    'with more vulnerabilities than any image has',
    () =>
      JSON.stringify(reportOf(Array.from({ length: maxAdapterFindings + 1 }, (_, at) => vulnerability(`CVE-${at}`)))),
    'more than 100000',
  ],
] as [string, () => string, string][])('a report %s is refused whole', async (_, text, why) => {
  const { read } = compose(() => new Response(text()))
  expect(await failure(read())).toContain(why)
})

test('a report with 100,000 vulnerabilities is read to its end', async () => {
  const all = Array.from({ length: maxAdapterFindings }, (_, at) => vulnerability(`CVE-2026-${at}`))
  const { read } = compose(() => Response.json(reportOf(all)))
  const found = await read()
  expect('findings' in found && found.findings.length).toBe(maxAdapterFindings)
})

test('words that are not known are told as unknown, and what a browser would run is no link', async () => {
  const name = '<img src=x onerror=alert(1)>'
  const odd = vulnerability('CVE-1', {
    ...{ package: name, severity: 'Apocalyptic', status: 'who knows', fix_version: null },
    links: ['javascript:alert(1)', 'https://example.org/a', 'data:text/html,x'],
    preferred_cvss: { score_v3: 0, vector_v3: '' },
  })
  const { read } = compose(() => Response.json(reportOf([odd])))
  expect(await read()).toMatchObject({
    findings: [
      {
        ...{ package: { name, kind: 'generic' }, severity: 'Unknown', status: 'unknown', fixVersion: '' },
        detail: { references: ['https://example.org/a'], cvss: {} },
      },
    ],
  })
})

test('an id of a scan cannot lead to another path', async () => {
  const { client, asked } = compose(() => Response.json({ id: '../../admin?x=' }, { status: 202 }))
  const scan = {
    ...{ registryUrl: 'http://registry.example', authorization: 'Basic x', produces: [type], isNamed: true },
    artifact: { repository: 'a/b', tag: '', digest, mediaType: 'application/x', size: 1 },
  }
  const id = await client.submit(scan, endless)
  await failure(client.report(id, type, endless))
  expect(asked[1]).toBe('/api/v1/scan/..%2F..%2Fadmin%3Fx%3D/report')
})

test('half an answer is a failure, never half a report', async () => {
  const text = JSON.stringify(reportOf([vulnerability('CVE-1')]))
  const server: Server = createServer((socket) => {
    socket.on('data', () => {
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text.slice(0, 20)}`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const { read } = compose(() => Response.json({}), { address: { url: `http://127.0.0.1:${port}` } })
  expect(await failure(read())).not.toBe('')
  server.close()
})
